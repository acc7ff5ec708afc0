/* Assertions among threads, children, fixtures, theories, parameters. Every test passes, but those of `fails`. */
#include <criterion/calltrace.h>
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <criterion/theories.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int stop;
static int counter;

static int step(int number)
{
	return number + 1;
}

static int in_thread(int number)
{
	return __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED) + number;
}

static void set_up(void)
{
	step(100);
}

static void *call_on(void *unused)
{
	for (int i = 0; i < 30000 && !stop; i++) { /* about 20 chunks of each thread's */
		in_thread(step(1));
		if (i % 1000 == 0)
			sched_yield();
	}
	return unused;
}

/* The count must never be behind what had returned before, nor ahead of what was begun. */
Test(threads, others_go_on)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, call_on, NULL);
	while (!__atomic_load_n(&counter, __ATOMIC_RELAXED))
		sched_yield();
	for (int round = 0; round < 30; round++) {
		int before = __atomic_load_n(&counter, __ATOMIC_RELAXED);
		int seen = (int) cr_call_count(in_thread);

		cr_assert_geq(seen, before - 4, "saw %d of %d", seen, before);
		cr_assert_leq(seen, __atomic_load_n(&counter, __ATOMIC_RELAXED) + 4);
		cr_assert_called(cr_on_thread(step, CR_OTHER_THREADS));
		cr_assert_not_called(cr_on_thread(step, CR_TEST_THREAD));
	}
	stop = 1;
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	cr_assert_called_times(in_thread, counter);
	cr_assert_always_called_with(in_thread, 2);
	cr_assert_called_times(step, counter);
}

static void *assert_there(void *unused)
{
	for (int i = 0; i < 200; i++) {
		step(i);
		cr_expect_called(step);
		cr_expect_called(cr_call(step, i));
	}
	return unused;
}

Test(threads, several_assert)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, assert_there, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	cr_assert_called_times(step, 800);
}

static void *fail_there(void *unused)
{
	step(1);
	cr_assert_not_called(step);
	in_thread(2);
	return unused;
}

Test(fails, on_another_thread)
{
	pthread_t thread;

	pthread_create(&thread, NULL, fail_there, NULL);
	pthread_join(thread, NULL);
	cr_assert_called(in_thread, "the thread went on");
}

Test(fails, child)
{
	pid_t child;

	step(1);
	child = fork();
	if (child == 0) {
		cr_assert_called(step);
		_exit(0); /* is not reached: it is fatal there, too */
	} else {
		int status = 0;

		waitpid(child, &status, 0);
		cr_assert_eq(WEXITSTATUS(status), 0);
	}
}

static int depth_of_stack(int n)
{
	return n ? depth_of_stack(n - 1) + 1 : 0;
}

Test(many, chunks_and_assertions_in_turn)
{
	for (int round = 1; round <= 60; round++) {
		for (int i = 0; i < 500; i++)
			step(i);
		cr_assert_called_times(step, 500 * round);
		cr_assert_last_called_with(step, 499);
	}
	depth_of_stack(300);
	cr_assert_max_depth(depth_of_stack, 301);
	cr_assert_called_times(cr_within(depth_of_stack, cr_call(depth_of_stack, 100)), 100);
}

Test(errno_is, kept)
{
	step(1);
	errno = 77;
	cr_expect_called(step);
	cr_expect_called_times(step, 1);
	cr_expect_eq(errno, 77);
}

Test(children, may_not_assert)
{
	int status = 0;
	pid_t child;

	step(1);
	child = fork();
	if (child == 0) {
		step(2);
		_exit(cr_expect_called(step) ? 7 : 8);
	}
	waitpid(child, &status, 0);
	cr_assert_eq(WEXITSTATUS(status), 8);
	cr_assert_called_once(step);
}

Test(phases, fixtures_do_not_count, .init = set_up)
{
	cr_assert_not_called(step);
	step(1);
	cr_assert_called_once(step);
	cr_assert_called_once(cr_in_phase(step, CR_SETUP));
	cr_assert_called_times(cr_in_phase(step, CR_SETUP | CR_BODY), 2);
	cr_assert_called(cr_call(cr_in_phase(step, CR_SETUP), 100));
}

TheoryDataPoints(theories, each_iteration_alone) = {
	DataPoints(int, 1, 2, 3),
	DataPoints(int, 0, 1),
};

Theory((int times, int more), theories, each_iteration_alone)
{
	for (int i = 0; i < times + more; i++)
		step(i);
	cr_assert_called_times(step, times + more);
}

static int values[] = { 1, 2, 3 };

ParameterizedTestParameters(parameters, each_alone)
{
	return cr_make_param_array(int, values, 3);
}

ParameterizedTestParameters(fails, parameter_two)
{
	return cr_make_param_array(int, values, 3);
}

ParameterizedTest(int *times, parameters, each_alone)
{
	cr_will_call(step, *times);
	for (int i = 0; i < *times; i++)
		step(i);
}

ParameterizedTest(int *times, fails, parameter_two)
{
	for (int i = 0; i < *times; i++)
		step(i);
	cr_assert_called_times(step, *times == 2 ? 7 : *times);
}
