/* Behind a limit of the trace's size, far too small for the calls that are made. */
#include <criterion/criterion.h>
#include <criterion/calltrace.h>

static int f(int x)
{
	return x;
}

static int g(int x)
{
	return x;
}

/* What was read before it was written over is not missing. */
Test(limits, read_in_time)
{
	for (int round = 1; round <= 40; round++) {
		for (int i = 0; i < 5000; i++)
			f(i);
		cr_assert_called_times(f, 5000 * round);
	}
}

Test(limits, read_too_late)
{
	for (int i = 0; i < 200000; i++)
		f(i);
	cr_expect_not_called(g);
	if (f(1) > 5)
		g(1);
}
