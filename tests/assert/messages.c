/*
 * Every assertion, both twins, met and not met: messages.c.expected and messages.cc.expected have all that
 * Criterion then says. `met`: every one passes, so that only their number is told.
 */
#include <criterion/criterion.h>
#include <criterion/calltrace.h>

#include "subject.h"

static void act(void)
{
	double values[] = { 0.5, 1.5 };
	struct point p = { 1, 2 }, q = { 4, 6 };

	connect_retry("db", 2);
	average(values, 2);
	distance(p, &q);
	walk(2);
	greeting('h', false);
	put(&q, 7);
	call_back(close_socket, 9);
}

#define CASE(name, word, met_args, unmet_args)                                                            \
	Test(met, name) { act(); cr_assert(cr_assert_##word met_args); cr_assert(cr_expect_##word met_args); } \
	Test(unmet_assert, name) { act(); cr_assert_##word unmet_args; cr_assert_fail("is not reached"); }      \
	Test(unmet_expect, name) { act(); cr_assert_not(cr_expect_##word unmet_args); }

CASE(called, called, (send_syn), (never_called))
CASE(not_called, not_called, (never_called), (send_syn))
CASE(called_once, called_once, (open_socket), (send_syn))
CASE(called_times, called_times, (send_syn, 2), (send_syn, 3))
CASE(called_times_least, called_times, (walk, cr_at_least(3)), (walk, cr_at_least(4)))
CASE(called_times_most, called_times, (walk, cr_at_most(3)), (walk, cr_at_most(2)))
CASE(called_times_between, called_times, (walk, cr_between(1, 5)), (walk, cr_between(4, 5)))
CASE(called_with, called_with, (send_syn, 3, SYN, cr_gt(150)), (send_syn, 3, NODELAY, cr_gt(150)))
CASE(always_called_with, always_called_with, (send_syn, 3, SYN, cr_rest), (send_syn, 3, SYN, 100))
CASE(nth_called_with, nth_called_with, (send_syn, 2, cr_any, cr_any, 200), (send_syn, 1, cr_any, cr_any, 200))
CASE(last_called_with, last_called_with, (send_syn, 3, SYN, 200), (send_syn, 3, SYN, 100))
CASE(returned, returned, (connect_retry, -1), (connect_retry, 3))
CASE(always_returned, always_returned, (send_syn, -1), (retry_delay, 100))
CASE(nth_returned, nth_returned, (retry_delay, 2, 200), (retry_delay, 1, 200))
CASE(last_returned, last_returned, (retry_delay, 200), (retry_delay, 100))
CASE(called_before, called_before, (open_socket, send_syn), (send_syn, open_socket))
CASE(called_after, called_after, (send_syn, open_socket), (open_socket, send_syn))
CASE(immediately, called_immediately_before, (retry_delay, send_syn), (open_socket, send_syn))
CASE(finished_before, finished_before, (open_socket, send_syn), (connect_retry, send_syn))
CASE(call_order, call_order, (open_socket, cr_call(send_syn, cr_any, cr_any, 200), close_socket),
     (open_socket, close_socket, send_syn))
CASE(call_sequence, call_sequence, (open_socket, cr_times(send_syn, 2), cr_times(close_socket, 2)),
     (open_socket, send_syn, close_socket))
CASE(calls_of, calls_of,
     (connect_retry, open_socket, retry_delay, send_syn, retry_delay, send_syn, close_socket),
     (connect_retry, open_socket, cr_times(send_syn, 2), close_socket))
CASE(called_from, called_from, (send_syn, connect_retry), (close_socket, connect_retry))
CASE(max_depth, max_depth, (walk, 3), (walk, 2))
CASE(only_called, only_called, ("*"), (connect_retry, open_socket, send_syn, "act"))

Test(met, no_other_calls)
{
	connect_retry("db", 2);
	cr_assert_called(connect_retry);
	cr_assert_called_once(open_socket);
	cr_assert_called_times(send_syn, 2);
	cr_assert_called(retry_delay);
	cr_assert_called("backoff");
	cr_assert_called(close_socket);
	cr_assert_no_other_calls();
	cr_expect_no_other_calls();
}

Test(unmet_assert, no_other_calls)
{
	connect_retry("db", 2);
	cr_assert_called(connect_retry);
	cr_assert_no_other_calls("all should have been %s", "asked for");
}

Test(unmet_expect, no_other_calls)
{
	connect_retry("db", 2);
	cr_assert_called(connect_retry);
	cr_expect_no_other_calls();
}

Test(met, will_call)
{
	cr_will_call(send_syn, 2);
	cr_will_call(cr_call(open_socket, "db", 80), cr_at_least(1), "the data base");
	cr_will_call(never_called, 0);
	act();
}

Test(unmet_expect, will_call)
{
	cr_will_call(send_syn, 3);
	cr_will_call(cr_call(open_socket, "web", cr_any), cr_at_least(1), "a visit to %s", "the web");
	cr_will_call(never_called, 0);
	act();
}

Test(unmet_expect, messages)
{
	act();
	cr_expect_called(never_called, "with a message");
	cr_expect_called_times(send_syn, 7, "with %d of %s", 7, "these");
	cr_expect_called_with(send_syn, 4, cr_rest, cr_because("fd %d is never used", 4));
	cr_expect_call_order(close_socket, open_socket, cr_because("it closes first"));
	cr_expect_nth_returned(retry_delay, 1, 5, "delay %d", 1);
}

static int sum(const unsigned char *bytes, int count, void *user)
{
	*(int *) user = count ? bytes[0] : 0;
	return count;
}

Test(unmet_expect, bytes)
{
	const unsigned char wanted[] = { 1, 2, 3, 0xff }, many[20] = { 7 };
	int user = 4;

	sum((const unsigned char *) "\1\2\3\4", 4, &user);
	cr_expect_called_with(sum, cr_bytes(wanted, 4), 4, cr_any);
	cr_expect_called_with(sum, cr_bytes(many, 20), 4, cr_any);
	cr_expect_called_with(sum, cr_elems(1, 2, 3), cr_rest);
	cr_expect_called_with(sum, cr_any, cr_any, cr_deref(4));
}

static void prepare(void)
{
	retry_delay(4);
}

Test(unmet_expect, elsewhere, .init = prepare)
{
	const double quarter[] = { 0.25 };

	walk(0);
	cr_expect_called_once(retry_delay);
	cr_expect_called_with(retry_delay, 4);
	cr_expect_called(never_called);
	cr_expect_called_once(cr_in_phase(retry_delay, CR_SETUP | CR_BODY));
	cr_expect_called_with(average, cr_deref(0.1), cr_any);
	average(quarter, 1);
	cr_expect_called_with(average, cr_deref(0.1), cr_any);
}

/* What is not asked for is short, and what is asked for by its address is shown by it. */
struct wide {
	struct point corners[4];
	const char *name;
	enum syn_flags flags;
	int count;
};

static int paint(struct wide *wide, void (*done)(int), bool twice)
{
	wide->count += 1 + twice;
	done(wide->count);
	return wide->count;
}

Test(unmet_expect, wide)
{
	struct wide wide = { { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 } }, "a wide one with a long name", SYN, 0 }, other = {0};

	paint(&wide, close_socket, true);
	paint(&wide, close_socket, false);
	cr_expect_called_with(paint, &other, cr_rest);
	cr_expect_called_with(paint, &wide, cr_fn(never_called), true);
	cr_expect_called_with(paint, cr_any, (void (*)(int)) NULL, false);
	cr_expect_called_with(paint, cr_after(cr_field("count", 7)), cr_any, cr_any);
	cr_expect_called_with(paint, cr_field("flags", cr_flags(NODELAY)), cr_arg("twice", 1));
	cr_expect_nth_returned(paint, 1, 3);
}

/* --- patterns --- */

Test(met, patterns)
{
	struct point p = { 1, 2 };
	cr_mark middle;

	act();
	middle = cr_calls_mark();
	retry_delay(8);
	cr_assert_called(&send_syn);
	cr_assert_called("send_syn");
	cr_assert_called_times("subject.c:backoff", 3);
	cr_assert_called_times("re*_delay", 3);
	cr_assert_called_times(cr_from(close_socket, connect_retry), 1);
	cr_assert_called_times(cr_within(walk, cr_call(walk, 2)), 2);
	cr_assert_called_times(cr_since(retry_delay, middle), 1);
	cr_assert_called_times(cr_on_thread(retry_delay, CR_TEST_THREAD), 3);
	cr_assert_not_called(cr_on_thread(retry_delay, CR_OTHER_THREADS));
	cr_assert_called(cr_call(cr_nth(retry_delay, -1), 8));
	cr_assert_called(cr_returning(cr_call(retry_delay, 8), 800));
	cr_assert_not_called(cr_in_phase(retry_delay, CR_SETUP));
	cr_assert_called(cr_call(distance, cr_fields(cr_field("x", 1), cr_field("y", 2)), cr_any));
	cr_assert_call_order(cr_unordered(average, open_socket), cr_opt(never_called), walk);
	cr_assert_call_order(open_socket, cr_never(walk), average);
	cr_assert_call_sequence(cr_call(close_socket, 3), cr_call(close_socket, 9));
	cr_assert_call_sequence(open_socket, cr_gap, cr_call(retry_delay, 8));
	cr_calls_reset();
	cr_assert_not_called(retry_delay);
	distance(p, &p);
	cr_assert_called_once(distance);
}

/* --- matchers --- */

static bool is_even(const cr_call_value *value, void *data)
{
	++*(int *) data;
	retry_delay(0);
	return cr_value_i64(value) % 2 == 0;
}

Test(met, matchers)
{
	const double half = 0.5;
	const struct point target = { 4, 6 };
	int asked = 0, attempt = 0;
	const char *host = NULL;

	act();
	cr_assert_called_with(open_socket, "db", 80);
	cr_assert_called_with(open_socket, cr_str("db"), cr_in(25, 80));
	cr_assert_called_with(open_socket, cr_str_prefix("d"), cr_all_of(cr_ge(80), cr_le(80), cr_ne(81)));
	cr_assert_called_with(open_socket, cr_str_suffix("b"), cr_any_of(cr_lt(0), cr_gt(79)));
	cr_assert_called_with(open_socket, cr_str_contains("db"), cr_not(cr_zero));
	cr_assert_called_with(open_socket, cr_str_match("d?"), cr_rest);
	cr_assert_called_with(open_socket, cr_str_re("^[a-z]+$"), cr_mask(0xf, 0));
	cr_assert_called_with(open_socket, cr_not_null, cr_flags(64));
	cr_assert_called_with(open_socket, cr_arg("port", 80));
	cr_assert_called_with(send_syn, 3, SYN, 100);
	cr_assert_called_with(send_syn, 3, cr_enum("SYN"), 200);
	cr_assert_called_with(average, cr_deref(half), 2);
	cr_assert_called_with(distance, cr_any, cr_deref(cr_fields(cr_field("x", target.x), cr_field("y", 6))));
	cr_assert_called_with(greeting, 'h', false);
	cr_assert_returned(greeting, "hi");
	cr_assert_returned(average, cr_epsilon_eq(1.0, 1e-9));
	cr_assert_returned(average, cr_ulp_eq(1.0, 1));
	cr_assert_called_with(put, cr_after(cr_deref(cr_field("x", 7))), 7);
	cr_assert_called_with(put, cr_field("x", 4), 7);
	cr_assert_called_with(call_back, cr_fn(close_socket), 9);
	cr_assert_called_with(call_back, cr_fn("close_socket"), 9);
	cr_assert_called_with(retry_delay, cr_satisfies(is_even, &asked));
	cr_assert_gt(asked, 0);
	cr_assert_called_times(retry_delay, 2, "what a predicate calls does not count");
	cr_assert_called_with(open_socket, cr_capture(&host), cr_any);
	cr_assert_str_eq(host, "db");
	cr_assert_last_called_with(retry_delay, cr_capture(&attempt));
	cr_assert_eq(attempt, 2);
}

Test(met, values)
{
	const cr_call_info *call;

	act();
	cr_assert_eq(cr_call_count(send_syn), 2);
	call = cr_nth_call(send_syn, -1);
	cr_assert_eq(cr_arg_i64(call, "timeout"), 200);
	cr_assert_eq(cr_arg_u64(call, "flags"), 2);
	cr_assert_eq(cr_ret_i64(call), -1);
	cr_assert_str_eq(cr_arg_str(cr_nth_call(open_socket, 1), "host"), "db");
	cr_assert_str_eq(cr_ret_str(cr_nth_call(greeting, 1)), "hi");
	cr_assert_float_eq(cr_ret_dbl(cr_nth_call(average, 1)), 1.0, 1e-9);
	cr_assert_not_null(cr_arg_ptr(cr_nth_call(put, 1), "to"));
	cr_assert_null(cr_nth_call(send_syn, 3));
}

/* --- what makes no sense, or cannot be known --- */

Test(unmet_expect, senseless)
{
	act();
	cr_expect_not_called("sendsyn");
	cr_expect_not_called("strlen");
	cr_expect_not_called(left_out);
	cr_expect_called_with(retry_delay, "two");
	cr_expect_called_with(retry_delay, 1, 2);
	cr_expect_called_with(open_socket, cr_any, 70000);
	cr_expect_called_with(open_socket, cr_arg("prot", 80));
	cr_expect_called(cr_nth(retry_delay, 0));
	cr_expect_called(cr_opt(retry_delay));
	cr_expect_called_times(retry_delay, -1);
	cr_expect_called(cr_in_phase(retry_delay, 64));
	cr_expect_called((const char *) NULL);
	cr_expect_only_called(cr_times(retry_delay, 2));
	cr_expect_eq(cr_call_count("sendsyn"), 0);
	cr_expect_null(cr_nth_call("sendsyn", 1));
	cr_expect_eq(cr_arg_i64(cr_nth_call(retry_delay, 1), "tries"), 0);
	cr_expect_eq(cr_arg_i64(cr_nth_call(open_socket, 1), "host"), 0);
	cr_expect_eq(cr_ret_i64(cr_nth_call(close_socket, 1)), 0);
}
