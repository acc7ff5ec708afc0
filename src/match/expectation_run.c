/* expectation_run.c - one block of an expectation file against the calls of one trace. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "match/expectation.h"

struct running {
	const struct ct_expect_block *block;
	struct ct_matching m;
	struct ct_variables variables;
	const char *thread;
	void (*tell)(const struct ct_expect_result *result, void *user);
	void *user;
};

static bool has_values(const struct ct_variables *variables, const char *const *names)
{
	for (; *names; names++) {
		bool found = false;

		for (size_t i = 0; i < variables->count; i++)
			found |= strcmp(variables->items[i].name, *names) == 0;
		if (!found)
			return false;
	}
	return true;
}

static bool is_list(const struct ct_expect_statement *st)
{
	return st->kind == CT_EXPECT_LIST || st->kind == CT_EXPECT_WITHIN || st->kind == CT_EXPECT_EXACT;
}

static void run_list(struct running *r, const struct ct_expect_statement *st, struct ct_verdict *v)
{
	struct ct_list list = { .items = st->elements, .count = st->element_count,
		                .exact = st->kind == CT_EXPECT_EXACT, .projected = st->patterns,
		                .projected_count = st->pattern_count, .within = st->pattern,
		                .variables = &r->variables };

	ct_assert_list(&r->m, &list, v);
}

static void say_counts(struct running *r, const struct ct_expect_statement *st, uint32_t one, uint32_t two,
                       struct ct_verdict *v)
{
	struct ct_text *out = &v->message;

	v->kind = CT_VERDICT_UNMET;
	ct_text_clear(out);
	ct_pattern_show(st->pattern, &r->m.style, out);
	ct_text_addf(out, " was called %u time%s, but ", one, one == 1 ? "" : "s");
	ct_pattern_show(st->other, &r->m.style, out);
	ct_text_addf(out, " %u", two);
}

static void run_count(struct running *r, const struct ct_expect_statement *st, struct ct_verdict *v)
{
	uint32_t one, two;

	if (!st->other) {
		ct_assert_called(&r->m, st->pattern, st->least, st->most, v);
		return;
	}
	one = ct_count_calls(&r->m, st->pattern, v);
	if (one == UINT32_MAX)
		return;
	two = ct_count_calls(&r->m, st->other, v);
	if (two != UINT32_MAX && one != two)
		say_counts(r, st, one, two, v);
}

static void run_statement(struct running *r, const struct ct_expect_statement *st, struct ct_verdict *v)
{
	switch (st->kind) {
	case CT_EXPECT_LIST: case CT_EXPECT_WITHIN: case CT_EXPECT_EXACT: run_list(r, st, v); break;
	case CT_EXPECT_COUNT: run_count(r, st, v); break;
	case CT_EXPECT_DEPTH: ct_assert_max_depth(&r->m, st->pattern, st->most, v); break;
	case CT_EXPECT_NEVER: ct_assert_called(&r->m, st->pattern, 0, 0, v); break;
	case CT_EXPECT_ALWAYS: ct_assert_always(&r->m, st->pattern, v); break;
	case CT_EXPECT_ONLY: ct_assert_only_called(&r->m, st->patterns, st->pattern_count, v); break;
	}
}

/* An element's place is "file:line". */
static unsigned line_of(const struct ct_expect_result *result)
{
	const char *colon = result->verdict.where ? strrchr(result->verdict.where, ':') : NULL;

	if (!colon || result->verdict.kind == CT_VERDICT_MET)
		return result->statement->line;
	return (unsigned) strtoul(colon + 1, NULL, 10);
}

static void run_all(struct running *r)
{
	for (size_t i = 0; i < r->block->statement_count; i++) {
		struct ct_expect_result result = { .statement = &r->block->statements[i], .thread = r->thread };
		struct ct_bindings bound = { r->variables.items, r->variables.count };

		r->m.bound = &bound;
		result.skipped = !is_list(result.statement) && !has_values(&r->variables, result.statement->variables);
		if (!result.skipped)
			run_statement(r, result.statement, &result.verdict);
		result.line = line_of(&result);
		r->tell(&result, r->user);
		ct_verdict_deinit(&result.verdict);
	}
	ct_variables_deinit(&r->variables);
}

static void run_on_each(struct running *r)
{
	for (uint32_t i = 0; i < r->m.calls->thread_count; i++) {
		const struct ct_calls_thread *t = &r->m.calls->threads[i];
		char name[64];

		if (!t->count)
			continue;
		snprintf(name, sizeof name, "thread %u%s%.32s", i + 1, t->name ? " " : "", t->name ? t->name : "");
		r->thread = name;
		r->m.thread = CT_THREAD_NUMBER;
		r->m.thread_number = i;
		run_all(r);
	}
}

void ct_expect_run(const struct ct_expect_block *block, struct ct_calls *calls, const struct ct_style *style,
                   void (*tell)(const struct ct_expect_result *result, void *user), void *user)
{
	struct running r = { .block = block, .tell = tell, .user = user };

	ct_matching_init(&r.m, calls, style);
	if (block->threads == CT_EXPECT_ON_MAIN)
		r.m.thread = CT_THREAD_TEST;
	else if (block->threads == CT_EXPECT_ON_OTHERS)
		r.m.thread = CT_THREAD_OTHER;
	if (block->threads == CT_EXPECT_ON_EACH)
		run_on_each(&r);
	else
		run_all(&r);
	ct_matching_deinit(&r.m);
}
