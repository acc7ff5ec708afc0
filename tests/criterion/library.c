/* Tests that live in a shared library, with code under test in another: -DCODE builds that one. */
#ifdef CODE

int code(int number)
{
	return number + 1;
}

#else

#include <criterion/criterion.h>

int code(int number);

static void init(void)
{
	code(0);
}

Test(library, passes, .init = init)
{
	cr_assert_eq(code(1), 2);
}

Test(library, fails)
{
	cr_assert_eq(code(1), 3);
}

#endif
