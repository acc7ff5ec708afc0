#include "calc.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	return *(const int *) a - *(const int *) b;
}

void sort_results(int *values, int count)
{
	qsort(values, (size_t) count, sizeof *values, compare);
}

int apply_all(int (*change)(int), int *values, int count)
{
	int sum = 0;

	for (int i = 0; i < count; i++)
		sum += clamp(change(values[i]), 0, 10);
	return sum;
}

int even(unsigned n)
{
	return n == 0 || odd(n - 1);
}

int odd(unsigned n)
{
	return n != 0 && even(n - 1);
}

int never(int n)
{
	return n > 0 ? never(n - 1) + even((unsigned) n) : clamp(n, 0, 1);
}
