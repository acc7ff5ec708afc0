/*
 * Lists of calls against calls: what the automaton finds, a search through all ways to distribute the
 * calls must find, and nothing else.
 */
#include "match_calls.h"

#include <stdlib.h>

enum { EVENTS = 7, ELEMENTS = 5, MOST_PICKS = 16 };

static const char *const names[] = { "a", "b", "c" };

/* --- random calls, random lists --- */

static uint64_t state;

static unsigned below(unsigned n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned) (state >> 33) % n;
}

static void make_calls(struct made *m, unsigned count)
{
	unsigned open = 0;

	for (unsigned i = 0; i < count; i++) {
		while (open && below(3) == 0) {
			made_leave(m, NULL);
			open--;
		}
		made_enter(m, names[below(3)],
		           below(2) ? "[{\"name\":\"n\",\"type\":\"int\",\"value\":1}]" : "[{\"name\":\"n\",\"type\":\"int\",\"value\":2}]");
		open++;
	}
	for (; open; open--)
		made_leave(m, NULL);
}

static const struct ct_matcher arguments[] = {
	{ .kind = CT_MATCH_EQ, .a = { .kind = CT_OPERAND_INTEGER, .integer = 1 } },
	{ .kind = CT_MATCH_VARIABLE, .text = "$x" },
};

struct list {
	struct ct_element items[ELEMENTS], group[ELEMENTS][3];
	struct ct_pattern patterns[ELEMENTS], group_patterns[ELEMENTS][3];
	size_t count;
	bool exact;
};

static void make_pattern(struct ct_pattern *p, bool variables)
{
	*p = (struct ct_pattern){ .name = names[below(3)] };
	if (below(4) == 0) {
		p->has_arguments = true;
		p->arguments = &arguments[variables ? below(2) : 0];
		p->argument_count = 1;
	}
}

static void make_times(struct ct_element *e)
{
	static const uint32_t times[][2] = { { 0, 0 }, { 1, 1 }, { 2, 2 }, { 0, 1 }, { 0, UINT32_MAX }, { 1, UINT32_MAX }, { 1, 2 } };
	unsigned which = below(2) ? 0 : below(7);

	e->least = times[which][0];
	e->most = times[which][1];
}

static void make_list(struct list *l)
{
	memset(l, 0, sizeof *l);
	l->count = 1 + below(ELEMENTS);
	l->exact = below(2);
	for (size_t i = 0; i < l->count; i++) {
		struct ct_element *e = &l->items[i];
		unsigned kind = below(8);

		e->kind = kind == 0 ? CT_ELEMENT_NEVER : kind == 1 && i ? CT_ELEMENT_NEXT : kind == 2 ? CT_ELEMENT_UNORDERED
		          : kind == 3 && l->exact ? CT_ELEMENT_GAP : CT_ELEMENT_CALL;
		make_pattern(&l->patterns[i], e->kind == CT_ELEMENT_CALL);
		e->pattern = &l->patterns[i];
		if (e->kind == CT_ELEMENT_CALL || e->kind == CT_ELEMENT_NEXT)
			make_times(e);
		if (e->kind != CT_ELEMENT_UNORDERED)
			continue;
		e->items = l->group[i];
		e->count = 1 + below(3);
		for (size_t j = 0; j < e->count; j++) {
			make_pattern(&l->group_patterns[i][j], false);
			l->group[i][j].pattern = &l->group_patterns[i][j];
			make_times(&l->group[i][j]);
		}
	}
}

/* --- the search --- */

/* Each event of the list's functions goes to an element, or to none. */
struct search {
	const struct made *m;
	const struct list *l;
	struct ct_call_id events[EVENTS];
	size_t count;
	int element[EVENTS], item[EVENTS]; /* -1: none */
};

static bool has_value(const struct search *s, size_t event, int value)
{
	const char *json = (const char *) (uintptr_t) ct_calls_value(&s->m->calls, s->events[event], 0);

	return (strstr(json, "\"value\":1") ? 1 : 2) == value;
}

/* Without variables. */
static bool may_be(const struct search *s, size_t event, const struct ct_pattern *p)
{
	if (strcmp(p->name, s->m->calls.functions[ct_call_function(&s->m->calls, s->events[event])].name) != 0)
		return false;
	return !p->has_arguments || p->arguments != &arguments[0] || has_value(s, event, 1);
}

static void bounds(const struct ct_element *e, uint32_t *least, uint32_t *most)
{
	*least = e->least;
	*most = e->most;
	if (!*least && !*most)
		*least = *most = 1;
}

static bool counts_fit(const struct search *s)
{
	for (size_t i = 0; i < s->l->count; i++) {
		const struct ct_element *e = &s->l->items[i];
		size_t items = e->kind == CT_ELEMENT_UNORDERED ? e->count : 1;

		if (e->kind == CT_ELEMENT_NEVER || e->kind == CT_ELEMENT_GAP)
			continue;
		for (size_t j = 0; j < items; j++) {
			uint32_t least, most, count = 0;

			bounds(e->kind == CT_ELEMENT_UNORDERED ? &e->items[j] : e, &least, &most);
			for (size_t k = 0; k < s->count; k++)
				count += s->element[k] == (int) i && s->item[k] == (int) j;
			if (count < least || count > most)
				return false;
		}
	}
	return true;
}

/* Where in the list an event that no element took lies: between which elements. */
static void gap_of(const struct search *s, size_t event, int *from, int *to)
{
	*from = -1;
	*to = (int) s->l->count;
	for (size_t k = 0; k < event; k++)
		if (s->element[k] >= 0)
			*from = s->element[k];
	for (size_t k = s->count; k-- > event + 1;)
		if (s->element[k] >= 0)
			*to = s->element[k];
}

static bool lies_well(const struct search *s, size_t event)
{
	bool allowed = !s->l->exact;
	int from, to;

	gap_of(s, event, &from, &to);
	if (from == to)
		return !s->l->exact; /* between two calls of one element */
	for (int i = from + 1; i < to; i++) {
		if (s->l->items[i].kind == CT_ELEMENT_NEVER && may_be(s, event, s->l->items[i].pattern))
			return false;
		allowed |= s->l->items[i].kind == CT_ELEMENT_GAP;
	}
	return allowed;
}

static bool is_next(const struct search *s, size_t event)
{
	for (size_t k = event; k-- > 0;)
		if (s->element[k] >= 0)
			return ct_call_same(ct_call_previous(&s->m->calls, s->events[event]), s->events[k]);
	return false;
}

static bool variables_fit(const struct search *s)
{
	int value = 0;

	for (size_t k = 0; k < s->count; k++) {
		const struct ct_pattern *p = s->element[k] >= 0 ? s->l->items[s->element[k]].pattern : NULL;

		if (!p || s->l->items[s->element[k]].kind == CT_ELEMENT_UNORDERED || p->arguments != &arguments[1])
			continue;
		if (value && !has_value(s, k, value))
			return false;
		value = has_value(s, k, 1) ? 1 : 2;
	}
	return true;
}

static bool is_right(const struct search *s)
{
	if (!counts_fit(s) || !variables_fit(s))
		return false;
	for (size_t k = 0; k < s->count; k++) {
		if (s->element[k] < 0 ? !lies_well(s, k)
		                      : s->l->items[s->element[k]].kind == CT_ELEMENT_NEXT && !is_next(s, k))
			return false;
	}
	return true;
}

/* All ways to give the events from `event` on to elements, never to an earlier one. */
static bool distribute(struct search *s, size_t event, int first)
{
	if (event == s->count)
		return is_right(s);
	s->element[event] = s->item[event] = -1;
	if (distribute(s, event + 1, first))
		return true;
	for (int i = first; i < (int) s->l->count; i++) {
		const struct ct_element *e = &s->l->items[i];

		if (e->kind == CT_ELEMENT_NEVER || e->kind == CT_ELEMENT_GAP)
			continue;
		for (size_t j = 0; j < (e->kind == CT_ELEMENT_UNORDERED ? e->count : 1); j++) {
			if (!may_be(s, event, e->kind == CT_ELEMENT_UNORDERED ? e->items[j].pattern : e->pattern))
				continue;
			s->element[event] = i;
			s->item[event] = (int) j;
			if (distribute(s, event + 1, i))
				return true;
		}
	}
	s->element[event] = s->item[event] = -1;
	return false;
}

static bool is_named(const struct list *l, const char *name)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct ct_element *e = &l->items[i];

		if (e->kind == CT_ELEMENT_GAP)
			continue;
		if (e->kind != CT_ELEMENT_UNORDERED && strcmp(e->pattern->name, name) == 0)
			return true;
		for (size_t j = 0; e->kind == CT_ELEMENT_UNORDERED && j < e->count; j++)
			if (strcmp(e->items[j].pattern->name, name) == 0)
				return true;
	}
	return false;
}

static bool search(const struct made *m, const struct list *l)
{
	struct search s = { .m = m, .l = l };

	for (uint32_t i = 0; i < m->calls.threads[0].count; i++) {
		struct ct_call_id id = { 0, i };

		if (is_named(l, m->calls.functions[ct_call_function(&m->calls, id)].name))
			s.events[s.count++] = id;
	}
	return distribute(&s, 0, 0);
}

/* --- both --- */

static void describe(const struct made *m, const struct list *l, struct ct_text *out)
{
	static const char *const kinds[] = { "call", "next", "unordered", "never", "gap" };
	static const struct ct_style style = {0};

	ct_text_addf(out, "%s:", l->exact ? "exact" : "loose");
	for (size_t i = 0; i < l->count; i++) {
		const struct ct_element *e = &l->items[i];

		ct_text_addf(out, " %s ", kinds[e->kind]);
		if (e->kind != CT_ELEMENT_UNORDERED && e->kind != CT_ELEMENT_GAP)
			ct_pattern_show(e->pattern, &style, out);
		ct_text_addf(out, " x%u..%d;", e->least, (int) e->most);
		for (size_t j = 0; e->kind == CT_ELEMENT_UNORDERED && j < e->count; j++) {
			ct_pattern_show(e->items[j].pattern, &style, out);
			ct_text_addf(out, " x%u..%d,", e->items[j].least, (int) e->items[j].most);
		}
	}
	ct_text_add(out, "\n   ");
	for (uint32_t i = 0; i < m->calls.threads[0].count; i++) {
		struct ct_call_id id = { 0, i };

		ct_text_addf(out, " %u^%d:", i, (int) m->calls.threads[0].calls[i].parent);
		ct_call_show(&m->calls, id, &style, out);
	}
}

static bool asserted(struct made *m, const struct list *l, struct ct_text *message)
{
	struct ct_matching matching;
	struct ct_verdict v = {0};
	bool met;

	ct_matching_init(&matching, &m->calls, NULL);
	met = l->exact ? ct_assert_sequence(&matching, l->items, l->count, &v)
	               : ct_assert_order(&matching, l->items, l->count, &v);
	cr_assert_eq(met, v.kind == CT_VERDICT_MET);
	cr_assert(v.kind == CT_VERDICT_MET || v.kind == CT_VERDICT_UNMET, "%s", v.message.data);
	if (v.message.data)
		ct_text_add(message, v.message.data);
	ct_verdict_deinit(&v);
	ct_matching_deinit(&matching);
	return met;
}

Test(match_lists, as_all_ways_together)
{
	unsigned met = 0;

	for (unsigned round = 0; round < 20000; round++) {
		struct ct_text message = {0};
		struct list l;
		struct made m;
		bool found, expected;

		state = round;
		below(2);
		made_begin(&m, "a", "b", "c", NULL);
		make_list(&l);
		make_calls(&m, below(EVENTS + 1));
		found = asserted(&m, &l, &message);
		expected = search(&m, &l);
		if (found != expected)
			describe(&m, &l, &message);
		cr_assert_eq(found, expected, "round %u: found %d, expected %d\n%s", round, found, expected,
		             message.data ? message.data : "");
		met += found;
		ct_text_deinit(&message);
		made_end(&m);
	}
	cr_assert(met > 2000 && met < 18000, "%u of 20000 lists were met: that says little", met);
}

/* Each pattern has its own window, and its calls lie in several threads: what was gathered before stays. */
Test(match_lists, windows_of_their_own_over_threads)
{
	struct ct_pattern before = { .name = "a", .phases = 1u << CT_PHASE_SETUP }, b = { .name = "b" }, c = { .name = "c" };
	struct list l = { .items = { { .pattern = &before, .least = 2, .most = 2 }, { .pattern = &b, .least = 3, .most = 3 },
	                             { .pattern = &c } }, .count = 3 };
	struct ct_text message = {0};
	struct made m;

	made_begin(&m, "a", "b", "c", NULL);
	ct_calls_add_thread(&m.calls, 101, "other", false);
	m.phase = CT_PHASE_SETUP;
	made_call(&m, "a", NULL, NULL);
	made_call(&m, "a", NULL, NULL);
	m.phase = CT_PHASE_BODY;
	for (unsigned i = 0; i < 3; i++) {
		m.thread = i & 1;
		made_call(&m, "b", NULL, NULL);
	}
	made_call(&m, "c", NULL, NULL);
	cr_expect(asserted(&m, &l, &message), "%s", message.data ? message.data : "");
	l.items[1].least = l.items[1].most = 2;
	l.exact = true;
	cr_expect_not(asserted(&m, &l, &message));
	ct_text_deinit(&message);
	made_end(&m);
}
