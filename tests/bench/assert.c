/* What an assertion costs behind a million calls: the first one, the next one, one about few new calls, one that reads
 * values. Prints microseconds of CPU time on standard error. */
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

#ifdef ASSERTIONS
__attribute__((no_instrument_function)) static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}
#endif

Test(assertions, behind_a_million_calls)
{
	volatile int sum = 0;

	for (int i = 0; i < 500000; i++)
		sum += leaf(other(i));
#ifdef ASSERTIONS
	long times[5];

	times[0] = now();
	cr_assert_called("leaf");
	times[1] = now();
	cr_assert_called_times("other", 500000);
	times[2] = now();
	for (int i = 0; i < 100; i++)
		sum += leaf(i);
	times[3] = now();
	cr_assert_called_times("leaf", 500100);
	times[4] = now();
	fprintf(stderr, "%ld %ld %ld\n", times[1] - times[0], times[2] - times[1], times[4] - times[3]);
#endif
}
