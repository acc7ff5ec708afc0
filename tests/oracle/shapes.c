/*
 * Many shapes of calls, deterministic, without optimisation one call instruction for each call below.
 * The rest of the program is other.c: it has static functions of the same names.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "other.h"

/* --- recursion: direct, mutual, deep --- */

static int fib(int n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static int ackermann(int m, int n)
{
	if (m == 0)
		return n + 1;
	if (n == 0)
		return ackermann(m - 1, 1);
	return ackermann(m - 1, ackermann(m, n - 1));
}

static int is_odd(int n);

static int is_even(int n)
{
	return n == 0 ? 1 : is_odd(n - 1);
}

static int is_odd(int n)
{
	return n == 0 ? 0 : is_even(n - 1);
}

static int depth(int n)
{
	return n ? depth(n - 1) + 1 : 0;
}

/* --- pointers: a table, an argument, a returned function --- */

static int add(int a, int b) { return a + b; }
static int subtract(int a, int b) { return a - b; }
static int multiply(int a, int b) { return a * b; }

typedef int operation(int, int);

static operation *choose(char c)
{
	switch (c) {
	case '+': return add;
	case '-': return subtract;
	default: return multiply;
	}
}

static int apply(operation *what, int a, int b)
{
	return what(a, b);
}

static int table(void)
{
	static operation *const all[] = { add, subtract, multiply, add };
	int sum = 0;

	for (int i = 0; i < 10; i++)
		sum += all[i % 4](i, i + 1);
	return sum;
}

static int pointers(void)
{
	return apply(add, 1, 2) + apply(choose('-'), 5, 3) + choose('*')(4, 5) + table();
}

/* --- through code that is not ours: qsort, bsearch, atexit, signals --- */

static int by_value(const void *a, const void *b)
{
	int x = *(const int *) a, y = *(const int *) b;

	return add(x > y, -(x < y));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static int sort(void)
{
	int numbers[] = { 5, 3, 9, 1, 1, 8, 2, 7 }, key = 8;
	const char *names[] = { "d", "a", "c", "b" };

	qsort(numbers, 8, sizeof *numbers, by_value);
	qsort(names, 4, sizeof *names, by_name);
	return bsearch(&key, numbers, 8, sizeof *numbers, by_value) != NULL;
}

static int rang;

static void on_signal(int number)
{
	rang = add(rang, number);
}

static void signals(void)
{
	signal(SIGUSR1, on_signal);
	raise(SIGUSR1);
	raise(SIGUSR1);
}

static void last_words(void)
{
	printf("%d\n", add(rang, 0));
}

/* --- variable arguments, structures, nothing at all --- */

static int sum_of(int n, ...)
{
	va_list list;
	int sum = 0;

	va_start(list, n);
	while (n-- > 0)
		sum = add(sum, va_arg(list, int));
	va_end(list);
	return sum;
}

struct large { long words[12]; };

static struct large make_large(long seed)
{
	struct large value = { { seed } };

	return value;
}

static long take_large(struct large value, double scale)
{
	return (long) ((double) value.words[0] * scale);
}

static void nothing(void) {}

static void never_called(void)
{
	nothing();
}

/* --- leaving by longjmp --- */

static jmp_buf here;

static void leave(int n)
{
	if (n == 0)
		longjmp(here, 1);
	leave(n - 1);
}

static int jumps(void)
{
	static volatile int count;

	count = 0;
	if (setjmp(here))
		count++;
	if (count < 3)
		leave(count);
	return add(count, 0);
}

/* --- the same name in another file; two calls in one line --- */

static int helper(int n)
{
	return n + 1;
}

static int both(void)
{
	return helper(1) + other(2) + helper(helper(3));
}

__attribute__((constructor)) static void before_main(void)
{
	nothing();
}

__attribute__((destructor)) static void after_main(void)
{
	nothing();
}

int main(int argc, char **argv)
{
	int total = 0;

	atexit(last_words);
	total += fib(12) + ackermann(2, 3) + is_even(10) + depth(150);
	total += pointers() + sort() + sum_of(4, 1, 2, 3, 4) + jumps() + both();
	total += (int) take_large(make_large(3), 1.5);
	signals();
	for (int i = 0; i < 3; i++)
		nothing();
	if (argc > 5)
		never_called();
	printf("%d %s\n", total, argc > 5 ? argv[1] : "");
	exit(0);
}
