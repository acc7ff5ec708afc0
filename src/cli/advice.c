/*
 * advice.c - chosen by exact counts: the functions with the most calls first, and among those
 * the ones that call little themselves, because a tree without its leaves is still a tree.
 */
#include "cli/advice.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/text.h"
#include "cli/cli.h"
#include "format/choice.h"

#define MOST_NAMES 30
#define MARGIN     0.8 /* of what a trace holds: how much a call takes differs */

/* A function, or several of one name: what a pattern says. */
struct name {
	char *pattern;
	uint64_t calls, makes; /* in all traces that are too large */
	bool chosen, never;
};

/* A trace that is too large. */
struct large {
	struct ct_trace *trace;
	uint32_t *names; /* by function */
	double calls;    /* that write records, by what is chosen now */
	double room;     /* for so many */
};

struct advice {
	struct name *names;
	size_t name_count;
	struct large *large;
	size_t large_count;
	struct ct_map known;
	uint64_t total, missing, left_out;
};

/* --- names --- */

/* Behind a name's "operator", what looks like brackets is none: "operator<", "operator->". */
static bool is_operator(const char *function, size_t i)
{
	static const char word[] = "operator";
	size_t n = sizeof word - 1;

	while (i > 0 && strchr("<>-=", function[i - 1]))
		i--;
	return i >= n && strncmp(function + i - n, word, n) == 0;
}

/* What a shell or a list of patterns would take for something else is any character. */
static char *pattern_of(const char *function)
{
	struct ct_text text = {0};
	size_t size = ct_choice_bare(function);
	int depth = 0;

	ct_text_add(&text, "");
	for (size_t i = 0; i < size; i++) {
		char c = function[i];

		if (strchr("*'", c) || (depth == 0 && strchr(", \t\n", c))
		    || (strchr("<>", c) && is_operator(function, i)))
			c = '?';
		depth += c == '(' || c == '<';
		depth -= (c == ')' || c == '>') && depth > 0;
		ct_text_add_char(&text, c);
	}
	return text.data;
}

static uint32_t name_of(struct advice *a, const struct ct_trace_function *f)
{
	char *pattern = pattern_of(f->name);
	bool added;
	uint32_t at = ct_map_add(&a->known, pattern, strlen(pattern), (uint32_t) a->name_count, &added);

	if (!added) {
		free(pattern);
	} else {
		if ((a->name_count & (a->name_count - 1)) == 0)
			a->names = ct_realloc(a->names, (a->name_count ? a->name_count * 2 : 1) * sizeof *a->names);
		a->names[a->name_count++] = (struct name){ .pattern = pattern };
	}
	/* Tests are what is asked about; what has no name cannot be named. */
	a->names[at].never |= (f->flags & CT_FUNCTION_TEST) || strcmp(f->name, "main") == 0
	                      || strncmp(f->name, "0x", 2) == 0 || !*a->names[at].pattern
	                      || strcmp(f->name, "?") == 0;
	return at;
}

static void take_trace(struct advice *a, struct ct_trace *trace, double room)
{
	const struct ct_trace_meta *meta = ct_trace_meta(trace);
	struct large *l = &a->large[a->large_count++];
	size_t functions, pairs;
	const struct ct_trace_function *f = ct_trace_functions(trace, &functions);
	const struct ct_trace_pair *p = ct_trace_pairs(trace, &pairs);

	*l = (struct large){ .trace = trace, .names = ct_calloc(functions + 1, sizeof *l->names),
		             .calls = (double) (meta->total_calls - meta->excluded), .room = room };
	for (size_t i = 0; i < functions; i++) {
		l->names[i] = name_of(a, &f[i]);
		a->names[l->names[i]].never |= f[i].excluded;
		a->names[l->names[i]].calls += f[i].calls;
	}
	for (size_t i = 0; i < pairs; i++)
		a->names[l->names[p[i].caller]].makes += p[i].calls;
}

static void take(struct advice *a, struct ct_trace *trace)
{
	const struct ct_trace_meta *meta = ct_trace_meta(trace);
	uint64_t missing = meta->lost[CT_LOST_LIMIT];
	double held = (double) (meta->total_calls - meta->excluded - missing - meta->lost[CT_LOST_DEPTH]);
	double room = (double) meta->max_calls;

	if (!missing && !meta->cut)
		return;
	a->total += meta->total_calls;
	a->missing += missing + (meta->cut ? meta->truncated : 0);
	if (missing && (!meta->max_calls || held * MARGIN < room))
		room = held * MARGIN;
	take_trace(a, trace, room);
}

/* --- choice --- */

static double calls_in(const struct large *l, uint32_t name)
{
	size_t count;
	const struct ct_trace_function *f = ct_trace_functions(l->trace, &count);
	double calls = 0;

	for (size_t i = 0; i < count; i++)
		calls += l->names[i] == name ? (double) f[i].calls : 0;
	return calls;
}

/* What leaving the name out is worth. */
static double worth(const struct name *n, double calls)
{
	double all = (double) n->calls, share = all / (all + (double) n->makes + 1);

	return n->chosen || n->never ? 0 : calls * (0.2 + 0.8 * share);
}

static uint32_t best_for(const struct advice *a, const struct large *l)
{
	double *calls = ct_calloc(a->name_count + 1, sizeof *calls), most = 0;
	size_t count;
	const struct ct_trace_function *f = ct_trace_functions(l->trace, &count);
	uint32_t best = CT_NO_ROW;

	for (size_t i = 0; i < count; i++)
		calls[l->names[i]] += (double) f[i].calls;
	for (uint32_t i = 0; i < a->name_count; i++)
		if (worth(&a->names[i], calls[i]) > most) {
			most = worth(&a->names[i], calls[i]);
			best = i;
		}
	free(calls);
	return best;
}

static void choose(struct advice *a, uint32_t name, bool chosen)
{
	a->names[name].chosen = chosen;
	for (size_t i = 0; i < a->large_count; i++)
		a->large[i].calls -= (chosen ? 1 : -1) * calls_in(&a->large[i], name);
}

static bool all_fit(const struct advice *a)
{
	for (size_t i = 0; i < a->large_count; i++)
		if (a->large[i].calls > a->large[i].room)
			return false;
	return true;
}

static bool find(struct advice *a)
{
	size_t chosen = 0;

	for (size_t i = 0; i < a->large_count; i++)
		while (a->large[i].calls > a->large[i].room) {
			uint32_t name = best_for(a, &a->large[i]);

			if (name == CT_NO_ROW || ++chosen > MOST_NAMES)
				return false;
			choose(a, name, true);
		}
	/* Some may turn out not to be needed. */
	for (uint32_t i = 0; i < a->name_count; i++) {
		if (!a->names[i].chosen)
			continue;
		choose(a, i, false);
		if (!all_fit(a))
			choose(a, i, true);
	}
	return true;
}

/* --- words --- */

static int by_calls(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	if (x->calls != y->calls)
		return x->calls < y->calls ? 1 : -1;
	return strcmp(x->pattern, y->pattern);
}

static void add_list(struct ct_text *text, struct advice *a, const char *exclude)
{
	const char *separator = "";

	if (exclude && *exclude) {
		ct_text_add(text, exclude);
		separator = ",";
	}
	qsort(a->names, a->name_count, sizeof *a->names, by_calls);
	for (size_t i = 0; i < a->name_count; i++)
		if (a->names[i].chosen) {
			ct_text_addf(text, "%s%s", separator, a->names[i].pattern);
			a->left_out += a->names[i].calls;
			separator = ",";
		}
}

static void say(struct advice *a, size_t count, const char *exclude, bool option)
{
	struct ct_text list = {0}, line = {0};
	bool found = find(a);

	if (found)
		add_list(&list, a, exclude);
	if (count == 1)
		ct_text_add(&line, "the trace reached its limit: ");
	else
		ct_text_addf(&line, "%zu of %zu traces reached %s limit: ", a->large_count, count,
		             a->large_count == 1 ? "its" : "their");
	ct_text_addf(&line, "%llu of %llu calls are counted but not in the trees; ",
	             (unsigned long long) a->missing, (unsigned long long) a->total);
	if (found)
		ct_text_addf(&line, "to fit, leave out %llu %% of the calls: %s'%s'",
		             (unsigned long long) ((double) a->left_out * 100 / (double) a->total),
		             option ? "--exclude " : "CALLTRACE_EXCLUDE=", list.data);
	else
		ct_text_add(&line, option ? "raise --max-size or --max-calls"
		                          : "raise CALLTRACE_MAX_SIZE or CALLTRACE_MAX_CALLS");
	ct_warn("%s", line.data);
	ct_text_deinit(&line);
	ct_text_deinit(&list);
}

void ct_advise(struct ct_trace *const *traces, size_t count, const char *exclude, bool option)
{
	struct advice a = { .large = ct_calloc(count + 1, sizeof *a.large) };

	for (size_t i = 0; i < count; i++)
		take(&a, traces[i]);
	if (a.large_count)
		say(&a, count, exclude, option);
	for (size_t i = 0; i < a.large_count; i++)
		free(a.large[i].names);
	for (size_t i = 0; i < a.name_count; i++)
		free(a.names[i].pattern);
	free(a.names);
	free(a.large);
	ct_map_deinit(&a.known);
}

/* --- patterns --- */

struct pattern {
	const char *text;
	size_t size;
};

static bool is_it(const char *function, const char *file, void *user)
{
	const struct pattern *p = user;

	return ct_choice_selects_one(p->text, p->size, function, file);
}

void ct_check_patterns(struct ct_trace *const *traces, size_t count, const char *name, const char *patterns)
{
	struct pattern p;

	while (count && patterns && (p.text = ct_choice_next(&patterns, &p.size))) {
		bool found = false;

		for (size_t i = 0; i < count && !found; i++)
			found = ct_trace_knows(traces[i], is_it, &p);
		if (!found)
			ct_warn("%s: '%.*s' is no instrumented function and no file of what was traced", name,
			        (int) p.size, p.text);
	}
}
