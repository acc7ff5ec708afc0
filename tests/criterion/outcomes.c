/* Every way in which a Criterion test ends, in C. Expected: test_outcomes.py. */
#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <criterion/parameterized.h>
#include <criterion/redirect.h>
#include <criterion/theories.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int twice(int number)
{
	return 2 * number;
}

static int four_times(int number)
{
	return twice(twice(number));
}

/* Whether it is called from -O2 too: a volatile function pointer keeps the calls. */
static int (*volatile call)(int) = four_times;

static void init(void)
{
	call(1);
}

static void fini(void)
{
	call(2);
}

/* --- returning --- */

Test(returning, plain)
{
	cr_assert_eq(call(1), 4);
}

Test(returning, nothing_called)
{
}

Test(returning, fixtures, .init = init, .fini = fini)
{
	cr_assert_eq(call(3), 12);
}

TestSuite(suite_fixtures, .init = init, .fini = fini);

Test(suite_fixtures, inherited)
{
	cr_assert_eq(call(3), 12);
}

Test(suite_fixtures, both, .init = init, .fini = fini, .description = "of the suite and of the test")
{
	cr_assert_eq(call(3), 12);
}

Test(returning, disabled, .disabled = true)
{
	cr_assert_fail("never run");
}

/* --- failing --- */

Test(failing, assertion)
{
	cr_assert_eq(call(1), 5, "four times one is %d", call(1));
	call(2);
}

Test(failing, in_depth)
{
	cr_expect_eq(call(1), 4);
	if (call(0) == 0)
		cr_assert_fail("from here");
}

Test(failing, expectation)
{
	cr_expect_eq(call(1), 5);
	cr_expect_eq(call(2), 5);
	call(3);
}

Test(failing, fini_still_runs, .init = init, .fini = fini)
{
	cr_assert_fail();
}

static void asserting(void)
{
	call(1);
	cr_assert_fail("in a fixture");
}

Test(failing, in_init, .init = asserting, .fini = fini)
{
	call(2);
}

Test(failing, in_fini, .init = init, .fini = asserting)
{
	call(2);
}

/* --- leaving --- */

static void skipping(void)
{
	call(1);
	cr_skip_test("in a fixture");
}

Test(leaving, skip)
{
	call(1);
	cr_skip_test("not %s, %d", "here", 17);
}

Test(leaving, skip_in_init, .init = skipping, .fini = fini)
{
	call(2);
}

Test(leaving, skip_in_fini, .init = init, .fini = skipping)
{
	call(2);
}

Test(leaving, exits)
{
	exit(call(1));
}

Test(leaving, exits_as_expected, .exit_code = 4)
{
	exit(call(1));
}

Test(leaving, exits_otherwise_than_expected, .exit_code = 3)
{
	exit(call(1));
}

Test(leaving, returns_instead_of_exiting, .exit_code = 3)
{
	call(1);
}

Test(leaving, quick_exit)
{
	call(1);
	_exit(0);
}

Test(leaving, quick_exit_as_expected, .exit_code = 4)
{
	_exit(call(1));
}

static void exiting(void)
{
	exit(call(1));
}

Test(leaving, exit_in_init, .init = exiting)
{
	call(2);
}

Test(leaving, exit_in_fini, .fini = exiting)
{
	call(2);
}

/* --- signals --- */

static int *volatile nowhere;

Test(signals, aborts)
{
	call(1);
	abort();
}

Test(signals, segfault)
{
	call(1);
	*nowhere = call(2);
}

Test(signals, segfault_as_expected, .signal = SIGSEGV)
{
	call(1);
	*nowhere = call(2);
}

Test(signals, none_though_expected, .signal = SIGSEGV)
{
	call(1);
}

Test(signals, another_than_expected, .signal = SIGSEGV)
{
	call(1);
	raise(SIGUSR1);
}

static void crashing(void)
{
	call(1);
	*nowhere = 1;
}

Test(signals, in_init, .init = crashing)
{
	call(2);
}

Test(signals, in_fini, .fini = crashing)
{
	call(2);
}

Test(signals, killed)
{
	call(1);
	kill(getpid(), SIGKILL);
}

Test(signals, timeout, .timeout = 0.2)
{
	call(1);
	for (;;)
		pause();
}

static sigjmp_buf back;
static volatile int handled;

static void jump(int number)
{
	call(number);
	siglongjmp(back, 1);
}

static void note(int number)
{
	handled = number;
	call(number);
}

Test(signals, own_handlers)
{
	struct sigaction jumping = { .sa_handler = jump }, noting = { .sa_handler = note };

	sigaction(SIGSEGV, &jumping, NULL);
	sigaction(SIGUSR1, &noting, NULL);
	raise(SIGUSR1);
	cr_assert_eq(handled, SIGUSR1);
	if (sigsetjmp(back, 1) == 0)
		*nowhere = 1;
	else
		call(3);
	cr_assert_eq(call(1), 4);
}

/* --- several runs of one body --- */

ParameterizedTestParameters(several, parameters)
{
	static int values[] = { 5, 7, 5, 7 };

	call(1); /* in the runner */
	return cr_make_param_array(int, values, 4);
}

ParameterizedTest(int *value, several, parameters)
{
	for (int i = 0; i < *value; i++)
		twice(i);
	cr_assert_eq(*value, 5);
}

TheoryDataPoints(several, theory) = {
	DataPoints(int, 1, 2, 3),
	DataPoints(int, 10, 20),
};

Theory((int a, int b), several, theory)
{
	cr_assert_eq(twice(a + b), twice(a) + twice(b));
}

TheoryDataPoints(several, failing_theory) = {
	DataPoints(int, 1, 2, 3),
	DataPoints(int, 10, 20),
};

Theory((int a, int b), several, failing_theory)
{
	cr_assume_neq(twice(a), 2);
	cr_assert_neq(twice(b), 40);
	twice(5);
}

TheoryDataPoints(several, quiet_theory) = {
	DataPoints(int, 1, 2, 3),
};

Theory((int a), several, quiet_theory)
{
	cr_assume_eq(twice(a), 2);
}

/* --- processes and threads --- */

static void wait_for(pid_t child)
{
	int status = -1;

	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
}

Test(processes, child_quick_exits)
{
	pid_t child = fork();

	if (child == 0) {
		twice(8);
		_exit(0);
	}
	wait_for(child);
	call(1);
}

Test(processes, child_exits)
{
	pid_t child = fork();

	if (child == 0) {
		call(8);
		exit(0);
	}
	wait_for(child);
	call(1);
}

Test(processes, system)
{
	cr_assert_eq(system("exit 0"), 0);
	call(1);
}

static void *expecting(void *unused)
{
	(void) unused;
	for (int i = 0; i < 5; i++)
		cr_expect_eq(call(1), 4);
	return NULL;
}

Test(processes, threads)
{
	pthread_t threads[8];

	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, expecting, NULL);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	call(1);
}

/* --- what Criterion prints and redirects --- */

Test(output, prints)
{
	printf("on standard output: %d\n", call(1));
	fprintf(stderr, "on standard error: %d\n", call(2));
	cr_log_info("in the log: %d", call(3));
	cr_log_warn("a warning: %d", call(4));
}

static void redirect(void)
{
	cr_redirect_stdout();
	cr_redirect_stderr();
}

Test(output, redirects, .init = redirect)
{
	printf("%d", call(1));
	fflush(stdout);
	fprintf(stderr, "e%d", call(2));
	cr_assert_stdout_eq_str("4");
	cr_assert_stderr_eq_str("e8");
}

Test(output, fails_and_says_why)
{
	cr_expect_str_eq("one", "two", "%s is not %s: %d", "one", "two", call(1));
}
