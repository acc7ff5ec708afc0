/* What is done to an assertion that nobody should do to it: edges.expected has what is said then. */
#include <calltrace/calltrace.h>
#include <criterion/criterion.h>
#include <criterion/calltrace.h>
#include <stdlib.h>
#include <unistd.h>

static int f(int x)
{
	return x;
}

static void early(void)
{
	f(1);
	cr_expect_not_called(f);
	cr_expect_called(cr_in_phase(f, CR_SETUP));
}

static void late(void)
{
	cr_expect_called(f);
}

Test(edges, in_init, .init = early)
{
	f(2);
	cr_assert_called_once(f);
}

Test(edges, in_fini, .fini = late)
{
	f(2);
	cr_assert_called_once(f);
}

Test(edges, trace_deleted)
{
	f(1);
	cr_assert_called(f);
	unlink(calltrace_path());
	f(2);
	cr_expect_called_times(f, 2);
}

Test(edges, another_recording)
{
	f(1);
	cr_assert_called(f);
	calltrace_cleanup();
	calltrace_init();
	f(2);
	f(3);
	cr_expect_called_times(f, 2);
}

Test(edges, paused)
{
	f(1);
	cr_assert_called_once(f);
	calltrace_pause();
	f(2);
	cr_expect_called_times(f, 1);
	calltrace_resume();
	f(3);
	cr_expect_called_times(f, 2);
}

Test(edges, another_home)
{
	setenv("HOME", "/nonexistent", 1);
	f(1);
	cr_assert_called_with(f, 1);
}

static bool asserts(const cr_call_value *value, void *data)
{
	(void) value, (void) data;
	return cr_expect_called(f);
}

Test(edges, assertion_in_a_predicate)
{
	f(1);
	cr_expect_called(cr_call(f, cr_satisfies(asserts, NULL)));
	cr_assert_called_once(f);
}

static bool jumps(const cr_call_value *value, void *data)
{
	(void) value, (void) data;
	cr_assert(0, "from a predicate");
	return true;
}

Test(edges, predicate_that_jumps)
{
	f(1);
	cr_expect_called(cr_call(f, cr_satisfies(jumps, NULL)));
}

Test(edges, words_that_are_kept)
{
	cr_call_pattern pattern = cr_call(f, 1);
	cr_call_times often = cr_at_least(1);

	f(1);
	for (int i = 0; i < 5000; i++) {
		cr_assert_called_times(pattern, often);
		cr_assert_called(cr_call(f, cr_any_of(1, 2, 3)));
	}
}

Test(edges, what_the_rest_is_called)
{
	f(1);
	cr_expect_called(cr_call(f));
	cr_expect_called(cr_call(f, cr_rest, 1));
}
