/* verdict_count.c - how many calls match. */
#include <stdlib.h>
#include <string.h>

#include "match/query.h"

/* What testing a list of calls gave. */
struct tally {
	struct ct_call_list calls;   /* of the functions, in the window */
	struct ct_call_list matched; /* of them */
	size_t unknown;              /* for how many it cannot be said */
	struct ct_call_id first_unknown, never;
};

static void tally_deinit(struct tally *tally)
{
	ct_call_list_deinit(&tally->calls);
	ct_call_list_deinit(&tally->matched);
}

/* Why a call is neither: asked for again, with its reason. */
static bool say_because(const struct ct_query *q, struct ct_call_id id, enum ct_verdict_kind kind, struct ct_verdict *v)
{
	struct ct_view_of_call view;
	struct ct_match match;

	ct_view_init(&view, q->m->calls);
	ct_query_test(q, id, &view, NULL, NULL, &match);
	if (kind == CT_VERDICT_ERROR)
		ct_say(v, kind, "what is asked of %s can never be: %s", ct_query_name(q),
		       match.reason.data ? match.reason.data : "?");
	else
		ct_say(v, kind, "whether %s was called like this is inconclusive: %s", ct_query_name(q),
		       match.reason.data ? match.reason.data : "?");
	ct_say_wanted(q, id, "wanted   ", v);
	ct_say_call(q->m, id, kind == CT_VERDICT_ERROR ? "called   " : "unclear  ", false, v);
	if (match.reason.data && (strstr(match.reason.data, "optimised out") || strstr(match.reason.data, "inlined")))
		ct_text_add(&v->message, "\n  compiled with -O0 it would be known");
	ct_text_deinit(&match.reason);
	ct_view_deinit(&view);
	return false;
}

/* False: the verdict has an error. */
static bool count(const struct ct_query *q, struct tally *tally, struct ct_verdict *v)
{
	struct ct_view_of_call view;

	*tally = (struct tally){ .first_unknown = CT_NO_CALL, .never = CT_NO_CALL };
	ct_gather(q, &tally->calls);
	ct_view_init(&view, q->m->calls);
	for (size_t i = 0; i < tally->calls.count; i++) {
		enum ct_answer answer = ct_query_test(q, tally->calls.items[i], &view, NULL, NULL, NULL);

		if (answer == CT_ANSWER_YES)
			ct_call_list_add(&tally->matched, tally->calls.items[i]);
		else if (answer == CT_ANSWER_INCONCLUSIVE && !tally->unknown++)
			tally->first_unknown = tally->calls.items[i];
		else if (answer == CT_ANSWER_NEVER) {
			tally->never = tally->calls.items[i];
			break;
		}
	}
	ct_view_deinit(&view);
	if (tally->never.number == CT_NO_NUMBER)
		return true;
	say_because(q, tally->never, CT_VERDICT_ERROR, v);
	tally_deinit(tally);
	return false;
}

/* --- messages --- */

static void add_times(struct ct_text *out, uint64_t times)
{
	if (times == 0)
		ct_text_add(out, "not called");
	else if (times == 1)
		ct_text_add(out, "called once");
	else
		ct_text_addf(out, "called %llu times", (unsigned long long) times);
}

static void add_range(struct ct_text *out, uint32_t least, uint32_t most)
{
	if (most == 0)
		ct_text_add(out, "none");
	else if (least == most)
		ct_text_addf(out, "exactly %u", least);
	else if (most == UINT32_MAX)
		ct_text_addf(out, "at least %u", least);
	else if (least == 0)
		ct_text_addf(out, "at most %u", most);
	else
		ct_text_addf(out, "%u to %u", least, most);
}

static bool is_narrowed(const struct ct_query *q)
{
	return q->p->has_arguments || q->p->returned || q->p->from || q->p->within;
}

/* There are calls of the function, but none that matches. */
static void say_no_match(const struct ct_query *q, const struct tally *tally, uint32_t least, struct ct_verdict *v)
{
	const char *what = q->p->has_arguments ? "with these arguments"
	                   : q->p->returned    ? "and returned that"
	                   : q->p->from        ? "from there"
	                                       : "within that";

	if (q->p->nth && q->the_nth.number == CT_NO_NUMBER) {
		ct_say(v, CT_VERDICT_UNMET, "%s has no%s call number %d: it was ", ct_query_name(q),
		       is_narrowed(q) ? " such" : "", q->p->nth);
		add_times(&v->message, tally->calls.count);
		if (is_narrowed(q))
			ct_say_wanted(q, tally->calls.items[0], "wanted   ", v);
		ct_say_calls(q->m, &tally->calls, CT_NO_CALL, v);
		return;
	}
	if (least <= 1)
		ct_say(v, CT_VERDICT_UNMET, "%s was never called %s", ct_query_name(q), what);
	else
		ct_say(v, CT_VERDICT_UNMET, "%s was never called %s, expected at least %u calls", ct_query_name(q),
		       what, least);
	ct_say_nearest(q, &tally->calls, v);
}

/* Calls that fixtures and constructors made, which the question leaves out: it may be those that are meant. */
static void say_other_phases(const struct ct_query *q, struct ct_verdict *v)
{
	static const struct {
		uint32_t phase;
		const char *in, *in_tests, *in_files;
	} others[] = { { CT_PHASE_STARTUP, "by constructors", "CR_STARTUP", "startup" },
		       { CT_PHASE_SETUP, "in the set-up", "CR_SETUP", "setup" },
		       { CT_PHASE_TEARDOWN, "in the tear-down", "CR_TEARDOWN", "teardown" } };

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		struct ct_pattern there = *q->p;
		struct ct_query asked = *q;
		struct ct_call_list calls = {0};

		if (q->p->phases >> others[i].phase & 1)
			continue;
		there.phases = 1u << others[i].phase;
		asked.p = &there;
		ct_gather(&asked, &calls);
		if (calls.count) {
			ct_text_addf(&v->message, "\n  it was called %s, which counts only if that is asked for: ", others[i].in);
			ct_text_addf(&v->message, q->m->style.rest ? "cr_in_phase(..., %s)" : "'in %s' behind it",
			             q->m->style.rest ? others[i].in_tests : others[i].in_files);
		}
		ct_call_list_deinit(&calls);
	}
}

static void say_never(const struct ct_query *q, uint32_t least, uint32_t most, struct ct_verdict *v)
{
	ct_say(v, CT_VERDICT_UNMET, "%s was never called", ct_query_name(q));
	if (least > 1 || least != most) {
		ct_text_add(&v->message, ", expected ");
		add_range(&v->message, least, most);
	}
	if (is_narrowed(q))
		ct_say_wanted(q, CT_NO_CALL, "wanted   ", v);
	say_other_phases(q, v);
}

static bool say_count(const struct ct_query *q, const struct tally *tally, uint32_t least, uint32_t most,
                      struct ct_verdict *v)
{
	if (tally->calls.count == 0) {
		say_never(q, least, most, v);
	} else if (tally->matched.count == 0 && least > 0) {
		say_no_match(q, tally, least, v);
	} else {
		ct_say(v, CT_VERDICT_UNMET, "%s was ", ct_query_name(q));
		add_times(&v->message, tally->matched.count);
		ct_text_add(&v->message, is_narrowed(q) ? " like this, expected " : ", expected ");
		add_range(&v->message, least, most);
		if (is_narrowed(q))
			ct_say_wanted(q, tally->matched.items[0], "wanted   ", v);
		if (tally->matched.count == 1)
			ct_say_call(q->m, tally->matched.items[0], "  #1 ", true, v);
		else
			ct_say_calls(q->m, &tally->matched, CT_NO_CALL, v);
	}
	ct_say_done(q->m, v);
	return false;
}

/* --- assertions --- */

static void take_matched(const struct ct_query *q, const struct tally *tally)
{
	struct ct_view_of_call view;

	for (size_t i = 0; i < tally->matched.count; i++)
		ct_mark_verified(q->m, tally->matched.items[i]);
	if (!tally->matched.count)
		return;
	ct_view_init(&view, q->m->calls);
	ct_query_capture(q, tally->matched.items[0], &view);
	ct_view_deinit(&view);
}

static bool judge(const struct ct_query *q, const struct tally *tally, uint32_t least, uint32_t most,
                  struct ct_verdict *v)
{
	size_t yes = tally->matched.count, maybe = yes + tally->unknown;

	if (yes > most || maybe < least) {
		say_count(q, tally, least, most, v);
		if (yes <= most)
			ct_say_missing(q->m, v);
		return false;
	}
	if (yes < least || maybe > most)
		return say_because(q, tally->first_unknown, CT_VERDICT_INCONCLUSIVE, v);
	if (least > 0)
		take_matched(q, tally);
	return most == UINT32_MAX ? ct_met(v) : ct_absent(q->m, v);
}

/* Where only the number is asked for, and it is right, nothing has to be gathered. */
static bool quickly(const struct ct_query *q, uint32_t least, uint32_t most, struct ct_verdict *v)
{
	uint64_t n;

	if (!q->plain || q->p->nth || !ct_gather_count(q, &n) || n < least || n > most)
		return false;
	if (least > 0)
		ct_mark_all_verified(q);
	if (most == UINT32_MAX)
		ct_met(v);
	else
		ct_absent(q->m, v);
	return true;
}

bool ct_assert_called(struct ct_matching *m, const struct ct_pattern *p, uint32_t least, uint32_t most,
                      struct ct_verdict *v)
{
	struct ct_query q;
	struct tally tally;
	bool met = false;

	if (ct_query_init(&q, m, p, v)) {
		if (quickly(&q, least, most, v)) {
			met = v->kind == CT_VERDICT_MET;
		} else if (count(&q, &tally, v)) {
			met = judge(&q, &tally, least, most, v);
			tally_deinit(&tally);
		}
	}
	ct_query_deinit(&q);
	return met;
}

bool ct_assert_always(struct ct_matching *m, const struct ct_pattern *p, struct ct_verdict *v)
{
	struct ct_query q;
	struct tally tally;
	bool met = false;

	if (ct_query_init(&q, m, p, v) && count(&q, &tally, v)) {
		struct ct_call_list others = {0};
		size_t at = 0;

		/* Of calls that were made elsewhere nothing is said. */
		for (size_t i = 0; i < tally.calls.count; i++) {
			if (at < tally.matched.count && ct_call_same(tally.calls.items[i], tally.matched.items[at]))
				at++;
			else if (ct_query_test_place(&q, tally.calls.items[i]) != CT_ANSWER_NO)
				ct_call_list_add(&others, tally.calls.items[i]);
		}
		if (tally.matched.count + others.count == 0) {
			say_never(&q, 1, 1, v);
		} else if (others.count > tally.unknown) {
			ct_say(v, CT_VERDICT_UNMET, "%s was not always called like this, but %zu of %zu times",
			       ct_query_name(&q), tally.matched.count, tally.matched.count + others.count);
			ct_say_nearest(&q, &others, v);
		} else if (others.count) {
			say_because(&q, tally.first_unknown, CT_VERDICT_INCONCLUSIVE, v);
		} else {
			take_matched(&q, &tally);
			met = ct_absent(m, v);
		}
		ct_say_done(m, v);
		ct_call_list_deinit(&others);
		tally_deinit(&tally);
	}
	ct_query_deinit(&q);
	return met;
}

/* From the beginning or from the end; CT_NO_CALL: there are not so many. */
static struct ct_call_id nth_of(const struct ct_call_list *calls, int n)
{
	if (n > 0 && (size_t) n <= calls->count)
		return calls->items[n - 1];
	if (n < 0 && (size_t) -(long) n <= calls->count)
		return calls->items[calls->count - (size_t) -(long) n];
	return CT_NO_CALL;
}

static bool judge_nth(const struct ct_query *q, const struct ct_call_list *calls, int n, struct ct_verdict *v)
{
	struct ct_call_id id = nth_of(calls, n);
	struct ct_call_list one = { &id, 1, 1 };
	struct ct_view_of_call view;
	enum ct_answer answer;

	if (id.number == CT_NO_NUMBER) {
		ct_say(v, CT_VERDICT_UNMET, "%s has no call number %d: it was ", ct_query_name(q), n);
		add_times(&v->message, calls->count);
		ct_say_calls(q->m, calls, CT_NO_CALL, v);
		ct_say_missing(q->m, v);
		return false;
	}
	ct_view_init(&view, q->m->calls);
	answer = ct_query_test(q, id, &view, NULL, NULL, NULL);
	if (answer == CT_ANSWER_YES) {
		ct_query_capture(q, id, &view);
		ct_mark_verified(q->m, id);
	}
	ct_view_deinit(&view);
	if (answer == CT_ANSWER_YES)
		return ct_met(v);
	if (answer != CT_ANSWER_NO)
		return say_because(q, id, answer == CT_ANSWER_NEVER ? CT_VERDICT_ERROR : CT_VERDICT_INCONCLUSIVE, v);
	if (n == -1)
		ct_say(v, CT_VERDICT_UNMET, "the last call of %s is not like this", ct_query_name(q));
	else
		ct_say(v, CT_VERDICT_UNMET, "call %d of %s is not like this", n, ct_query_name(q));
	ct_say_nearest(q, &one, v);
	if (calls->count > 1) {
		ct_text_add(&v->message, "\n  all its calls:");
		ct_say_calls(q->m, calls, id, v);
	}
	return false;
}

/* Calls from elsewhere are not counted. */
static void keep_placed(const struct ct_query *q, struct ct_call_list *calls)
{
	size_t kept = 0;

	for (size_t i = 0; i < calls->count; i++)
		if (ct_query_test_place(q, calls->items[i]) != CT_ANSWER_NO)
			calls->items[kept++] = calls->items[i];
	calls->count = kept;
}

bool ct_assert_nth(struct ct_matching *m, const struct ct_pattern *p, int n, struct ct_verdict *v)
{
	struct ct_call_list calls = {0};
	struct ct_query q;
	bool met = false;

	if (n == 0)
		return ct_say(v, CT_VERDICT_ERROR, "calls are counted from 1, and from the end from -1: there is no call 0");
	if (ct_query_init(&q, m, p, v)) {
		ct_gather(&q, &calls);
		keep_placed(&q, &calls);
		met = judge_nth(&q, &calls, n, v);
		ct_say_done(m, v);
		ct_call_list_deinit(&calls);
	}
	ct_query_deinit(&q);
	return met;
}

/* --- for those who read --- */

uint32_t ct_count_calls(struct ct_matching *m, const struct ct_pattern *p, struct ct_verdict *v)
{
	uint32_t result = UINT32_MAX;
	struct ct_query q;
	struct tally tally;
	uint64_t n;

	if (ct_query_init(&q, m, p, v)) {
		if (q.plain && !p->nth && ct_gather_count(&q, &n)) {
			result = n < UINT32_MAX ? (uint32_t) n : UINT32_MAX - 1;
			ct_met(v);
		} else if (count(&q, &tally, v)) {
			if (tally.unknown)
				say_because(&q, tally.first_unknown, CT_VERDICT_INCONCLUSIVE, v);
			else
				result = (uint32_t) tally.matched.count;
			if (!tally.unknown)
				ct_met(v);
			tally_deinit(&tally);
		}
	}
	ct_query_deinit(&q);
	return result;
}

struct ct_call_id ct_find_call(struct ct_matching *m, const struct ct_pattern *p, int n, struct ct_verdict *v)
{
	struct ct_call_id id = CT_NO_CALL;
	struct ct_query q;
	struct tally tally;

	if (ct_query_init(&q, m, p, v) && count(&q, &tally, v)) {
		if (tally.unknown) {
			say_because(&q, tally.first_unknown, CT_VERDICT_INCONCLUSIVE, v);
		} else {
			id = nth_of(&tally.matched, n);
			ct_met(v);
		}
		tally_deinit(&tally);
	}
	ct_query_deinit(&q);
	return id;
}
