/* A test of each kind that Criterion has; also compiled as C++. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <criterion/theories.h>

static int add(int a, int b)
{
	return a + b;
}

static void set_up(void)
{
}

struct sum {
	int a, b, sum;
};

Test(math, adds, .init = set_up)
{
	cr_assert(add(1, 2) == 3);
}

ParameterizedTestParameters(math, adds_all)
{
	static struct sum sums[2] = { { 1, 2, 3 }, { 2, 2, 4 } };

	return cr_make_param_array(struct sum, sums, 2);
}

ParameterizedTest(struct sum *sum, math, adds_all)
{
	cr_assert(add(sum->a, sum->b) == sum->sum);
}

TheoryDataPoints(math, commutes) = {
	DataPoints(int, 1, 2),
	DataPoints(int, 3, 4),
};

Theory((int a, int b), math, commutes)
{
	cr_assert(add(a, b) == add(b, a));
}
