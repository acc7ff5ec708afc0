/* verdict_list.c - lists of calls: orders, sequences, what one call called. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "match/automaton.h"

enum { SHOWN_STEPS = 24 };

void ct_variables_deinit(struct ct_variables *variables)
{
	ct_arena_deinit(&variables->arena);
	*variables = (struct ct_variables){0};
}

/* A list, and the calls that it is held against. */
struct question {
	struct ct_matching *m;
	const struct ct_list *list;
	struct ct_automaton automaton;
	struct ct_query within, *projected;
	size_t projected_count;
	struct ct_call_list events;
	struct ct_verdict *v;
};

/* --- which calls --- */

static int by_entry(const void *a, const void *b, void *calls)
{
	const struct ct_call_id *x = a, *y = b;

	return ct_call_same(*x, *y) ? 0 : ct_call_before(calls, *x, *y) ? -1 : 1;
}

static bool has_window(const struct ct_query *q)
{
	return q->p->phases || q->p->since || q->p->thread != CT_THREAD_ANY;
}

static void for_each_query(const struct question *q, void (*visit)(const struct ct_query *query, void *user), void *user)
{
	const struct ct_automaton *a = &q->automaton;

	for (size_t i = 0; i < a->count; i++)
		for (size_t j = 0; j < a->steps[i].query_count; j++)
			visit(&a->steps[i].queries[j], user);
	for (size_t i = 0; i <= a->count; i++)
		for (size_t j = 0; j < a->gaps[i].count; j++)
			visit(&a->gaps[i].never[j], user);
	for (size_t i = 0; i < q->projected_count; i++)
		visit(&q->projected[i], user);
}

static void note_window(const struct ct_query *query, void *user)
{
	*(bool *) user |= has_window(query);
}

static void gather_one(const struct ct_query *query, void *user)
{
	ct_gather(query, user);
}

/* Each pattern has its own window: all their calls together, in order. */
static void gather_by_pattern(struct question *q)
{
	struct ct_call_list *events = &q->events;
	size_t kept = 0;

	for_each_query(q, gather_one, events);
	if (events->count)
		qsort_r(events->items, events->count, sizeof *events->items, by_entry, q->m->calls);
	for (size_t i = 0; i < events->count; i++)
		if (!kept || !ct_call_same(events->items[kept - 1], events->items[i]))
			events->items[kept++] = events->items[i];
	events->count = kept;
}

static void add_projected(const struct question *q, struct ct_functions *functions)
{
	for (size_t i = 0; i < q->projected_count; i++)
		for (size_t j = 0; j < q->projected[i].functions.count; j++) {
			uint32_t row = q->projected[i].functions.rows[j];
			bool there = false;

			for (size_t k = 0; k < functions->count; k++)
				there |= functions->rows[k] == row;
			if (there)
				continue;
			functions->rows = ct_realloc(functions->rows, (functions->count + 1) * sizeof *functions->rows);
			functions->rows[functions->count++] = row;
		}
}

static void gather(struct question *q)
{
	struct ct_functions functions;
	bool windows = false;

	for_each_query(q, note_window, &windows);
	if (windows) {
		gather_by_pattern(q);
		return;
	}
	ct_automaton_functions(&q->automaton, &functions);
	add_projected(q, &functions);
	ct_gather_functions(q->m, &functions, &q->events);
	ct_functions_deinit(&functions);
}

static void gather_children(const struct ct_matching *m, struct ct_call_id parent, struct ct_call_list *out)
{
	const struct ct_calls_thread *t = &m->calls->threads[parent.thread];

	for (uint32_t at = parent.number + 1; at < t->count && t->calls[at].parent == parent.number;) {
		if (t->calls[at].phase != CT_NO_PHASE)
			ct_call_list_add(out, (struct ct_call_id){ parent.thread, at });
		if (t->calls[at].last == CT_NO_NUMBER)
			return; /* it is active, so the last */
		at = t->calls[at].last + 1;
	}
}

/* --- messages --- */

static const char *where(const struct ct_step *step)
{
	return step->element->where;
}

static void add_step(const struct question *q, size_t i, const char *label, struct ct_text *out)
{
	const struct ct_step *step = &q->automaton.steps[i];

	ct_text_addf(out, "\n  %-7s", label);
	if (where(step))
		ct_text_addf(out, "%s: ", where(step));
	ct_step_show(step, &q->m->style, out);
}

static void add_taken(const struct question *q, const struct ct_run *run, size_t step, struct ct_text *out)
{
	size_t count = 0;

	for (size_t i = 0; i < run->taken_count; i++) {
		if (run->taken[i].step != step)
			continue;
		if (count++ == 0) {
			ct_text_add(out, "   ");
			ct_call_show(q->m->calls, run->taken[i].call, &q->m->style, out);
		}
	}
	if (count > 1)
		ct_text_addf(out, " and %zu more", count - 1);
}

/* Whether the element at hand could take the call if its turn had come. */
static bool is_of_step(const struct ct_step *step, const struct ct_matching *m, struct ct_call_id id)
{
	for (size_t i = 0; i < step->query_count; i++)
		if (ct_query_has_function(&step->queries[i], ct_call_function(m->calls, id)))
			return true;
	return false;
}

static bool is_taken(const struct ct_run *run, size_t event)
{
	for (size_t i = 0; i < run->taken_count; i++)
		if (run->taken[i].event == event)
			return true;
	return false;
}

/* The calls of the missing element's functions: those behind what was taken, else those before. */
static void say_missing(const struct question *q, const struct ct_run *run, struct ct_verdict *v)
{
	const struct ct_step *step = &q->automaton.steps[run->stuck];
	size_t behind = run->taken_count ? run->taken[run->taken_count - 1].event + 1 : 0;
	struct ct_call_list later = {0}, earlier = {0};

	for (size_t i = 0; i < q->events.count; i++)
		if (is_of_step(step, q->m, q->events.items[i]) && !is_taken(run, i))
			ct_call_list_add(i < behind ? &earlier : &later, q->events.items[i]);
	if (later.count && step->query_count == 1) {
		if (step->next)
			ct_text_add(&v->message, "\n          is not what comes immediately behind; what comes later:");
		ct_say_nearest(&step->queries[0], &later, v);
	} else if (later.count) {
		ct_text_add(&v->message, "\n          of them, called behind that:");
		ct_say_calls(q->m, &later, CT_NO_CALL, v);
	} else if (earlier.count) {
		ct_text_add(&v->message, behind ? "\n          not called after that; it was called before:" : "");
		ct_say_calls(q->m, &earlier, CT_NO_CALL, v);
	} else {
		ct_text_add(&v->message, behind && run->taken_count ? "\n          not called after that" : "\n          never called");
	}
	ct_call_list_deinit(&later);
	ct_call_list_deinit(&earlier);
}

/* Whether the element at hand did come, only that a call that was not to be lies before it. */
static bool is_spoilt(const struct question *q, const struct ct_run *run)
{
	const struct ct_step *step = &q->automaton.steps[run->stuck];
	bool behind = false, came = false;
	struct ct_view_of_call view;

	if (run->forbidden.number == CT_NO_NUMBER || run->forbidden_gap != run->stuck || run->stuck >= q->automaton.count
	    || step->query_count != 1)
		return false;
	ct_view_init(&view, q->m->calls);
	for (size_t i = 0; i < q->events.count && !came; i++) {
		struct ct_call_id id = q->events.items[i];

		came = behind && is_of_step(step, q->m, id)
		       && ct_query_test(&step->queries[0], id, &view, NULL, NULL, NULL) == CT_ANSWER_YES;
		behind |= ct_call_same(id, run->forbidden);
	}
	ct_view_deinit(&view);
	return came;
}

static void say_forbidden(const struct question *q, const struct ct_run *run, struct ct_verdict *v)
{
	const struct ct_gap *gap = &q->automaton.gaps[run->forbidden_gap];

	ct_text_add(&v->message, "\n  not    ");
	if (gap->elements[0]->where)
		ct_text_addf(&v->message, "%s: ", gap->elements[0]->where);
	ct_pattern_show(gap->elements[0]->pattern, &q->m->style, &v->message);
	ct_text_add(&v->message, ", but it was called there:");
	ct_say_call(q->m, run->forbidden, "         ", false, v);
}

static void say_steps(const struct question *q, const struct ct_run *run, bool spoilt, struct ct_verdict *v)
{
	size_t first = run->stuck > SHOWN_STEPS ? run->stuck - SHOWN_STEPS : 0;

	if (first)
		ct_text_addf(&v->message, "\n  ok     %zu more before", first);
	for (size_t i = first; i < q->automaton.count && i < run->stuck + SHOWN_STEPS; i++) {
		if (i == run->stuck && spoilt)
			say_forbidden(q, run, v);
		add_step(q, i, i < run->stuck ? "ok" : i == run->stuck && !spoilt ? "MISSED" : "--", &v->message);
		add_taken(q, run, i, &v->message);
		if (i == run->stuck && !spoilt)
			say_missing(q, run, v);
	}
}

/* "open_socket  send_syn x3  close_socket": all of them at a glance. */
static void say_overview(const struct question *q, struct ct_verdict *v)
{
	size_t limit = v->message.length + 600, run = 0;
	const char *last = NULL;

	if (!q->events.count)
		return;
	ct_text_add(&v->message, "\n  calls of these functions, in order:\n    ");
	for (size_t i = 0; i < q->events.count && v->message.length < limit; i++) {
		const char *name = q->m->calls->functions[ct_call_function(q->m->calls, q->events.items[i])].name;

		if (name == last) {
			run++;
			continue;
		}
		if (run > 1)
			ct_text_addf(&v->message, " x%zu", run);
		ct_text_add(&v->message, last ? "  " : "");
		ct_bare_name_show(name, &q->m->style, &v->message);
		last = name;
		run = 1;
	}
	if (v->message.length >= limit)
		ct_text_add(&v->message, " ...");
	else if (run > 1)
		ct_text_addf(&v->message, " x%zu", run);
	ct_say_threads(&q->events, v);
}

/* "call order not met: abort was called between open and close" */
static void say_between(const struct question *q, const struct ct_run *run, enum ct_verdict_kind kind)
{
	struct ct_verdict *v = q->v;

	ct_say(v, kind, "call order not met: ");
	ct_pattern_show(q->automaton.gaps[run->forbidden_gap].elements[0]->pattern, &q->m->style, &v->message);
	ct_text_add(&v->message, run->stuck ? " was called between " : " was called before ");
	if (run->stuck) {
		ct_step_show(&q->automaton.steps[run->stuck - 1], &q->m->style, &v->message);
		ct_text_add(&v->message, " and ");
	}
	ct_step_show(&q->automaton.steps[run->stuck], &q->m->style, &v->message);
}

static void say_loose(const struct question *q, const struct ct_run *run, enum ct_verdict_kind kind)
{
	struct ct_verdict *v = q->v;
	bool spoilt = is_spoilt(q, run);

	if (spoilt) {
		say_between(q, run, kind);
	} else if (run->stuck < q->automaton.count) {
		struct ct_text step = {0};

		ct_step_show(&q->automaton.steps[run->stuck], &q->m->style, &step);
		ct_say(v, kind, "call order not met: matched %zu of %zu, missing %s", run->stuck,
		       q->automaton.count, step.data);
		ct_text_deinit(&step);
	} else {
		ct_say(v, kind, "call order not met: a call came that was not to come");
	}
	say_steps(q, run, spoilt, v);
	if (run->forbidden.number != CT_NO_NUMBER && !spoilt)
		say_forbidden(q, run, v);
	say_overview(q, v);
}

/* What was wanted in the place of a call; CT_NO_CALL: there was none any more. */
static void say_wrong(const struct question *q, const struct ct_run *run, struct ct_call_id wrong, struct ct_verdict *v)
{
	const struct ct_step *step = &q->automaton.steps[run->stuck];
	struct ct_call_list one = { &wrong, 1, 1 };
	bool alike = wrong.number != CT_NO_NUMBER && run->stuck < q->automaton.count && step->query_count == 1
	             && is_of_step(step, q->m, wrong);

	if (run->stuck == q->automaton.count)
		ct_text_add(&v->message, "\n  wanted no more calls");
	else if (!alike || where(step))
		add_step(q, run->stuck, "wanted", &v->message);
	if (alike)
		ct_say_nearest(&step->queries[0], &one, v);
	else if (wrong.number != CT_NO_NUMBER)
		ct_say_call(q->m, wrong, "got    ", false, v);
}

static void say_exact(const struct question *q, const struct ct_run *run, enum ct_verdict_kind kind)
{
	struct ct_call_id wrong = CT_NO_CALL;
	struct ct_verdict *v = q->v;

	if (run->failed_at < q->events.count) {
		wrong = q->events.items[run->failed_at];
		ct_say(v, kind, "call sequence not met: call %zu of %zu is another", run->failed_at + 1, q->events.count);
	} else {
		ct_say(v, kind, "call sequence not met: it ends behind %zu call%s", q->events.count,
		       q->events.count == 1 ? "" : "s");
	}
	say_wrong(q, run, wrong, v);
	if (q->events.count) {
		ct_text_add(&v->message, "\n  all calls:");
		ct_say_calls(q->m, &q->events, wrong, v);
		ct_say_threads(&q->events, v);
	}
}

/* --- one run --- */

static void say_unknown(const struct question *q, const struct ct_run *run)
{
	ct_text_add(&q->v->message, "\n  this call is unclear, as a value that is asked for is not known:");
	ct_say_call(q->m, run->unknown, "         ", false, q->v);
}

static void say_unmet(const struct question *q, const struct ct_run *run)
{
	bool unclear = run->unknown.number != CT_NO_NUMBER;
	enum ct_verdict_kind kind = unclear ? CT_VERDICT_INCONCLUSIVE : CT_VERDICT_UNMET;

	if (run->stuck < q->automaton.count)
		q->v->where = where(&q->automaton.steps[run->stuck]);
	if (q->automaton.exact)
		say_exact(q, run, kind);
	else
		say_loose(q, run, kind);
	if (unclear)
		say_unknown(q, run);
	else
		ct_say_missing(q->m, q->v);
}

static void keep_variables(const struct question *q, const struct ct_run *run)
{
	struct ct_variables *variables = q->list->variables;
	struct ct_arena old;

	if (!variables)
		return;
	old = variables->arena;
	variables->arena = (struct ct_arena){0};
	variables->items = ct_arena_alloc(&variables->arena, (run->bound_count + 1) * sizeof *variables->items);
	for (size_t i = 0; i < run->bound_count; i++) {
		struct ct_datum *value = ct_arena_alloc(&variables->arena, sizeof *value);

		*value = ct_datum_copy(&variables->arena, run->bound[i].value);
		variables->items[i] = (struct ct_binding){ run->bound[i].name, value };
	}
	variables->count = run->bound_count;
	ct_arena_deinit(&old);
}

static void take(const struct question *q, const struct ct_run *run)
{
	for (size_t i = 0; i < run->taken_count; i++)
		ct_mark_verified(q->m, run->taken[i].call);
	keep_variables(q, run);
	if (q->automaton.exact || q->automaton.gaps[q->automaton.count].count)
		ct_absent(q->m, q->v);
	else
		ct_met(q->v);
}

static void run_on(const struct question *q, struct ct_run *run)
{
	struct ct_bindings bound = {0};

	if (q->list->variables)
		bound = (struct ct_bindings){ q->list->variables->items, q->list->variables->count };
	ct_automaton_run(&q->automaton, &q->events, &bound, run, q->v);
}

static void judge_all(struct question *q)
{
	struct ct_run run;

	gather(q);
	run_on(q, &run);
	if (run.matched)
		take(q, &run);
	else if (!run.error)
		say_unmet(q, &run);
	ct_run_deinit(&run);
}

/* --- within one call --- */

static void gather_activations(struct question *q, struct ct_call_list *out)
{
	struct ct_bindings bound = {0};
	struct ct_view_of_call view;
	struct ct_call_list calls = {0};

	if (q->list->variables)
		bound = (struct ct_bindings){ q->list->variables->items, q->list->variables->count };
	ct_view_init(&view, q->m->calls);
	ct_gather(&q->within, &calls);
	for (size_t i = 0; i < calls.count; i++)
		if (ct_query_test(&q->within, calls.items[i], &view, &bound, NULL, NULL) == CT_ANSWER_YES)
			ct_call_list_add(out, calls.items[i]);
	if (!out->count) {
		ct_say(q->v, CT_VERDICT_UNMET, calls.count ? "%s was never called like this" : "%s was never called", ct_query_name(&q->within));
		if (calls.count)
			ct_say_nearest(&q->within, &calls, q->v);
		ct_say_missing(q->m, q->v);
	}
	ct_call_list_deinit(&calls);
	ct_view_deinit(&view);
}

/* What lies within one activation, of what was gathered for all. */
static void narrow(const struct question *q, struct ct_call_id activation, struct question *inner)
{
	*inner = *q;
	inner->events = (struct ct_call_list){0};
	if (q->list->children) {
		gather_children(q->m, activation, &inner->events);
		return;
	}
	for (size_t i = 0; i < q->events.count; i++)
		if (ct_call_within(q->m->calls, q->events.items[i], activation))
			ct_call_list_add(&inner->events, q->events.items[i]);
}

static void say_activation(struct question *q, struct ct_call_id activation, size_t count)
{
	char prefix[48];

	snprintf(prefix, sizeof prefix, count > 1 ? "within the one of %zu that comes nearest: " : "within ", count);
	ct_say_call(q->m, activation, prefix, false, q->v);
}

static bool try_activation(struct question *q, struct ct_call_id activation, size_t *progress)
{
	struct question inner;
	struct ct_run run;
	bool done;

	narrow(q, activation, &inner);
	run_on(&inner, &run);
	if (run.matched)
		take(&inner, &run);
	done = run.matched || run.error;
	*progress = run.taken_count;
	ct_run_deinit(&run);
	ct_call_list_deinit(&inner.events);
	return done;
}

static void judge_within(struct question *q)
{
	struct ct_call_list activations = {0};
	struct ct_call_id nearest = CT_NO_CALL;
	size_t most = 0, progress;
	bool done = false;

	gather_activations(q, &activations);
	if (q->list->children && activations.count > 1) {
		ct_say(q->v, CT_VERDICT_ERROR, "%s was called %zu times: say which call is meant, by its number or its arguments",
		       ct_query_name(&q->within), activations.count);
		ct_say_calls(q->m, &activations, CT_NO_CALL, q->v);
		done = true;
	} else if (activations.count && !q->list->children) {
		gather(q);
	}
	for (size_t i = 0; i < activations.count && !done; i++) {
		done = try_activation(q, activations.items[i], &progress);
		if (i == 0 || progress > most) {
			most = progress;
			nearest = activations.items[i];
		}
	}
	if (!done && activations.count) {
		struct question inner;
		struct ct_run run;

		narrow(q, nearest, &inner);
		run_on(&inner, &run);
		say_unmet(&inner, &run);
		ct_run_deinit(&run);
		ct_call_list_deinit(&inner.events);
		say_activation(q, nearest, activations.count);
	}
	ct_call_list_deinit(&activations);
}

/* --- the entry points --- */

static bool begin(struct question *q)
{
	const struct ct_list *list = q->list;
	bool ok = ct_automaton_init(&q->automaton, q->m, list->items, list->count, list->exact, q->v);

	q->projected = ct_calloc(list->projected_count + 1, sizeof *q->projected);
	for (size_t i = 0; i < list->projected_count && ok; i++, q->projected_count++)
		ok = ct_query_init(&q->projected[i], q->m, list->projected[i], q->v);
	if (ok && list->within)
		ok = ct_query_init(&q->within, q->m, list->within, q->v);
	return ok;
}

bool ct_assert_list(struct ct_matching *m, const struct ct_list *list, struct ct_verdict *v)
{
	struct question q = { .m = m, .list = list, .v = v };

	if (begin(&q)) {
		ct_say(v, CT_VERDICT_UNMET, "not met");
		if (list->within)
			judge_within(&q);
		else
			judge_all(&q);
	}
	ct_say_done(m, v);
	for (size_t i = 0; i < q.projected_count; i++)
		ct_query_deinit(&q.projected[i]);
	free(q.projected);
	ct_query_deinit(&q.within);
	ct_automaton_deinit(&q.automaton);
	ct_call_list_deinit(&q.events);
	return v->kind == CT_VERDICT_MET;
}

bool ct_assert_order(struct ct_matching *m, const struct ct_element *list, size_t count, struct ct_verdict *v)
{
	struct ct_variables variables = {0};
	bool met = ct_assert_list(m, &(struct ct_list){ .items = list, .count = count, .variables = &variables }, v);

	ct_variables_deinit(&variables);
	return met;
}

bool ct_assert_sequence(struct ct_matching *m, const struct ct_element *list, size_t count, struct ct_verdict *v)
{
	struct ct_variables variables = {0};
	bool met = ct_assert_list(m, &(struct ct_list){ .items = list, .count = count, .exact = true,
	                                                .variables = &variables }, v);

	ct_variables_deinit(&variables);
	return met;
}

bool ct_assert_calls_of(struct ct_matching *m, const struct ct_pattern *caller,
                        const struct ct_element *list, size_t count, struct ct_verdict *v)
{
	struct ct_variables variables = {0};
	bool met = ct_assert_list(m, &(struct ct_list){ .items = list, .count = count, .exact = true,
	                                                .within = caller, .children = true,
	                                                .variables = &variables }, v);

	ct_variables_deinit(&variables);
	return met;
}
