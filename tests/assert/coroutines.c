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

/* A call that was left has not returned, and ends where it goes on. */
Test(coroutines, returned)
{
	begin();
	resume();
	cr_assert_not_called(cr_returning(produce, cr_any));
	cr_assert_called_once("produce");
	for (int i = 1; i < 4; i++) {
		resume();
		cr_assert_called_times(cr_returning(produce, cr_any), i);
	}
	cr_assert_returned(produce, 200);
	cr_assert_nth_returned(produce, 1, 200);
	cr_assert_nth_returned(produce, 3, 4 + 204);
	cr_assert_always_returned(produce, cr_ge(200));
	cr_assert_returned(cr_call(produce, 1), 2 + 202);
	cr_assert_finished_before(cr_nth(produce, 1), cr_nth(produce, 2));
	cr_assert_finished_before(cr_nth(resume, 1), cr_nth(item, 2));
	cr_assert_not(cr_expect_finished_before(cr_nth(produce, 1), cr_nth(item, 2), "it goes on there"));
}

static ucontext_t inner;
static char stacks[2][1 << 16];

/* Calls itself, and is left where it is deepest: all of them go on. */
__attribute__((noinline)) static int descend(int depth)
{
	int below = depth ? descend(depth - 1) : 0;

	if (!depth)
		swapcontext(&inside, &test);
	return below + depth;
}

__attribute__((noinline)) static void descend_all(void)
{
	descend(3);
}

/* Two of them, by turns: each ends by itself. */
Test(coroutines, recursion)
{
	for (int i = 0; i < 2; i++) {
		begin();
		inside.uc_stack.ss_sp = stacks[i];
		makecontext(&inside, descend_all, 0);
		resume();
		if (i == 0)
			inner = inside;
	}
	resume();
	cr_assert_called_times(cr_returning(descend, cr_any), 4);
	inside = inner;
	resume();
	cr_assert_called_times(descend, 8);
	for (int depth = 0, sum = 0; depth <= 3; depth++, sum += depth)
		cr_assert_called_times(cr_returning(cr_call(descend, depth), sum), 2);
}
