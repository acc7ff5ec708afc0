/* A few tests, of which one fails; with -DSLOW, another that never ends. */
#include <criterion/criterion.h>
#include <unistd.h>

static int add(int a, int b)
{
	return a + b;
}

static int (*volatile call)(int, int) = add;

Test(small, passes)
{
	cr_assert_eq(call(1, 2), 3);
}

Test(small, fails)
{
	usleep(100000); /* so that those that started with it are under way */
	cr_assert_eq(call(1, 2), 4);
}

Test(other, passes)
{
	cr_assert_eq(call(2, 2), 4);
	cr_assert_eq(call(3, 2), 5);
}

#ifdef SLOW
Test(other, never_ends)
{
	call(1, 2);
	for (;;)
		pause();
}
#endif
