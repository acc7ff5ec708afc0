/* A second file, with static functions of the same names as in the first; also the shared library of user.c. */
#include "other.h"

static int helper(int n)
{
	return n * 2;
}

static int unused_there(int n)
{
	return helper(n);
}

int other(int n)
{
	return helper(n) + helper(n + 1) + (n > 100 ? unused_there(n) : 0);
}

int visit(int (*each)(int), int n)
{
	int sum = 0;

	for (int i = 0; i < n; i++)
		sum += each(i) + helper(i);
	return sum;
}
