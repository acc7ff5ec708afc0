/* Outcomes by the assertions of criterion/new/assert.h, which hide the old ones. Expected: test_outcomes.py. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

int twice(int number);

Test(new_asserts, pass)
{
	cr_assert(all(eq(int, twice(1), 2), not(eq(str, "one", "two"))));
}

Test(new_asserts, fail)
{
	cr_assert(eq(int, twice(1), 3), "twice one is %d", twice(1));
	twice(2);
}

Test(new_asserts, fail_and_go_on)
{
	cr_expect(eq(int, twice(1), 3));
	cr_expect(any(eq(int, twice(1), 3), eq(str, "one", "two")), "neither");
	twice(2);
}

Test(new_asserts, fatal)
{
	twice(1);
	cr_fatal("fatally");
}

Test(new_asserts, explicit_failure)
{
	cr_fail("%d", twice(1));
	twice(2);
}
