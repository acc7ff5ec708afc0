#ifndef BASKET_H
#define BASKET_H

#include <stddef.h>

/* A shopping basket: prices in cents, and a discount from ten items on. */
struct basket {
	int prices[32];
	size_t count;
};

void basket_clear(struct basket *basket);
int basket_add(struct basket *basket, int price);
int basket_total(const struct basket *basket);

#endif
