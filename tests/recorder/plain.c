/* A program that calls five() five times, says so, and ends with its argument's status. */
#include <stdio.h>
#include <stdlib.h>

static int five(int number)
{
	return number * number;
}

static int (*volatile call)(int) = five;

static int nest(int depth)
{
	return depth ? 1 + nest(depth - 1) : 0;
}

int main(int argc, char **argv)
{
	int sum = 0;

	for (int i = 0; i < 5; i++)
		sum += call(i);
	printf("sum %d, depth %d\n", sum, nest(6));
	return argc > 1 ? atoi(argv[1]) : 0;
}
