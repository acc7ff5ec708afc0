/* What calls returned, and values to compute with. */
#include <criterion/criterion.h>
#include <criterion/calltrace.h>

int try_once(int attempt)
{
	return attempt < 3 ? -1 : attempt * 100;
}

int try_all(void)
{
	int result = -1;

	for (int i = 1; result < 0; i++)
		result = try_once(i);
	return result;
}

Test(returned, at_the_third_attempt)
{
	try_all();
	cr_assert_returned(try_all, 300);
	cr_assert_nth_returned(try_once, 1, -1);
	cr_assert_last_returned(try_once, cr_gt(0));
	cr_assert_called_times(cr_returning(try_once, -1), 2);
	cr_assert_eq(cr_arg_i64(cr_nth_call(try_once, -1), "attempt"), cr_call_count(try_once));
}

Test(returned, fails)
{
	try_all();
	cr_assert_always_returned(try_once, -1);
}
