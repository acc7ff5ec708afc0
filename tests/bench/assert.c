/* What an assertion costs behind a million calls: the first one, the next one, one that tests half of them by their caller,
 * the same again, a list, the same again, one about few new calls. Prints microseconds of CPU time on standard error. */
#include <criterion/criterion.h>
#ifdef ASSERTIONS
# include <criterion/calltrace.h>
#endif
#include <stdio.h>
#include <time.h>

static int leaf(int x)
{
	return x + 1;
}

static int other(int x)
{
	return x - 1;
}

static int work(void)
{
	volatile int sum = 0;

	for (int i = 0; i < 500000; i++)
		sum += leaf(other(i));
	return sum;
}

#ifdef ASSERTIONS
__attribute__((no_instrument_function)) static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}
#endif

#define TIMED(assertion)                                \
	do {                                            \
		long since = now();                     \
		assertion;                              \
		fprintf(stderr, "%ld ", now() - since); \
	} while (0)

Test(assertions, behind_a_million_calls)
{
	volatile int sum = work();
#ifdef ASSERTIONS
	TIMED(cr_assert_called("leaf"));
	TIMED(cr_assert_called_times("other", 500000));
	TIMED(cr_assert_called_times(cr_from("leaf", "work"), 500000));
	TIMED(cr_assert_called_times(cr_from("leaf", "work"), 500000));
	TIMED(cr_assert_call_order("other", "leaf", "other"));
	TIMED(cr_assert_call_order("other", "leaf", "other"));
	for (int i = 0; i < 100; i++)
		sum += leaf(i);
	TIMED(cr_assert_called_times("leaf", 500100));
	fprintf(stderr, "\n");
#endif
}
