/* verdict_shape.c - who called, how deep, and whatever else there was. */
#include <stdlib.h>
#include <string.h>

#include "match/query.h"

/* --- callers --- */

static bool judge_callers(struct ct_query *q, const struct ct_query *caller, const struct ct_call_list *calls,
                          struct ct_verdict *v)
{
	struct ct_call_list others = {0};
	struct ct_view_of_call view, around;
	size_t matched = 0;
	enum ct_answer worst = CT_ANSWER_YES;

	ct_view_init(&view, q->m->calls);
	ct_view_init(&around, q->m->calls);
	for (size_t i = 0; i < calls->count; i++) {
		struct ct_call_id id = calls->items[i], parent = ct_call_parent(q->m->calls, id);
		enum ct_answer answer = ct_query_test(q, id, &view, NULL, NULL, NULL), from = CT_ANSWER_NO;

		if (answer == CT_ANSWER_NO)
			continue;
		if (parent.number != CT_NO_NUMBER && ct_query_has_function(caller, ct_call_function(q->m->calls, parent)))
			from = ct_query_test(caller, parent, &around, NULL, NULL, NULL);
		matched++;
		if (from == CT_ANSWER_NO)
			ct_call_list_add(&others, id);
		else if (answer != CT_ANSWER_YES || from != CT_ANSWER_YES)
			worst = CT_ANSWER_INCONCLUSIVE;
	}
	ct_view_deinit(&view);
	ct_view_deinit(&around);
	if (others.count) {
		ct_say(v, CT_VERDICT_UNMET, "%s was called from elsewhere than %s, %zu of %zu times", ct_query_name(q),
		       ct_query_name(caller), others.count, matched);
		ct_say_calls(q->m, &others, CT_NO_CALL, v);
	} else if (!matched) {
		ct_say(v, CT_VERDICT_UNMET, calls->count ? "%s was never called like this" : "%s was never called",
		       ct_query_name(q));
		if (calls->count)
			ct_say_nearest(q, calls, v);
		ct_say_missing(q->m, v);
	} else if (worst != CT_ANSWER_YES) {
		ct_say(v, CT_VERDICT_INCONCLUSIVE, "whether all calls of %s are from %s is inconclusive: a value that is asked for was not recorded",
		       ct_query_name(q), ct_query_name(caller));
	} else {
		for (size_t i = 0; i < calls->count; i++)
			if (q->plain)
				ct_mark_verified(q->m, calls->items[i]);
		ct_absent(q->m, v);
	}
	ct_call_list_deinit(&others);
	return v->kind == CT_VERDICT_MET;
}

bool ct_assert_called_from(struct ct_matching *m, const struct ct_pattern *p,
                           const struct ct_pattern *caller, struct ct_verdict *v)
{
	struct ct_query q = {0}, from = {0};
	struct ct_call_list calls = {0};
	bool met = false;

	if (ct_query_init(&q, m, p, v) && ct_query_init(&from, m, caller, v)) {
		ct_gather(&q, &calls);
		met = judge_callers(&q, &from, &calls, v);
	}
	ct_say_done(m, v);
	ct_call_list_deinit(&calls);
	ct_query_deinit(&q);
	ct_query_deinit(&from);
	return met;
}

/* --- depth --- */

/* The calls that are open on one thread while its matching calls go by. */
struct open_calls {
	struct ct_call_list stack, deepest;
};

static void enter(const struct ct_calls *calls, struct open_calls *open, struct ct_call_id id)
{
	while (open->stack.count && !ct_call_within(calls, id, open->stack.items[open->stack.count - 1]))
		open->stack.count--;
	ct_call_list_add(&open->stack, id);
	if (open->stack.count <= open->deepest.count)
		return;
	open->deepest.count = 0;
	for (size_t i = 0; i < open->stack.count; i++)
		ct_call_list_add(&open->deepest, open->stack.items[i]);
}

/* Only a new record is copied, one call longer than the last: linear in the depth for each level. */
static bool judge_depth(const struct ct_query *q, const struct ct_call_list *calls, uint32_t most, struct ct_verdict *v)
{
	struct open_calls *open = ct_calloc(q->m->calls->thread_count + 1, sizeof *open), *worst = open;
	struct ct_view_of_call view;
	bool unclear = false;

	ct_view_init(&view, q->m->calls);
	for (size_t i = 0; i < calls->count; i++) {
		struct ct_call_id id = calls->items[i];
		enum ct_answer answer = ct_query_test(q, id, &view, NULL, NULL, NULL);

		if (answer == CT_ANSWER_NO)
			continue;
		unclear |= answer != CT_ANSWER_YES;
		if (open[id.thread].deepest.count <= most)
			enter(q->m->calls, &open[id.thread], id);
		if (open[id.thread].deepest.count > worst->deepest.count)
			worst = &open[id.thread];
	}
	ct_view_deinit(&view);
	if (worst->deepest.count > most && !unclear) {
		ct_say(v, CT_VERDICT_UNMET, "%s was active more than %u time%s at once", ct_query_name(q), most,
		       most == 1 ? "" : "s");
		ct_say_calls(q->m, &worst->deepest, worst->deepest.items[worst->deepest.count - 1], v);
	} else if (worst->deepest.count > most) {
		ct_say(v, CT_VERDICT_INCONCLUSIVE, "how deep %s went is inconclusive: a value that is asked for was not recorded",
		       ct_query_name(q));
	} else {
		ct_absent(q->m, v);
	}
	for (uint32_t i = 0; i < q->m->calls->thread_count; i++) {
		ct_call_list_deinit(&open[i].stack);
		ct_call_list_deinit(&open[i].deepest);
	}
	free(open);
	return v->kind == CT_VERDICT_MET;
}

bool ct_assert_max_depth(struct ct_matching *m, const struct ct_pattern *p, uint32_t most, struct ct_verdict *v)
{
	struct ct_call_list calls = {0};
	struct ct_query q;
	bool met = false;

	if (ct_query_init(&q, m, p, v)) {
		ct_gather(&q, &calls);
		met = judge_depth(&q, &calls, most, v);
	}
	ct_say_done(m, v);
	ct_call_list_deinit(&calls);
	ct_query_deinit(&q);
	return met;
}

/* --- everything else --- */

/* Calls of the window for which `is_other`, and the message about them. */
static bool judge_others(struct ct_matching *m, bool (*is_other)(struct ct_call_id id, void *user), void *user,
                         const char *what, struct ct_verdict *v)
{
	struct ct_call_list calls = {0};
	size_t kept = 0;

	ct_gather_functions(m, NULL, &calls);
	for (size_t i = 0; i < calls.count; i++)
		if (is_other(calls.items[i], user))
			calls.items[kept++] = calls.items[i];
	calls.count = kept;
	if (kept) {
		ct_say(v, CT_VERDICT_UNMET, "%zu call%s %s", kept, kept == 1 ? "" : "s", what);
		ct_say_calls(m, &calls, CT_NO_CALL, v);
		ct_say_done(m, v);
	} else {
		ct_absent(m, v);
	}
	ct_call_list_deinit(&calls);
	return v->kind == CT_VERDICT_MET;
}

struct allowed {
	struct ct_query *queries;
	size_t count;
	struct ct_view_of_call view;
	bool unclear;
};

/* What may match is let pass, and said. */
static bool is_not_allowed(struct ct_call_id id, void *user)
{
	struct allowed *a = user;
	uint32_t function = ct_call_function(a->view.calls, id);

	for (size_t i = 0; i < a->count; i++) {
		enum ct_answer answer = CT_ANSWER_NO;

		if (ct_query_has_function(&a->queries[i], function))
			answer = ct_query_test(&a->queries[i], id, &a->view, NULL, NULL, NULL);
		a->unclear |= answer == CT_ANSWER_INCONCLUSIVE || answer == CT_ANSWER_NEVER;
		if (answer != CT_ANSWER_NO)
			return false;
	}
	return true;
}

bool ct_assert_only_called(struct ct_matching *m, const struct ct_pattern *const *patterns, size_t count,
                           struct ct_verdict *v)
{
	struct allowed allowed = { .queries = ct_calloc(count + 1, sizeof *allowed.queries) };
	bool met = true;

	ct_view_init(&allowed.view, m->calls);
	for (; allowed.count < count && met; allowed.count++)
		met = ct_query_init(&allowed.queries[allowed.count], m, patterns[allowed.count], v);
	if (met)
		met = judge_others(m, is_not_allowed, &allowed, "of functions that were not to be called", v);
	if (met && allowed.unclear)
		met = ct_say(v, CT_VERDICT_INCONCLUSIVE,
		             "whether only these were called is inconclusive: a value that is asked for was not recorded");
	for (size_t i = 0; i < allowed.count; i++)
		ct_query_deinit(&allowed.queries[i]);
	free(allowed.queries);
	ct_view_deinit(&allowed.view);
	return met;
}

static bool is_not_verified(struct ct_call_id id, void *user)
{
	return !ct_is_verified(user, id);
}

bool ct_assert_no_other_calls(struct ct_matching *m, struct ct_verdict *v)
{
	return judge_others(m, is_not_verified, m, "that no assertion had asked for", v);
}
