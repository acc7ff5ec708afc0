#include <criterion/criterion.h>

#include "basket.h"

static struct basket basket;

static void empty(void)
{
	basket_clear(&basket);
}

TestSuite(basket, .init = empty);

Test(basket, total_of_two)
{
	basket_add(&basket, 250);
	basket_add(&basket, 199);
	cr_assert_eq(basket_total(&basket), 449);
}

Test(basket, refuses_a_gift)
{
	cr_assert_eq(basket_add(&basket, 0), -1);
	cr_assert_eq(basket_total(&basket), 0);
}
