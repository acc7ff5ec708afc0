/* deep.c - deep recursion, with calls on the way down and up, and arguments that take much room. */
#include <stdlib.h>
#include <string.h>

static volatile int sum;

static void sink(int n)
{
	sum += n;
}

static void wide(const char *text, const int *numbers)
{
	sink(text[0] + numbers[0]);
}

static void down(int n)
{
	static int numbers[400];
	static char text[1500];

	memset(text, 'a' + n % 26, sizeof text - 1);
	numbers[0] = n;
	wide(text, numbers);
	if (n > 0)
		down(n - 1);
	sink(n);
}

int main(int argc, char **argv)
{
	(void) argc;
	down(strtol(argv[1], NULL, 10));
	return 0;
}
