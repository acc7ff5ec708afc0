/* What will be called is said before it happens, and verified when the test ends. */
#include <criterion/criterion.h>
#include <criterion/calltrace.h>

void send_mail(const char *to) { (void) to; }
void charge(int cents) { (void) cents; }

static void order_book(int cents)
{
	if (cents > 0)
		charge(cents);
	send_mail("shop@example.com");
}

Test(up_front, one_mail_one_charge)
{
	cr_will_call(cr_call(charge, 1250), 1);
	cr_will_call(send_mail, cr_between(1, 2));
	order_book(1250);
}

Test(up_front, fails)
{
	cr_will_call(charge, 1, "nothing is for free");
	order_book(0);
}
