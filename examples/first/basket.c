#include "basket.h"

static int is_valid(int price)
{
	return price > 0 && price < 1000000;
}

static int sum(const struct basket *basket)
{
	int total = 0;

	for (size_t i = 0; i < basket->count; i++)
		total += basket->prices[i];
	return total;
}

static int discount(int total)
{
	return total - total / 10;
}

void basket_clear(struct basket *basket)
{
	basket->count = 0;
}

int basket_add(struct basket *basket, int price)
{
	if (!is_valid(price) || basket->count == 32)
		return -1;
	basket->prices[basket->count++] = price;
	return 0;
}

int basket_total(const struct basket *basket)
{
	int total = sum(basket);

	if (basket->count >= 10)
		total = discount(total);
	return total;
}
