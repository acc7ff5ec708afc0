#include "calc.h"

#include <stdio.h>
#include <stdlib.h>

static int expression(const char **at);

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int number(const char **at)
{
	int n = 0;

	while (is_digit(**at))
		n = n * 10 + *(*at)++ - '0';
	return n;
}

static int add(int a, int b)
{
	return a + b;
}

static int subtract(int a, int b)
{
	return a - b;
}

static int multiply(int a, int b)
{
	return a * b;
}

static int division_error(void)
{
	fprintf(stderr, "division by zero\n");
	return 0;
}

static int divide(int a, int b)
{
	return b ? a / b : division_error();
}

static int (*const operations[])(int, int) = {
	['+'] = add, ['-'] = subtract, ['*'] = multiply, ['/'] = divide
};

static int factor(const char **at)
{
	int value;

	if (**at != '(')
		return number(at);
	++*at;
	value = expression(at);
	++*at;
	return value;
}

static int term(const char **at)
{
	int value = factor(at);

	while (**at == '*' || **at == '/') {
		char operator = *(*at)++;

		value = operations[(int) operator](value, factor(at));
	}
	return value;
}

static int expression(const char **at)
{
	int value = term(at);

	while (**at == '+' || **at == '-') {
		char operator = *(*at)++;

		value = operations[(int) operator](value, term(at));
	}
	return value;
}

int evaluate(const char *text)
{
	return clamp(expression(&text), -1000, 1000);
}
