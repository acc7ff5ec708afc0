/* What is said of optimised code: values that nobody kept, a callee that was inlined, a caller that jumped. */
#include <criterion/criterion.h>
#include <criterion/calltrace.h>

#define KEEP __attribute__((noinline, noclone))

static volatile int sink;

/* The second parameter is in a register that the hook's own arguments are in, and then nowhere. */
KEEP static void first_only(int first, int second)
{
	(void) second;
	sink = first;
}

static inline __attribute__((always_inline)) int twice(int n)
{
	sink = n;
	return 2 * n;
}

KEEP static int target(int n)
{
	sink = n;
	return n + 1;
}

/* Not instrumented, and left by a jump: the call's address is its caller's. */
KEEP __attribute__((no_instrument_function)) static int hop(int n)
{
	return target(n);
}

KEEP static int outer(int n)
{
	int result = hop(n);

	sink = result;
	return twice(result);
}

KEEP static void leaf(const char *text)
{
	sink = text[0];
}

KEEP static int act(int n)
{
	first_only(n, n + 1);
	leaf("text");
	return outer(n) + 1;
}

Test(optimised, all)
{
	act(3);
	cr_expect_called_with(first_only, 3, 5);
	cr_expect_not_called(cr_call(first_only, 3, 5));
	cr_expect_called_with(first_only, 4, cr_any);
	cr_expect_returned(twice, 9);
	cr_expect_called_with("twice", 5);
	cr_expect_called_from("twice", target);
	cr_expect_called_from(target, act);
	cr_expect_returned(target, 5);
	cr_expect_called_with(leaf, "texts");
	cr_expect_only_called(act, outer, "first_only", leaf);
	cr_expect_call_order(target, leaf);
}
