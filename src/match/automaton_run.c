/* automaton_run.c - one call after the other, all states at once. */
#include "match/automaton_run.h"

#include <stdlib.h>
#include <string.h>

/* --- counts --- */

static uint32_t count_at(ct_counts counts, size_t item)
{
	return (uint32_t) (counts >> 8 * item) & 255;
}

static void item_bounds(const struct ct_step *step, size_t item, uint32_t *least, uint32_t *most)
{
	const struct ct_element *e = &step->element->items[item];

	*least = e->least;
	*most = e->most;
	if (!*least && !*most)
		*least = *most = 1;
}

static bool is_group(const struct ct_step *step)
{
	return step->element->kind == CT_ELEMENT_UNORDERED;
}

/* Whether what the step asks for has been there. */
static bool satisfied(const struct ct_step *step, ct_counts counts)
{
	if (!is_group(step))
		return counts >= step->least;
	for (size_t i = 0; i < step->query_count; i++) {
		uint32_t least, most;

		item_bounds(step, i, &least, &most);
		if (count_at(counts, i) < least)
			return false;
	}
	return true;
}

/* One more, unless that is too many; beyond what is asked for nothing needs counting. */
static bool count_one(uint32_t least, uint32_t most, uint32_t *count)
{
	if (most != UINT32_MAX) {
		if (*count >= most)
			return false;
		++*count;
	} else if (*count < least || *count == 0) {
		++*count;
	}
	return true;
}

static bool count_up(const struct ct_step *step, size_t item, ct_counts *counts)
{
	uint32_t least = step->least, most = step->most, count = (uint32_t) *counts;

	if (!is_group(step)) {
		if (!count_one(least, most, &count))
			return false;
		*counts = count;
		return true;
	}
	item_bounds(step, item, &least, &most);
	count = count_at(*counts, item);
	if (!count_one(least, most, &count))
		return false;
	*counts = (*counts & ~((ct_counts) 255 << 8 * item)) | (ct_counts) count << 8 * item;
	return true;
}

/* Whether it can take no more. */
static bool is_full(const struct ct_step *step, ct_counts counts)
{
	if (!is_group(step))
		return step->most != UINT32_MAX && counts >= step->most;
	for (size_t i = 0; i < step->query_count; i++) {
		uint32_t least, most;

		item_bounds(step, i, &least, &most);
		if (most == UINT32_MAX || count_at(counts, i) < most)
			return false;
	}
	return true;
}

/* --- states --- */

/* Whether a NEXT can be what is taken next, so that it matters what was taken last. */
static bool next_may_come(const struct ct_automaton *a, size_t step)
{
	for (; step < a->count; step++) {
		if (a->steps[step].next)
			return true;
		if (!satisfied(&a->steps[step], 0))
			return false;
	}
	return false;
}

static bool is_further(const struct ct_state *s, const struct ct_state *than)
{
	return s->step != than->step ? s->step > than->step : s->counts > than->counts;
}

/*
 * With all that can be passed over from there. That is done where something was taken, even if that leads to a
 * state that there is already, and not again when calls go by: what forbids a call begins to do so right behind
 * what was taken.
 */
static void add_closed(struct ct_running *r, struct ct_states *set, struct ct_state s)
{
	const struct ct_automaton *a = r->a;

	for (;;) {
		const struct ct_step *step = &a->steps[s.step];

		if (!next_may_come(a, s.step) && !(s.counts && next_may_come(a, s.step + 1)))
			s.last = CT_NO_CALL;
		if (is_further(&s, &r->furthest))
			r->furthest = s;
		if (s.step == a->count || !is_full(step, s.counts))
			ct_states_add(r, set, &s);
		if (s.step == a->count || !satisfied(step, s.counts))
			return;
		if (s.counts)
			s.gap = s.step + 1;
		s.counts = 0;
		s.step++;
	}
}

/* --- tests --- */

static bool is_match(struct ct_running *r, const struct ct_query *q, struct ct_call_id id, uint32_t bound,
                     struct ct_fresh *fresh)
{
	struct ct_bindings bindings = { r->bound[bound].items, r->bound[bound].count };
	enum ct_answer answer;
	struct ct_match match;

	if (!ct_query_has_function(q, ct_call_function(r->a->m->calls, id)) || !ct_query_in_window(q, id))
		return false;
	answer = ct_query_test(q, id, &r->view, &bindings, fresh, NULL);
	if (answer == CT_ANSWER_INCONCLUSIVE && r->run->unknown.number == CT_NO_NUMBER)
		r->run->unknown = id;
	if (answer == CT_ANSWER_NEVER && !r->run->error) {
		r->run->error = true;
		ct_query_test(q, id, &r->view, &bindings, NULL, &match);
		ct_say(r->v, CT_VERDICT_ERROR, "what is asked of %s can never be: %s", ct_query_name(q),
		       match.reason.data ? match.reason.data : "?");
		ct_say_call(r->a->m, id, "called   ", false, r->v);
		ct_text_deinit(&match.reason);
	}
	return answer == CT_ANSWER_YES;
}

/* What may be a forbidden call is taken for one: then nothing is said to be right that is not. */
static bool is_forbidden(struct ct_running *r, const struct ct_state *s, struct ct_call_id id)
{
	struct ct_call_id unknown = r->run->unknown;

	for (size_t g = s->gap; g <= s->step; g++)
		for (size_t i = 0; i < r->a->gaps[g].count; i++) {
			r->run->unknown = CT_NO_CALL;
			if (is_match(r, &r->a->gaps[g].never[i], id, s->bound, NULL)
			    || r->run->unknown.number != CT_NO_NUMBER) {
				if (r->run->unknown.number == CT_NO_NUMBER)
					r->run->unknown = unknown;
				r->run->forbidden = id;
				r->run->forbidden_gap = g;
				return true;
			}
			r->run->unknown = unknown;
		}
	return false;
}

/* --- one call --- */

static void take(struct ct_running *r, const struct ct_state *s, size_t event)
{
	struct ct_call_id id = r->events->items[event];
	const struct ct_step *step = &r->a->steps[s->step];

	if (s->step == r->a->count)
		return;
	if (step->next && (s->last.number == CT_NO_NUMBER || !ct_call_same(ct_call_previous(r->a->m->calls, id), s->last)))
		return;
	for (size_t i = 0; i < step->query_count; i++) {
		struct ct_state to = *s;
		struct ct_fresh fresh = {0};

		if (!count_up(step, i, &to.counts) || !is_match(r, &step->queries[i], id, s->bound, &fresh))
			continue;
		to.bound = ct_bound_with(r, s->bound, &fresh);
		to.gap = s->step;
		to.last = id;
		to.way = ct_way_add(r, event, s->step, s->way);
		add_closed(r, &r->then, to);
	}
}

static bool gap_allowed(const struct ct_automaton *a, const struct ct_state *s)
{
	for (size_t g = s->gap; g <= s->step; g++)
		if (a->gaps[g].allowed)
			return true;
	return false;
}

/* What waits for the sibling behind a call waits in vain once that would have been there. */
static bool is_hopeless(const struct ct_running *r, const struct ct_state *s, struct ct_call_id id)
{
	uint32_t last;

	if (s->step == r->a->count || !r->a->steps[s->step].next || s->last.thread != id.thread)
		return false;
	last = ct_call_at(r->a->m->calls, s->last)->last;
	return last != CT_NO_NUMBER && id.number > last;
}

static void pass_by(struct ct_running *r, const struct ct_state *s, struct ct_call_id id)
{
	if (is_hopeless(r, s, id))
		return;
	if (r->a->exact && (s->counts || !gap_allowed(r->a, s)))
		return;
	if (!s->counts && is_forbidden(r, s, id))
		return;
	ct_states_add(r, &r->then, s);
}

/* --- states that are of no use --- */

static bool is_guarded(const struct ct_automaton *a, const struct ct_state *s)
{
	if (s->counts)
		return false;
	for (size_t g = s->gap; g <= s->step; g++)
		if (a->gaps[g].count)
			return true;
	return false;
}

/*
 * Whoever is at this state can do all that those can who are still before it. Not where the element need not
 * come (any more): who gets here later may pass it over then.
 */
static bool dominates(const struct ct_automaton *a, const struct ct_state *s)
{
	if (is_guarded(a, s))
		return false;
	return s->step == a->count || (!a->steps[s->step].next && !is_group(&a->steps[s->step])
	                               && !satisfied(&a->steps[s->step], s->counts));
}

static void drop_dominated(struct ct_running *r)
{
	struct ct_states *set = &r->then;
	struct ct_state best, *items = set->items;
	size_t found = set->count, kept = 0;

	for (size_t i = 0; i < set->count; i++)
		if (dominates(r->a, &items[i]) && (found == set->count || is_further(&items[i], &items[found])))
			found = i;
	if (found == set->count)
		return;
	best = items[found];
	ct_states_clear(&r->now); /* is not needed any more: what stays moves there */
	for (size_t i = 0; i < set->count; i++)
		if (items[i].bound != best.bound || !is_further(&best, &items[i])) {
			ct_states_add(r, &r->now, &items[i]);
			kept++;
		}
	ct_states_clear(set);
	for (size_t i = 0; i < kept; i++)
		ct_states_add(r, set, &r->now.items[i]);
}

/* --- the run --- */

static const struct ct_state *accepting(const struct ct_running *r, bool for_good)
{
	for (size_t i = 0; i < r->now.count; i++)
		if (r->now.items[i].step == r->a->count && !(for_good && is_guarded(r->a, &r->now.items[i])))
			return &r->now.items[i];
	return NULL;
}

/* False: the end is reached. */
static bool advance(struct ct_running *r, size_t event)
{
	struct ct_states swap;

	ct_states_clear(&r->then);
	for (size_t i = 0; i < r->now.count && !r->run->error; i++) {
		struct ct_state s = r->now.items[i];

		take(r, &s, event);
		pass_by(r, &s, r->events->items[event]);
	}
	if (!r->a->exact && r->then.count > 1)
		drop_dominated(r);
	if (r->a->exact && r->then.count == 0) {
		r->dead_end = event;
		return false;
	}
	swap = r->now;
	r->now = r->then;
	r->then = swap;
	return !r->run->error && r->now.count && (r->a->exact || !accepting(r, true));
}

static const struct ct_state *furthest_now(const struct ct_running *r)
{
	const struct ct_state *best = &r->now.items[0];

	for (size_t i = 1; i < r->now.count; i++)
		if (is_further(&r->now.items[i], best))
			best = &r->now.items[i];
	return best;
}

static void tell_bound(struct ct_running *r, uint32_t row)
{
	r->run->bound = r->bound[row].items;
	r->run->bound_count = r->bound[row].count;
}

static void finish(struct ct_running *r)
{
	struct ct_run *run = r->run;
	const struct ct_state *accepted = r->dead_end == SIZE_MAX ? accepting(r, false) : NULL;
	struct ct_state furthest = r->furthest;

	run->failed_at = r->dead_end == SIZE_MAX ? r->events->count : r->dead_end;
	if (r->a->exact && r->now.count)
		furthest = *furthest_now(r);
	if (accepted) {
		run->matched = true;
		furthest = *accepted;
		tell_bound(r, accepted->bound);
	}
	run->stuck = furthest.step;
	ct_way_tell(r, furthest.way);
}

void ct_automaton_run(const struct ct_automaton *a, const struct ct_call_list *events,
                      const struct ct_bindings *bound, struct ct_run *run, struct ct_verdict *v)
{
	struct ct_running r = { .a = a, .events = events, .run = run, .v = v, .dead_end = SIZE_MAX };
	struct ct_state start = { .way = CT_NO_WAY, .last = CT_NO_CALL };

	*run = (struct ct_run){ .unknown = CT_NO_CALL, .forbidden = CT_NO_CALL };
	ct_view_init(&r.view, a->m->calls);
	r.bound = ct_calloc(1, sizeof *r.bound);
	r.bound_count = 1;
	if (bound && bound->count) {
		r.bound[0].items = ct_arena_alloc(&run->arena, bound->count * sizeof *bound->items);
		memcpy(r.bound[0].items, bound->items, bound->count * sizeof *bound->items);
		r.bound[0].count = bound->count;
	}
	r.furthest = start;
	add_closed(&r, &r.now, start);
	if (!accepting(&r, true) || a->exact)
		for (size_t i = 0; i < events->count; i++)
			if (!advance(&r, i))
				break;
	finish(&r);
	ct_states_deinit(&r.now);
	ct_states_deinit(&r.then);
	free(r.ways);
	free(r.bound);
	ct_view_deinit(&r.view);
}

void ct_run_deinit(struct ct_run *run)
{
	free(run->taken);
	ct_arena_deinit(&run->arena);
}
