/* With the assertions of <criterion/new/assert.h>. C and C++. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/calltrace.h>

#include "subject.h"

Test(new_asserts, mix)
{
	retry_delay(1);
	cr_assert(eq(int, 1, 1));
	cr_assert_called(retry_delay);
	cr_assert(cr_expect_called_once(retry_delay));
	cr_expect(lt(int, (int) cr_call_count(retry_delay), 2));
	cr_expect(not(cr_call_count(never_called)));
}
