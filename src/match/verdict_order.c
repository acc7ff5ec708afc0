/* verdict_order.c - two calls, one before the other. */
#include <string.h>

#include "match/query.h"

struct pair {
	struct ct_query first, second;
	struct ct_call_list first_calls, second_calls;     /* of the functions */
	struct ct_call_list first_matched, second_matched; /* of them */
};

/* False: the verdict says what cannot be told. */
static bool match_all(const struct ct_query *q, struct ct_call_list *calls, struct ct_call_list *matched,
                      struct ct_verdict *v)
{
	struct ct_view_of_call view;
	struct ct_match match = {0};
	bool ok = true;

	ct_gather(q, calls);
	ct_view_init(&view, q->m->calls);
	for (size_t i = 0; i < calls->count && ok; i++) {
		enum ct_answer answer = ct_query_test(q, calls->items[i], &view, NULL, NULL, NULL);

		if (answer == CT_ANSWER_YES)
			ct_call_list_add(matched, calls->items[i]);
		ok = answer == CT_ANSWER_YES || answer == CT_ANSWER_NO;
		if (ok)
			continue;
		ct_query_test(q, calls->items[i], &view, NULL, NULL, &match);
		ct_say(v, answer == CT_ANSWER_NEVER ? CT_VERDICT_ERROR : CT_VERDICT_INCONCLUSIVE,
		       answer == CT_ANSWER_NEVER ? "what is asked of %s can never be: %s"
		                                 : "whether %s was called like this is inconclusive: %s",
		       ct_query_name(q), match.reason.data ? match.reason.data : "?");
		ct_say_call(q->m, calls->items[i], "unclear  ", false, v);
		ct_text_deinit(&match.reason);
	}
	ct_view_deinit(&view);
	return ok;
}

static bool say_missing(const struct ct_query *q, const struct ct_call_list *calls, struct ct_verdict *v)
{
	ct_say(v, CT_VERDICT_UNMET, calls->count ? "%s was never called like this" : "%s was never called",
	       ct_query_name(q));
	if (calls->count)
		ct_say_nearest(q, calls, v);
	ct_say_missing(q->m, v);
	return false;
}

static bool begin(struct pair *pair, struct ct_matching *m, const struct ct_pattern *p, const struct ct_pattern *q,
                  struct ct_verdict *v)
{
	if (!ct_query_init(&pair->first, m, p, v) || !ct_query_init(&pair->second, m, q, v))
		return false;
	if (!match_all(&pair->first, &pair->first_calls, &pair->first_matched, v)
	    || !match_all(&pair->second, &pair->second_calls, &pair->second_matched, v))
		return false;
	if (!pair->first_matched.count)
		return say_missing(&pair->first, &pair->first_calls, v);
	if (!pair->second_matched.count)
		return say_missing(&pair->second, &pair->second_calls, v);
	return true;
}

static bool end(struct pair *pair, struct ct_matching *m, bool met, struct ct_verdict *v)
{
	ct_query_deinit(&pair->first);
	ct_query_deinit(&pair->second);
	ct_call_list_deinit(&pair->first_calls);
	ct_call_list_deinit(&pair->second_calls);
	ct_call_list_deinit(&pair->first_matched);
	ct_call_list_deinit(&pair->second_matched);
	ct_say_done(m, v);
	return met;
}

static bool take(struct ct_matching *m, struct ct_call_id first, struct ct_call_id second, struct ct_verdict *v)
{
	ct_mark_verified(m, first);
	ct_mark_verified(m, second);
	return ct_met(v);
}

/* All calls of both, in order. */
static void say_both(const struct pair *pair, struct ct_verdict *v)
{
	struct ct_matching *m = pair->first.m;
	struct ct_call_list both = {0};
	size_t a = 0, b = 0;
	const struct ct_call_list *first = &pair->first_calls, *second = &pair->second_calls;

	while (a < first->count || b < second->count) {
		if (b == second->count
		    || (a < first->count && !ct_call_before(m->calls, second->items[b], first->items[a]))) {
			if (b < second->count && ct_call_same(first->items[a], second->items[b]))
				b++;
			ct_call_list_add(&both, first->items[a++]);
		} else {
			ct_call_list_add(&both, second->items[b++]);
		}
	}
	ct_text_add(&v->message, "\n  calls of these functions, in order:");
	ct_say_calls(m, &both, CT_NO_CALL, v);
	ct_say_threads(&both, v);
	ct_call_list_deinit(&both);
}

bool ct_assert_before(struct ct_matching *m, const struct ct_pattern *p, const struct ct_pattern *q,
                      struct ct_verdict *v)
{
	struct pair pair = {0};
	bool met = false;

	if (begin(&pair, m, p, q, v)) {
		struct ct_call_id first = pair.first_matched.items[0], second = pair.second_matched.items[0];

		if (ct_call_before(m->calls, first, second)) {
			met = take(m, first, second, v);
		} else {
			ct_say(v, CT_VERDICT_UNMET, "%s was first called after %s", ct_query_name(&pair.first),
			       ct_query_name(&pair.second));
			say_both(&pair, v);
		}
	}
	return end(&pair, m, met, v);
}

static const struct ct_call_id *find(const struct ct_call_list *list, struct ct_call_id id)
{
	for (size_t i = 0; i < list->count; i++)
		if (ct_call_same(list->items[i], id))
			return &list->items[i];
	return NULL;
}

/* What stood before the second one instead, as far as that is a call. */
static void say_previous(const struct pair *pair, struct ct_verdict *v)
{
	struct ct_matching *m = pair->first.m;
	struct ct_call_id second = pair->second_matched.items[0], previous = ct_call_previous(m->calls, second);

	ct_say(v, CT_VERDICT_UNMET, "%s was never called immediately before %s", ct_query_name(&pair->first),
	       ct_query_name(&pair->second));
	ct_say_call(m, second, "call     ", false, v);
	if (previous.number == CT_NO_NUMBER)
		ct_text_add(&v->message, "\n  is the first call that its caller made");
	else
		ct_say_call(m, previous, "follows  ", false, v);
	say_both(pair, v);
}

bool ct_assert_immediately_before(struct ct_matching *m, const struct ct_pattern *p,
                                  const struct ct_pattern *q, struct ct_verdict *v)
{
	struct pair pair = {0};
	bool met = false;

	if (begin(&pair, m, p, q, v)) {
		for (size_t i = 0; i < pair.second_matched.count && !met; i++) {
			struct ct_call_id second = pair.second_matched.items[i];
			struct ct_call_id first = ct_call_previous(m->calls, second);

			if (first.number != CT_NO_NUMBER && find(&pair.first_matched, first))
				met = take(m, first, second, v);
		}
		if (!met)
			say_previous(&pair, v);
	}
	return end(&pair, m, met, v);
}

bool ct_assert_finished_before(struct ct_matching *m, const struct ct_pattern *p,
                               const struct ct_pattern *q, struct ct_verdict *v)
{
	struct pair pair = {0};
	bool met = false;

	if (begin(&pair, m, p, q, v)) {
		struct ct_call_id first = pair.first_matched.items[0], second = pair.second_matched.items[0];

		if (ct_call_finished_before(m->calls, first, second)) {
			met = take(m, first, second, v);
		} else if (ct_call_at(m->calls, first)->state == CT_STATE_UNSEEN) {
			ct_say(v, CT_VERDICT_INCONCLUSIVE, "when %s returned was not recorded",
			       ct_query_name(&pair.first));
			ct_say_call(m, first, "call     ", true, v);
		} else {
			ct_say(v, CT_VERDICT_UNMET, "%s had not finished when %s was called",
			       ct_query_name(&pair.first), ct_query_name(&pair.second));
			ct_say_call(m, second, "call     ", true, v);
			say_both(&pair, v);
		}
	}
	return end(&pair, m, met, v);
}
