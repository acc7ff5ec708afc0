/* suite.c - Criterion tests that end by signals, wanted and not wanted. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static int waited_for;

__attribute__((noinline)) static int look_into(const int *numbers, int at)
{
	return numbers[at];
}

static void *wait_for(void *what)
{
	waited_for += *(int *) what;
	for (;;)
		pause();
	return NULL;
}

Test(deaths, crashes)
{
	cr_assert(look_into(NULL, 3) == 0);
}

Test(deaths, crashes_as_expected, .signal = SIGSEGV)
{
	look_into(NULL, 4);
}

Test(deaths, crashes_otherwise_than_expected, .signal = SIGSEGV)
{
	abort();
}

/* Long enough to have begun on a busy machine: Criterion's runner may hang where a worker has not. */
Test(deaths, hangs, .timeout = 2)
{
	pthread_t thread;
	int what = 7;

	pthread_create(&thread, NULL, wait_for, &what);
	pthread_join(thread, NULL);
}

Test(deaths, passes)
{
	int numbers[2] = { 1, 2 };

	cr_assert(look_into(numbers, 1) == 2);
}
