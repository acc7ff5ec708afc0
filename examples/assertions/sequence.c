/* Exactly these calls, of the functions that are named; and exactly what one function called. */
#include <criterion/criterion.h>
#include <criterion/calltrace.h>

void power(bool on) { (void) on; }
void spin(int rounds) { (void) rounds; }
void note(const char *text) { (void) text; }

static void wash(void)
{
	note("begin");
	power(true);
	spin(400);
	spin(1200);
	power(false);
	note("end");
}

Test(sequence, of_a_wash)
{
	wash();
	cr_assert_call_sequence(cr_call(power, true), spin, spin, cr_call(power, false)); /* note() is not named */
	cr_assert_calls_of("wash", note, power, cr_times(spin, cr_at_least(1)), power, note);
	cr_assert_only_called("wash", power, spin, note);
}

Test(sequence, fails)
{
	wash();
	cr_assert_call_sequence(cr_call(power, true), spin, cr_call(power, false));
}
