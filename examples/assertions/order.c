/* In what order. Other calls may come in between. */
#include <criterion/criterion.h>
#include <criterion/calltrace.h>

void lock(void) { }
void unlock(void) { }
void append(int value) { (void) value; }

static void add_two(void)
{
	lock();
	append(1);
	append(2);
	unlock();
}

Test(order, holds_the_lock)
{
	add_two();
	cr_assert_call_order(lock, cr_times(append, 2), unlock);
	cr_assert_call_order(lock, cr_never(unlock), append);
	cr_assert_called_before(cr_call(append, 1), cr_call(append, 2));
	cr_assert_called_immediately_before(lock, append);
}

Test(order, fails)
{
	add_two();
	cr_assert_call_order(lock, unlock, append);
}
