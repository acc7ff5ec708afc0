/* excluded_test.c - a suite with a helper that is left out, for test_exclude.py. */
#include <criterion/criterion.h>

static volatile int sum;

static void leaf(int n)
{
	sum += n;
}

static void helper(int n)
{
	leaf(n);
}

Test(excluded, one)
{
	for (int i = 0; i < 5; i++)
		helper(i);
	cr_assert(sum == 10);
}

Test(excluded, two)
{
	for (int i = 0; i < 5; i++)
		helper(i);
	leaf(1);
	cr_assert(sum == 11);
}
