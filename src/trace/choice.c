/*
 * choice.c - what the user wanted of values: lists and limits out of the raw trace, and which patterns mean
 * nothing in the binaries that were traced. A misspelled one would hide nothing, and nobody would know.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/text.h"
#include "format/choice.h"
#include "trace/internal.h"

enum { MOST_PATTERNS = 1000 }; /* that are looked for: lists in a damaged trace may be long */

const char *const ct_choice_names[CT_CHOICE_LISTS] = {
	[CT_CHOICE_ONLY] = "args_only", [CT_CHOICE_EXCEPT] = "args_except", [CT_CHOICE_REDACT] = "redact",
};

/* --- out of the extent --- */

void ct_choice_add(struct ct_trace *trace, unsigned list, const char *pattern, size_t size, bool unmatched)
{
	struct ct_trace_meta *m = &trace->meta;
	struct ct_trace_pattern *more;

	for (size_t i = 0; i < m->pattern_count; i++)
		if (m->patterns[i].list == list && strlen(m->patterns[i].text) == size
		    && memcmp(m->patterns[i].text, pattern, size) == 0) {
			m->patterns[i].unmatched |= unmatched;
			return;
		}
	if (m->pattern_count == MOST_PATTERNS)
		return;
	if ((m->pattern_count & (m->pattern_count - 1)) == 0) {
		more = ct_arena_alloc(&trace->arena, (m->pattern_count * 2 + 1) * sizeof *more);
		if (m->pattern_count)
			memcpy(more, m->patterns, m->pattern_count * sizeof *more);
		m->patterns = more;
	}
	m->patterns[m->pattern_count++] = (struct ct_trace_pattern){
		.list = (uint8_t) list, .unmatched = unmatched, .text = ct_arena_strndup(&trace->arena, pattern, size) };
}

bool ct_choice_keep(struct ct_trace *trace, const uint8_t *payload, uint64_t size)
{
	struct ct_trace_meta *m = &trace->meta;
	struct ct_choice_head head;
	uint64_t at = sizeof head;

	if (size < sizeof head)
		return false;
	memcpy(&head, payload, sizeof head);
	m->string_length = head.string_length;
	m->value_depth = head.value_depth;
	m->call_bytes = head.call_bytes;
	m->has_limits = true;
	for (unsigned i = 0; i < CT_CHOICE_LISTS; at += head.list_sizes[i++]) {
		const char *list = (const char *) payload + at, *pattern;
		size_t length;

		if (head.list_sizes[i] == 0)
			continue;
		if (head.list_sizes[i] > size - at || list[head.list_sizes[i] - 1] != '\0')
			return false;
		while ((pattern = ct_choice_next(&list, &length)))
			ct_choice_add(trace, i, pattern, length, false);
	}
	return true;
}

/* --- what it means --- */

static bool matches_hook(const struct ct_index *x, const struct ct_index_hook *hook,
                         const char *pattern, size_t size)
{
	const char *function = ct_index_string(x, x->functions[hook->function].name);
	const struct ct_plan *plan;

	if (hook->exit || !ct_choice_matches_function(pattern, size, function))
		return false;
	if (hook->plan == CT_NONE) /* no values of it are ever written */
		return ct_choice_matches_parameter(pattern, size, "");
	plan = &x->plans[hook->plan];
	for (uint32_t i = 0; i < plan->arg_count; i++)
		if (ct_choice_matches_parameter(pattern, size,
		                                ct_index_string(x, x->plan_args[plan->args + i].name)))
			return true;
	return ct_choice_matches_parameter(pattern, size, plan->return_type == CT_NONE ? "" : CT_CHOICE_RETURN);
}

static bool look(const struct ct_index *x, const char *pattern)
{
	size_t size = strlen(pattern);

	for (uint64_t i = 0; i < x->header->hooks.count; i++)
		if (matches_hook(x, &x->hooks[i], pattern, size))
			return true;
	return false;
}

/* Thousands of traces have one binary and one list: each is looked for once. */
static bool matches(const struct ct_index *x, const char *pattern)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct ct_map known;
	struct ct_text key = {0};
	uint32_t found;

	ct_text_add_n(&key, (const char *) &x, sizeof x);
	ct_text_add(&key, pattern);
	pthread_mutex_lock(&lock);
	if (!ct_map_find(&known, key.data, key.length, &found)) {
		found = look(x, pattern);
		ct_map_add(&known, key.data, key.length, found, NULL);
	}
	pthread_mutex_unlock(&lock);
	ct_text_deinit(&key);
	return found;
}

void ct_choice_match(struct ct_trace *trace)
{
	struct ct_trace_meta *m = &trace->meta;
	const struct ct_raw *raw = trace->raw;
	size_t indexed = 0;

	for (size_t i = 0; i < raw->module_count; i++)
		indexed += raw->modules[i].index != NULL;
	for (size_t p = 0; indexed && p < m->pattern_count; p++) {
		m->patterns[p].unmatched = true;
		for (size_t i = 0; i < raw->module_count && m->patterns[p].unmatched; i++)
			if (raw->modules[i].index)
				m->patterns[p].unmatched = !matches(raw->modules[i].index, m->patterns[p].text);
	}
}
