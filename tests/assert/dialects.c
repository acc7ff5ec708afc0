/* Every word of the header, to be compiled in every dialect, as C and as C++. */
#include <criterion/criterion.h>
#include <criterion/calltrace.h>
enum color { RED, GREEN };
struct point { int x, y; };
int f(int a) { return a; }
void g(const char *s, double d, enum color c, struct point *p, unsigned char *b) { (void)s;(void)d;(void)c;(void)p;(void)b; }
int v(const char *fmt, ...) { (void) fmt; return 0; }
static bool pred(const cr_call_value *value, void *data)
{
	(void) data;
	return cr_value_i64(value) == 3;
}

Test(a, b)
{
	int got = 0; const char *text = NULL; double d = 0; struct point pt = {1,2}; unsigned char bytes[2] = {1,2};
	enum color col = RED;
	if (f(3)) cr_assert_called(f); else cr_expect_called(f, "no %d", 3);
	bool ok = cr_assert_called(&f, "a message");
	cr_assert_called("f*"); cr_assert_not_called(g); cr_assert_called_once(f, "%s", "x");
	cr_assert_called_times(f, 3); cr_assert_called_times(f, 0); cr_assert_called_times(f, 1u); cr_assert_called_with(f, 0); cr_assert_called_times(f, cr_at_least(1), "msg %d", 1); cr_expect_called_times(f, cr_between(1, 2));
	cr_assert_called_with(f, 3); cr_assert_called_with(g, "s", 0.5, col, &pt, bytes, cr_because("x %d", 1)); cr_assert_called_with(f);
	cr_assert_always_called_with(f, cr_gt(0)); cr_assert_nth_called_with(f, 1, 3); cr_assert_nth_called_with(f, 1); cr_assert_last_called_with(f, cr_any);
	cr_assert_returned(f, 3); cr_expect_always_returned(f, 3, "m"); cr_assert_nth_returned(f, 1, 3); cr_assert_nth_returned(f, 1, 3, "m %d", 2); cr_expect_last_returned(f, 1);
	cr_assert_called_before(f, g); cr_assert_called_after(g, f, "m"); cr_assert_called_immediately_before(f, g); cr_assert_finished_before(f, "g");
	cr_assert_call_order(f, cr_times(g, 2), cr_opt("x"), cr_never(f), cr_unordered(f, g), cr_because("why"));
	cr_assert_call_sequence(f, cr_gap, g); cr_assert_calls_of(f, g, "h"); cr_assert_calls_of(f);
	cr_assert_called_from(f, g); cr_assert_max_depth(f, 3); cr_assert_only_called(f, g); cr_assert_no_other_calls(); cr_expect_no_other_calls("m %d", 1);
	cr_assert_called(cr_call(g, cr_str_prefix("a"), cr_epsilon_eq(0.1, 1e-3), cr_any, cr_deref(cr_fields(cr_field("x", 1), cr_field("y", cr_ge(2)))), cr_bytes(bytes, 2)));
	cr_assert_called(cr_returning(cr_from(cr_within(cr_call(f, cr_rest), "g"), f), cr_not(cr_zero)), "m");
	cr_assert_called(cr_on_thread(cr_since(cr_nth(cr_in_phase(f, CR_SETUP | CR_BODY), 2), cr_calls_mark()), CR_TEST_THREAD));
	cr_assert_called(cr_call(f, cr_satisfies(pred, NULL)));
	cr_assert_called(cr_call(f, cr_capture(&got))); cr_assert_called(cr_call(g, cr_capture(&text), cr_capture(&d), cr_rest));
	cr_will_call(f, 3); cr_will_call(cr_call(f, 1), cr_at_most(2), "m");
	cr_assert_called(cr_call(v, cr_str("x"), cr_rest)); cr_assert_called(cr_call(v, cr_arg("fmt", cr_in("a", "b"))));
	cr_assert_called_with(f, cr_all_of(cr_lt(3), cr_any_of(1, 2, 3)), cr_same_as("a")); cr_assert_called_with(f, cr_null); cr_assert_called_with(f, cr_fn(f)); cr_assert_called_with(f, 'c', true, 1.0f, 3u, 4ul, 5ll, (char *) "x", NULL, cr_nan, cr_enum("RED"), cr_ptr("x"), cr_str_n("a\0b", 3), cr_flags(3), cr_mask(1, 2), cr_ulp_eq(1.0, 4), cr_elems(1, 2, cr_rest), cr_after(cr_deref(3)));
	cr_assert(cr_call_count(f) == 1);
	{ const cr_call_info *c = cr_nth_call(f, 1); cr_assert(cr_arg_i64(c, "a") == 3 && cr_ret_i64(c) == 3 && cr_arg_str(c, "s") && cr_arg_ptr(c, "p") && cr_arg_dbl(c, "d") > 0 && cr_arg_u64(c, "u")); }
	cr_calls_reset();
	(void) ok;
}
