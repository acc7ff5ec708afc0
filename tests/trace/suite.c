#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <criterion/theories.h>

static int helper(int x)
{
	return x + 1;
}

static void setup(void)
{
	helper(0);
}

Test(suite, passes, .init = setup)
{
	helper(1);
}

Test(suite, fails)
{
	helper(1);
	cr_expect(0);
	helper(2);
	cr_assert(0);
}

ParameterizedTestParameters(suite, parameters)
{
	static int values[] = { 1, 2, 3 };

	return cr_make_param_array(int, values, 3);
}

ParameterizedTest(int *value, suite, parameters)
{
	cr_assert(*value != 2);
	helper(*value);
}

TheoryDataPoints(suite, theory) = { DataPoints(int, 1, 2, 3) };

Theory((int value), suite, theory)
{
	helper(value);
	cr_assert(value != 2);
}
