/* gather.c - calls of some functions, of all threads, in the order of their entry. */
#include <stdlib.h>
#include <string.h>

#include "match/query.h"

void ct_call_list_add(struct ct_call_list *list, struct ct_call_id id)
{
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? list->capacity * 2 : 64;
		list->items = ct_realloc(list->items, list->capacity * sizeof *list->items);
	}
	list->items[list->count++] = id;
}

void ct_call_list_deinit(struct ct_call_list *list)
{
	free(list->items);
	*list = (struct ct_call_list){0};
}

/* --- windows --- */

static uint32_t phases_of(const struct ct_matching *m, const struct ct_pattern *p)
{
	if (p && p->phases)
		return p->phases;
	return m->phases ? m->phases : 1u << CT_PHASE_PROGRAM | 1u << CT_PHASE_BODY;
}

static bool in_window(const struct ct_matching *m, const struct ct_pattern *p, struct ct_call_id id)
{
	const struct ct_call *call = ct_call_at(m->calls, id);

	return (phases_of(m, p) >> call->phase & 1)
	       && (!m->iteration || ct_call_iteration(m->calls, id) == m->iteration)
	       && call->start >= m->since && (!p || call->start >= p->since)
	       && (!m->until || call->start <= m->until);
}

static bool on_thread(const struct ct_matching *m, const struct ct_pattern *p, uint32_t thread)
{
	bool own = p && p->thread != CT_THREAD_ANY;

	switch (own ? p->thread : m->thread) {
	case CT_THREAD_TEST: return m->calls->threads[thread].is_test;
	case CT_THREAD_OTHER: return !m->calls->threads[thread].is_test;
	case CT_THREAD_NUMBER: return thread == (own ? p->thread_number : m->thread_number);
	default: return true;
	}
}

bool ct_query_in_window(const struct ct_query *q, struct ct_call_id id)
{
	return on_thread(q->m, q->p, id.thread) && in_window(q->m, q->p, id);
}

/* --- merging --- */

static void reverse(struct ct_call_id *items, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		struct ct_call_id one = items[i];

		items[i] = items[count - 1 - i];
		items[count - 1 - i] = one;
	}
}

/* Merges the two runs [0, middle) and [middle, count) into `to`. */
static void merge(const struct ct_calls *calls, const struct ct_call_id *from, size_t middle, size_t count,
                  struct ct_call_id *to)
{
	size_t a = 0, b = middle;

	while (a < middle && b < count)
		*to++ = ct_call_before(calls, from[b], from[a]) ? from[b++] : from[a++];
	memcpy(to, from + a, (middle - a) * sizeof *to);
	memcpy(to + (middle - a), from + b, (count - b) * sizeof *to);
}

/* `runs` are where the sorted parts begin; there is at least one. */
static void merge_runs(const struct ct_calls *calls, struct ct_call_id *items, size_t count, size_t *runs,
                       size_t run_count)
{
	struct ct_call_id *other = ct_alloc((count + 1) * sizeof *other), *from = items, *to = other, *swap;

	while (run_count > 1) {
		size_t left = 0;

		for (size_t i = 0; i < run_count; i += 2) {
			size_t begin = runs[i], middle = i + 1 < run_count ? runs[i + 1] : count;
			size_t end = i + 2 < run_count ? runs[i + 2] : count;

			merge(calls, from + begin, middle - begin, end - begin, to + begin);
			runs[left++] = begin;
		}
		run_count = left;
		swap = from;
		from = to;
		to = swap;
	}
	if (from != items)
		memcpy(items, from, count * sizeof *items);
	free(other);
}

struct runs {
	size_t *begins, count, capacity;
};

static void end_run(struct runs *runs, struct ct_call_list *out, size_t begin)
{
	if (out->count == begin)
		return;
	reverse(out->items + begin, out->count - begin);
	if (runs->count == runs->capacity) {
		runs->capacity = runs->capacity ? runs->capacity * 2 : 16;
		runs->begins = ct_realloc(runs->begins, runs->capacity * sizeof *runs->begins);
	}
	runs->begins[runs->count++] = begin;
}

/* What was gathered just now. There may be others in the list, of another pattern: they stay as they are. */
static void merge_new(const struct ct_calls *calls, struct ct_call_list *out, struct runs *runs)
{
	size_t base = runs->count ? runs->begins[0] : 0;

	for (size_t i = 0; i < runs->count; i++)
		runs->begins[i] -= base;
	if (runs->count > 1)
		merge_runs(calls, out->items + base, out->count - base, runs->begins, runs->count);
	free(runs->begins);
}

/* --- gathering --- */

/* Of one function in one thread, from the last on: calls before a window's beginning are not looked at. */
static void add_chain(const struct ct_matching *m, const struct ct_pattern *p, uint32_t thread,
                      uint32_t function, struct ct_call_list *out)
{
	const struct ct_calls_thread *t = &m->calls->threads[thread];
	uint64_t since = p && p->since > m->since ? p->since : m->since;

	if (function >= t->chain_count)
		return;
	for (uint32_t at = t->chains[function].last; at != CT_NO_NUMBER; at = t->calls[at].previous) {
		if (t->calls[at].start < since)
			return;
		if (in_window(m, p, (struct ct_call_id){ thread, at }))
			ct_call_list_add(out, (struct ct_call_id){ thread, at });
	}
}

static void gather(const struct ct_matching *m, const struct ct_pattern *p, const uint32_t *functions,
                   size_t count, struct ct_call_list *out)
{
	struct runs runs = {0};

	for (uint32_t thread = 0; thread < m->calls->thread_count; thread++) {
		if (!on_thread(m, p, thread))
			continue;
		for (size_t i = 0; i < count; i++) {
			size_t begin = out->count;

			add_chain(m, p, thread, functions[i], out);
			end_run(&runs, out, begin);
		}
	}
	merge_new(m->calls, out, &runs);
}

void ct_gather(const struct ct_query *q, struct ct_call_list *out)
{
	gather(q->m, q->p, q->functions.rows, q->functions.count, out);
}

static void gather_all(const struct ct_matching *m, struct ct_call_list *out)
{
	struct runs runs = {0};

	for (uint32_t thread = 0; thread < m->calls->thread_count; thread++) {
		const struct ct_calls_thread *t = &m->calls->threads[thread];
		size_t begin = out->count;

		for (uint32_t at = on_thread(m, NULL, thread) ? t->count : 0; at-- > 0;) {
			const struct ct_calls_function *f =
				&m->calls->functions[m->calls->places[t->calls[at].place].function];

			if (!f->is_test && !f->plumbing && in_window(m, NULL, (struct ct_call_id){ thread, at }))
				ct_call_list_add(out, (struct ct_call_id){ thread, at });
		}
		end_run(&runs, out, begin);
	}
	merge_new(m->calls, out, &runs);
}

void ct_gather_functions(const struct ct_matching *m, const struct ct_functions *functions,
                         struct ct_call_list *out)
{
	if (functions)
		gather(m, NULL, functions->rows, functions->count, out);
	else
		gather_all(m, out);
}

static void mark_all(struct ct_matching *m, const struct ct_verified_all *all)
{
	for (size_t i = 0; i < m->verified_all_count; i++) {
		struct ct_verified_all *old = &m->verified_all[i];

		if (old->thread == all->thread && old->function == all->function && old->phases == all->phases) {
			m->marks += old->before != all->before;
			old->before = all->before;
			return;
		}
	}
	m->marks++;
	m->verified_all = ct_realloc(m->verified_all, (m->verified_all_count + 1) * sizeof *m->verified_all);
	m->verified_all[m->verified_all_count++] = *all;
}

void ct_mark_all_verified(const struct ct_query *q)
{
	for (uint32_t thread = 0; thread < q->m->calls->thread_count; thread++)
		for (size_t i = 0; on_thread(q->m, q->p, thread) && i < q->functions.count; i++)
			mark_all(q->m, &(struct ct_verified_all){ thread, q->functions.rows[i],
			                                          q->m->calls->threads[thread].count,
			                                          phases_of(q->m, q->p) });
}

bool ct_gather_count(const struct ct_query *q, uint64_t *count)
{
	const struct ct_matching *m = q->m;
	uint32_t phases = phases_of(m, q->p);

	if (m->iteration || m->since || m->until || q->p->since)
		return false;
	*count = 0;
	for (uint32_t thread = 0; thread < m->calls->thread_count; thread++) {
		const struct ct_calls_thread *t = &m->calls->threads[thread];

		for (size_t i = 0; on_thread(m, q->p, thread) && i < q->functions.count; i++)
			for (int phase = 0; phase < CT_PHASES; phase++)
				if (q->functions.rows[i] < t->chain_count && (phases >> phase & 1))
					*count += t->chains[q->functions.rows[i]].by_phase[phase];
	}
	return true;
}
