#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "calc.h"

static int twice(int n)
{
	return clamp(2 * n, 0, 7);
}

Test(calc, adds)
{
	cr_assert_eq(evaluate("1+2+3"), 6);
}

Test(calc, multiplies)
{
	cr_assert_eq(evaluate("2*(3+1)"), 8);
}

Test(order, sorts)
{
	int values[] = { 3, 1, 2 };

	sort_results(values, 3);
	cr_assert_eq(values[0], 1);
}

Test(order, applies)
{
	int values[] = { 1, 2, 30 };

	cr_assert_eq(apply_all(twice, values, 3), 13);
}

Test(order, recursion)
{
	cr_assert(even(10));
}

Test(calc, fails)
{
	cr_assert_eq(evaluate("5-2"), 4);
	evaluate("1");
}

struct row {
	char text[16];
	int result;
};

ParameterizedTestParameters(calc, table)
{
	static struct row rows[] = { { "1", 1 }, { "(2)", 2 }, { "4*5", 20 } };

	return cr_make_param_array(struct row, rows, 3);
}

ParameterizedTest(struct row *row, calc, table)
{
	cr_assert_eq(evaluate(row->text), row->result);
}
