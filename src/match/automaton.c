#include "match/automaton.h"

#include <stdlib.h>
#include <string.h>

#include "match/automaton_run.h"

/* --- lists made ready --- */

static bool ready_step(struct ct_automaton *a, const struct ct_element *e, struct ct_step *step, struct ct_verdict *v)
{
	bool group = e->kind == CT_ELEMENT_UNORDERED;
	bool ok = true;

	*step = (struct ct_step){ .element = e, .least = e->least, .most = e->most,
		                  .next = e->kind == CT_ELEMENT_NEXT };
	if (!e->least && !e->most)
		step->least = step->most = 1;
	if (group && (e->count == 0 || e->count > CT_GROUP_MOST))
		return ct_say(v, CT_VERDICT_ERROR, "an unordered group has 1 to %d calls, this one %zu", CT_GROUP_MOST,
		              e->count);
	step->queries = ct_calloc(group ? e->count : 1, sizeof *step->queries);
	for (size_t i = 0; ok && i < (group ? e->count : 1); i++) {
		const struct ct_element *item = group ? &e->items[i] : e;

		step->query_count++;
		if (item->kind != CT_ELEMENT_CALL && item->kind != CT_ELEMENT_NEXT)
			return ct_say(v, CT_VERDICT_ERROR, "an unordered group has calls and nothing else");
		if (group && ((item->least > 255 || (item->most > 255 && item->most != UINT32_MAX))))
			return ct_say(v, CT_VERDICT_ERROR, "in an unordered group a call can be asked for 255 times");
		ok = ct_query_init(&step->queries[i], a->m, item->pattern, v);
	}
	return ok;
}

static bool ready_never(struct ct_automaton *a, const struct ct_element *e, struct ct_gap *gap, struct ct_verdict *v)
{
	gap->never = ct_realloc(gap->never, (gap->count + 1) * sizeof *gap->never);
	gap->elements = ct_realloc(gap->elements, (gap->count + 1) * sizeof *gap->elements);
	gap->elements[gap->count] = e;
	return ct_query_init(&gap->never[gap->count++], a->m, e->pattern, v);
}

bool ct_automaton_init(struct ct_automaton *a, struct ct_matching *m, const struct ct_element *list,
                       size_t count, bool exact, struct ct_verdict *v)
{
	bool ok = true;

	*a = (struct ct_automaton){ .m = m, .exact = exact };
	a->steps = ct_calloc(count + 1, sizeof *a->steps);
	a->gaps = ct_calloc(count + 1, sizeof *a->gaps);
	for (size_t i = 0; i < count && ok; i++) {
		if (list[i].kind == CT_ELEMENT_GAP)
			a->gaps[a->count].allowed = true;
		else if (list[i].kind == CT_ELEMENT_NEVER)
			ok = ready_never(a, &list[i], &a->gaps[a->count], v);
		else
			ok = ready_step(a, &list[i], &a->steps[a->count++], v);
	}
	return ok;
}

static void free_queries(struct ct_query *queries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ct_query_deinit(&queries[i]);
	free(queries);
}

void ct_automaton_deinit(struct ct_automaton *a)
{
	for (size_t i = 0; i < a->count; i++)
		free_queries(a->steps[i].queries, a->steps[i].query_count);
	for (size_t i = 0; i <= a->count; i++) {
		free_queries(a->gaps[i].never, a->gaps[i].count);
		free(a->gaps[i].elements);
	}
	free(a->steps);
	free(a->gaps);
}

static int by_row(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;

	return x < y ? -1 : x > y;
}

static void add_functions(struct ct_functions *out, const struct ct_query *queries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		out->rows = ct_realloc(out->rows, (out->count + queries[i].functions.count + 1) * sizeof *out->rows);
		if (queries[i].functions.count)
			memcpy(out->rows + out->count, queries[i].functions.rows,
			       queries[i].functions.count * sizeof *out->rows);
		out->count += queries[i].functions.count;
	}
}

void ct_automaton_functions(const struct ct_automaton *a, struct ct_functions *out)
{
	size_t kept = 0;

	*out = (struct ct_functions){0};
	for (size_t i = 0; i < a->count; i++)
		add_functions(out, a->steps[i].queries, a->steps[i].query_count);
	for (size_t i = 0; i <= a->count; i++)
		add_functions(out, a->gaps[i].never, a->gaps[i].count);
	if (out->count)
		qsort(out->rows, out->count, sizeof *out->rows, by_row);
	for (size_t i = 0; i < out->count; i++)
		if (!kept || out->rows[kept - 1] != out->rows[i])
			out->rows[kept++] = out->rows[i];
	out->count = kept;
}

static void show_times(uint32_t least, uint32_t most, struct ct_text *out)
{
	if (least == most && least != 1)
		ct_text_addf(out, " x%u", least);
	else if (least == 0 && most == 1)
		ct_text_add(out, " ?");
	else if (least == 0 && most == UINT32_MAX)
		ct_text_add(out, " x*");
	else if (most == UINT32_MAX)
		ct_text_addf(out, " x%u..", least);
	else if (least != most)
		ct_text_addf(out, " x%u..%u", least, most);
}

void ct_step_show(const struct ct_step *step, const struct ct_style *style, struct ct_text *out)
{
	if (step->element->kind != CT_ELEMENT_UNORDERED) {
		ct_text_add(out, step->next ? "next " : "");
		ct_pattern_show(step->element->pattern, style, out);
		show_times(step->least, step->most, out);
		return;
	}
	ct_text_add(out, "unordered ");
	for (size_t i = 0; i < step->query_count; i++) {
		ct_text_add(out, i ? ", " : "");
		ct_pattern_show(step->element->items[i].pattern, style, out);
	}
}
