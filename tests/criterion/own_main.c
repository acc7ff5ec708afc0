/* A main of one's own, instrumented, that calls the code under test before, between and after. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>

int code(int number)
{
	return number + 1;
}

static int (*volatile call)(int) = code;

__attribute__((constructor)) static void constructed(void)
{
	call(0);
}

__attribute__((destructor)) static void destructed(void)
{
	call(0);
}

static void at_exit(void)
{
	call(0);
}

Test(main, plain)
{
	atexit(at_exit);
	cr_assert_eq(call(1), 2);
}

ParameterizedTestParameters(main, parameters)
{
	int *values = cr_malloc(3 * sizeof *values);

	for (int i = 0; i < 3; i++)
		values[i] = call(i);
	return cr_make_param_array(int, values, 3, cr_free);
}

ParameterizedTest(int *value, main, parameters)
{
	cr_assert_leq(call(*value), 3);
}

int main(int argc, char **argv)
{
	struct criterion_test_set *tests;
	int result = 0;

	call(10);
	tests = criterion_initialize();
	call(11);
	if (criterion_handle_args(argc, argv, true))
		result = !criterion_run_all_tests(tests);
	call(12);
	printf("result %d\n", result);
	criterion_finalize(tests);
	call(13);
	return result;
}
