/* Calls in all shapes that compilers give them. Ends with 0 if it computed what it should. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shapes.h"

static int (*volatile pointer)(int) = other;
static int (*const table[])(int) = { other, abs };
static jmp_buf place;

/* Recursive, so that it is cloned rather than inlined. */
static int sum_to(int n, int step)
{
	return n <= 0 ? 0 : n + sum_to(n - step, step);
}

static __attribute__((noinline)) int scaled(const int *value, int by)
{
	return *value * by;
}

/* gcc splits off what follows the early return, when it inlines the beginning. */
static int guarded(char *text, size_t size)
{
	if (!text)
		return 0;
	for (size_t i = 0; i + 1 < size; i++)
		text[i] = (char) ('a' + i % 26);
	text[size - 1] = '\0';
	puts(text);
	return (int) strlen(text) + other((int) size);
}

__attribute__((cold)) static void complain(const char *what)
{
	fprintf(stderr, "wrong: %s\n", what);
	exit(3);
}

static void check(int condition, const char *what)
{
	if (!condition)
		complain(what);
}

__attribute__((noinline)) void last_call_of_nothing(int x)
{
	other(x);
	pointer(x);
}

__attribute__((noinline)) static int leave(int x)
{
	if (x > 1)
		longjmp(place, x);
	return x;
}

__attribute__((no_instrument_function, noinline)) static int not_traced(int x)
{
	return twice(x) + other(x);
}

static int choose(int x)
{
	switch (x) {
	case 0: return other(0);
	case 1: return twice(1) + twice(2);
	case 2: return sum_to(4, 2);
	case 3: return scaled(&x, 3);
	case 4: return abs(-4);
	default: return -1;
	}
}

static int compare(const void *a, const void *b)
{
	return *(const int *) a - *(const int *) b;
}

int public_name(int x)
{
	return x + 1;
}
int alias_name(int x) __attribute__((alias("public_name")));

int main(int argc, char **argv)
{
	int numbers[] = { 3, 1, 2 }, total = 0;
	char text[9];

	for (int i = 0; i < 6; i++)
		total += choose(i);
	check(total == 1 + 6 + 6 + 9 + 4 - 1, "choose");
	qsort(numbers, 3, sizeof *numbers, compare);
	check(numbers[0] == 1, "qsort");
	check(sum_to(5, 1) == 15, "sum_to");
	check(guarded(argc > 100 ? *argv : NULL, 1) == 0 && guarded(text, sizeof text) == 27, "guarded");
	check(pointer(2) == 5 && table[argc > 100](3) == 7, "pointer");
	if (setjmp(place) == 0)
		leave(argc + 1);
	last_call_of_nothing(1);
	check(not_traced(2) == 9, "not_traced");
	check(public_name(1) == 2 && alias_name(2) == 3, "alias");
	return 0;
}
