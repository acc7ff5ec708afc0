/* query_names.c - the functions that a pattern's matchers name: one that is misspelt never matches, and says so. */
#include "match/query.h"

/* A value in which the name was seen is proof enough, where not all functions are known. */
static bool shows(const struct ct_calls *calls, const struct ct_datum *d, const char *name)
{
	if ((d->kind == CT_DATUM_WORD || d->kind == CT_DATUM_STRING)
	    && ct_name_means(calls, name, d->text, d->has_address ? d->address : 0) != CT_ANSWER_NO)
		return true;
	for (size_t i = 0; i < d->count; i++)
		if (shows(calls, &d->items[i], name))
			return true;
	return false;
}

static bool was_recorded(const struct ct_query *q, const char *name)
{
	struct ct_call_list calls = {0};
	struct ct_view_of_call view;
	bool found = false;

	ct_gather(q, &calls);
	ct_view_init(&view, q->m->calls);
	for (size_t i = 0; i < calls.count && !found; i++) {
		ct_view_at(&view, calls.items[i]);
		for (int kind = CT_VALUES_ARGUMENTS; kind <= CT_VALUES_AFTER && !found; kind++) {
			const struct ct_datum *values = ct_view_values(&view, (enum ct_values_kind) kind);

			found = values && shows(q->m->calls, values, name);
		}
	}
	ct_view_deinit(&view);
	ct_call_list_deinit(&calls);
	return found;
}

static bool check_name(const struct ct_query *q, const char *name, struct ct_verdict *v)
{
	struct ct_text problem = {0};
	bool ok = ct_resolve_value(q->m->calls, name, &problem)
	          || (q->m->calls->unknown_functions && was_recorded(q, name));

	if (!ok)
		ct_say(v, CT_VERDICT_ERROR, "what is asked of %s: %s", ct_query_name(q), problem.data);
	ct_text_deinit(&problem);
	return ok;
}

static bool check_matcher(const struct ct_query *q, const struct ct_matcher *m, struct ct_verdict *v)
{
	if (m->kind == CT_MATCH_FUNCTION && !m->a.text && !m->a.address)
		return ct_say(v, CT_VERDICT_ERROR, "what is asked of %s: a function's value is a function or its name, and no more",
		              ct_query_name(q));
	if (m->kind == CT_MATCH_FUNCTION && m->a.text && !check_name(q, m->a.text, v))
		return false;
	for (size_t i = 0; i < m->count; i++)
		if (!check_matcher(q, &m->items[i], v))
			return false;
	return true;
}

bool ct_query_check_names(const struct ct_query *q, struct ct_verdict *v)
{
	for (size_t i = 0; i < q->p->argument_count; i++)
		if (!check_matcher(q, &q->p->arguments[i], v))
			return false;
	return !q->p->returned || check_matcher(q, q->p->returned, v);
}
