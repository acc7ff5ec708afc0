/* A coroutine that switches in the middle of its calls: they count once, and what they call is theirs. */
#include <criterion/calltrace.h>
#include <criterion/criterion.h>
#include <ucontext.h>

static ucontext_t test, inside;
static char stack[1 << 16];

__attribute__((noinline)) static int item(int number)
{
	return number * 2;
}

__attribute__((noinline)) static int produce(int number)
{
	int sum = item(number);

	swapcontext(&inside, &test);
	return sum + item(number + 100);
}

__attribute__((noinline)) static void coroutine(void)
{
	for (int i = 0; i < 3; i++)
		produce(i);
}

__attribute__((noinline)) static void resume(void)
{
	swapcontext(&test, &inside);
}

static void begin(void)
{
	getcontext(&inside);
	inside.uc_stack.ss_sp = stack;
	inside.uc_stack.ss_size = sizeof stack;
	inside.uc_link = &test;
	makecontext(&inside, coroutine, 0);
}

Test(coroutines, each_call_once)
{
	begin();
	for (int i = 0; i < 3; i++) {
		resume();
		cr_assert_called_times(produce, i + 1);
		cr_assert_called_times(item, 2 * i + 1);
	}
	resume();
	cr_assert_called_once(coroutine);
	cr_assert_called_times(item, 6);
	cr_assert_called_times(cr_from(item, produce), 6);
	cr_assert_called_times(cr_within(item, coroutine), 6);
	cr_assert_called_once(cr_call(item, 102));
	cr_assert_call_sequence(resume, coroutine, produce, item, resume, item, produce, item, resume, item, produce, item, resume, item);
}

/* Where a call that was left ends is not looked for: neither a false yes nor a false no. */
Test(coroutines, returned)
{
	begin();
	for (int i = 0; i < 4; i++)
		resume();
	cr_assert_returned(produce, 100);
}
