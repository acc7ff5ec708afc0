#include "match/expectation.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/glob.h"
#include "match/expectation_parse.h"

/* --- growing lists --- */

struct growing {
	char *rows;
	size_t count, size;
};

static void *add(struct growing *list)
{
	if ((list->count & (list->count - 1)) == 0)
		list->rows = ct_realloc(list->rows, (list->count ? 2 * list->count : 1) * list->size);
	memset(list->rows + list->count * list->size, 0, list->size);
	return list->rows + list->size * list->count++;
}

/* Moves it into the arena. */
static const void *keep(struct ct_scan *s, struct growing *list, size_t *count)
{
	void *rows = ct_arena_alloc(s->arena, (list->count + 1) * list->size);

	if (list->count)
		memcpy(rows, list->rows, list->count * list->size);
	*count = list->count;
	free(list->rows);
	*list = (struct growing){ .size = list->size };
	return rows;
}

/* --- statements --- */

static const char *text_since(struct ct_scan *s, const char *begin)
{
	const char *end = s->at;

	while (end > begin && strchr(" \t\r\n", end[-1]))
		end--;
	return ct_arena_strndup(s->arena, begin, (size_t) (end - begin));
}

/* The variables that were read since, and forgets them. */
static const char *const *take_names(struct ct_scan *s)
{
	const char **names = ct_arena_alloc(s->arena, (s->name_count + 1) * sizeof *names);

	memcpy(names, s->names, s->name_count * sizeof *names);
	s->name_count = 0;
	return names;
}

/* x3 and the end of the line, behind a call. */
static bool call_end(struct ct_scan *s, struct ct_element *e)
{
	return (e->pattern = ct_scan_call(s)) != NULL && ct_scan_times(s, &e->least, &e->most)
	       && ct_scan_line_end(s);
}

static const char *element_place(struct ct_scan *s, unsigned line)
{
	return ct_arena_printf(s->arena, "%s:%u", s->path, line);
}

/* Past a line that is wrong; false at the end of the file. */
static bool recover(struct ct_scan *s)
{
	ct_scan_skip_line(s);
	return s->at < s->end;
}

/* Past lines with nothing in them; false at the end of the file. */
static bool next_statement(struct ct_scan *s)
{
	while (ct_scan_at_end(s)) {
		if (s->at == s->end)
			return false;
		ct_scan_line_end(s);
	}
	return true;
}

static bool no_end(struct ct_scan *s, unsigned line, const char *what)
{
	s->bad_line = 0; /* that of the last line, which is another problem */
	return ct_scan_problem(s, s->at, "expected 'end': the '%s' of line %u has none", what, line);
}

/* "end" alone on its line. */
static bool sees_end(struct ct_scan *s)
{
	return ct_scan_sees(s, "end") && !ct_scan_is_word(s->at[3]);
}

static void read_end(struct ct_scan *s)
{
	ct_scan_word(s, "end");
	if (!ct_scan_line_end(s))
		recover(s);
}

/* The calls of an unordered group. */
static bool unordered(struct ct_scan *s, struct ct_element *e, unsigned line)
{
	struct growing items = { .size = sizeof(struct ct_element) };

	e->kind = CT_ELEMENT_UNORDERED;
	if (!ct_scan_line_end(s))
		recover(s);
	while (next_statement(s) && !sees_end(s)) {
		struct ct_element *item = add(&items);

		item->where = element_place(s, s->line);
		if (!ct_scan_word(s, "call") ? !ct_scan_expected(s, "'call', or 'end' of the unordered group") : !call_end(s, item))
			recover(s);
	}
	e->items = keep(s, &items, &e->count);
	if (s->at == s->end)
		return no_end(s, line, "unordered");
	read_end(s);
	if (e->count == 0 || e->count > 16)
		ct_scan_problem(s, s->at, "the unordered group of line %u has %zu calls: 1 to 16 will do", line, e->count);
	return true;
}

/* One of a list: call, next, not, gap, unordered. False: it is none of these, and nothing was read. */
static bool element(struct ct_scan *s, struct growing *list, bool exact)
{
	struct ct_element e = { .where = element_place(s, s->line) };
	unsigned line = s->line;
	bool ok;

	if (ct_scan_word(s, "call")) {
		ok = call_end(s, &e);
	} else if (ct_scan_word(s, "next")) {
		e.kind = CT_ELEMENT_NEXT;
		ok = list->count ? call_end(s, &e)
		                 : ct_scan_problem(s, s->at, "'next' stands behind another call");
	} else if (ct_scan_word(s, "not")) {
		e.kind = CT_ELEMENT_NEVER;
		ok = (e.pattern = ct_scan_call(s)) != NULL && ct_scan_line_end(s);
	} else if (exact && ct_scan_word(s, "gap")) {
		e.kind = CT_ELEMENT_GAP;
		ok = ct_scan_line_end(s);
	} else if (ct_scan_word(s, "unordered")) {
		ok = unordered(s, &e, line);
	} else {
		return false;
	}
	if (ok)
		*(struct ct_element *) add(list) = e;
	else
		recover(s);
	return true;
}

/* `head_ok`: of its first line all but the end has been read. */
static bool list_block(struct ct_scan *s, struct ct_expect_statement *st, const char *word, bool exact, bool head_ok)
{
	struct growing list = { .size = sizeof(struct ct_element) };
	unsigned line = s->line;

	if (!head_ok || !ct_scan_line_end(s))
		recover(s);
	while (next_statement(s) && !sees_end(s))
		if (!element(s, &list, exact)) {
			ct_scan_expected(s, exact ? "call, next, not, gap, unordered or end" : "call, next, not, unordered or end");
			recover(s);
		}
	st->elements = keep(s, &list, &st->element_count);
	if (s->at == s->end)
		return no_end(s, line, word);
	read_end(s);
	return true;
}

static bool within(struct ct_scan *s, struct ct_expect_statement *st)
{
	unsigned line = s->line;

	st->kind = CT_EXPECT_WITHIN;
	st->pattern = ct_scan_call(s);
	if (!list_block(s, st, "within", false, st->pattern != NULL))
		return false;
	if (!st->element_count)
		ct_scan_problem(s, s->at, "nothing is expected in the 'within' of line %u", line);
	return true;
}

static bool functions(struct ct_scan *s, struct ct_expect_statement *st)
{
	struct growing list = { .size = sizeof(struct ct_pattern *) };
	bool ok = true;

	do {
		const struct ct_pattern *p = ct_scan_call(s);

		ok = p != NULL;
		if (ok)
			*(const struct ct_pattern **) add(&list) = p;
	} while (ok && ct_scan_sign(s, ","));
	st->patterns = keep(s, &list, &st->pattern_count);
	return ok;
}

static bool exact(struct ct_scan *s, struct ct_expect_statement *st)
{
	st->kind = CT_EXPECT_EXACT;
	return list_block(s, st, "exact", true, functions(s, st));
}

/* 3, 3..5, 3.., == 3, <= 3, >= 3, == other */
static bool range(struct ct_scan *s, struct ct_expect_statement *st)
{
	bool at_least = ct_scan_sign(s, ">="), at_most = !at_least && ct_scan_sign(s, "<=");
	bool equal = !at_least && !at_most && ct_scan_sign(s, "==");

	st->least = 0;
	st->most = UINT32_MAX;
	ct_scan_space(s);
	if (equal && (s->at == s->end || *s->at < '0' || *s->at > '9')) {
		st->other = ct_scan_call(s);
		return st->other != NULL;
	}
	if (!ct_scan_count(s, UINT32_MAX - 1, "how many: 3, 3..5, 3.., <= 3, >= 3 or == another function", at_most ? &st->most : &st->least))
		return false;
	if (at_least || at_most)
		return true;
	if (!ct_scan_sign(s, "..")) {
		st->most = st->least;
		return true;
	}
	if (s->at < s->end && *s->at >= '0' && *s->at <= '9' && !ct_scan_count(s, UINT32_MAX - 1, "a number", &st->most))
		return false;
	return st->most >= st->least
	       || ct_scan_problem(s, s->at, "%u..%u: the second number is smaller", st->least, st->most);
}

static bool count(struct ct_scan *s, struct ct_expect_statement *st)
{
	st->kind = CT_EXPECT_COUNT;
	return (st->pattern = ct_scan_call(s)) != NULL && range(s, st) && ct_scan_line_end(s);
}

static bool depth(struct ct_scan *s, struct ct_expect_statement *st)
{
	st->kind = CT_EXPECT_DEPTH;
	st->pattern = ct_scan_call(s);
	if (!st->pattern)
		return false;
	if (!ct_scan_sign(s, "<="))
		return ct_scan_expected(s, "'<=' and how deep it may go");
	ct_scan_space(s);
	return ct_scan_count(s, UINT32_MAX - 1, "a number", &st->most) && ct_scan_line_end(s);
}

static bool one_call(struct ct_scan *s, struct ct_expect_statement *st, enum ct_expect_kind kind)
{
	st->kind = kind;
	return (st->pattern = ct_scan_call(s)) != NULL && ct_scan_line_end(s);
}

static bool only(struct ct_scan *s, struct ct_expect_statement *st)
{
	st->kind = CT_EXPECT_ONLY;
	return functions(s, st) && ct_scan_line_end(s);
}

/* Those that are no list element. False: there was a problem. */
static bool statement(struct ct_scan *s, struct ct_expect_statement *st)
{
	if (ct_scan_word(s, "count"))
		return count(s, st);
	if (ct_scan_word(s, "depth"))
		return depth(s, st);
	if (ct_scan_word(s, "never"))
		return one_call(s, st, CT_EXPECT_NEVER);
	if (ct_scan_word(s, "always"))
		return one_call(s, st, CT_EXPECT_ALWAYS);
	if (ct_scan_word(s, "only"))
		return only(s, st);
	if (ct_scan_word(s, "within"))
		return within(s, st);
	if (ct_scan_word(s, "exact"))
		return exact(s, st);
	return ct_scan_expected(s, "call, next, not, unordered, within, exact, count, depth, never, always, only or end");
}

/* --- blocks --- */

static bool selector(struct ct_scan *s, struct ct_expect_selector *out)
{
	const char *begin;
	uint32_t parameter;

	ct_scan_space(s);
	begin = s->at;
	while (s->at < s->end && !strchr(" \t\r\n,#[", *s->at))
		s->at++;
	if (s->at == begin)
		return ct_scan_expected(s, "the name of a test, as suite::name");
	out->glob = ct_arena_strndup(s->arena, begin, (size_t) (s->at - begin));
	out->parameter = -1;
	if (s->at == s->end || *s->at != '[')
		return true;
	s->at++;
	if (!ct_scan_count(s, INT32_MAX, "the number of a parameter, from 0", &parameter))
		return false;
	out->parameter = (int32_t) parameter;
	return ct_scan_sign(s, "]") ? true : ct_scan_expected(s, "']'");
}

static bool selectors(struct ct_scan *s, const struct ct_expect_selector **out, size_t *out_count)
{
	struct growing list = { .size = sizeof(struct ct_expect_selector) };
	bool ok;

	do
		ok = selector(s, add(&list));
	while (ok && ct_scan_sign(s, ","));
	*out = keep(s, &list, out_count);
	return ok;
}

static bool threads(struct ct_scan *s, struct ct_expect_block *block)
{
	if (ct_scan_word(s, "main"))
		block->threads = CT_EXPECT_ON_MAIN;
	else if (ct_scan_word(s, "others"))
		block->threads = CT_EXPECT_ON_OTHERS;
	else if (ct_scan_word(s, "each"))
		block->threads = CT_EXPECT_ON_EACH;
	else if (!ct_scan_word(s, "any"))
		return ct_scan_expected(s, "main, others, each or any behind 'on'");
	return true;
}

static bool block_head(struct ct_scan *s, struct ct_expect_block *block)
{
	const char *begin;

	ct_scan_space(s);
	begin = s->at;
	if (!selectors(s, &block->selectors, &block->selector_count))
		return false;
	if (ct_scan_word(s, "except") && !selectors(s, &block->excepted, &block->excepted_count))
		return false;
	block->title = text_since(s, begin);
	for (;;) {
		if (ct_scan_word(s, "optional"))
			block->optional = true;
		else if (!ct_scan_word(s, "on"))
			return ct_scan_line_end(s);
		else if (!threads(s, block))
			return false;
	}
}

/* Whether a list of the block gives it a value. */
static bool is_bound(const struct growing *statements, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		const struct ct_expect_statement *st = (const struct ct_expect_statement *) statements->rows + i;

		if (st->kind != CT_EXPECT_LIST && st->kind != CT_EXPECT_WITHIN && st->kind != CT_EXPECT_EXACT)
			continue;
		for (const char *const *n = st->variables; *n; n++)
			if (strcmp(*n, name) == 0)
				return true;
	}
	return false;
}

/* A variable is bound by a list. In a statement that has only one use of it, it would ask for nothing. */
static void check_variables(struct ct_scan *s, const struct growing *statements)
{
	for (size_t i = 0; i < statements->count; i++) {
		const struct ct_expect_statement *st = (const struct ct_expect_statement *) statements->rows + i;

		if (st->kind == CT_EXPECT_LIST || st->kind == CT_EXPECT_WITHIN || st->kind == CT_EXPECT_EXACT)
			continue;
		for (const char *const *n = st->variables; n && *n; n++)
			if (!is_bound(statements, i, *n)) {
				unsigned line = s->line;

				s->line = st->line;
				s->bad_line = 0;
				ct_scan_problem(s, s->line_begin, "%s has no value here: a call in a list before must have it", *n);
				s->line = line;
			}
	}
}

/* All call, next, not, unordered of the block are one list, which is its first statement. */
static void read_statements(struct ct_scan *s, struct ct_expect_block *block)
{
	struct growing statements = { .size = sizeof(struct ct_expect_statement) };
	struct growing list = { .size = sizeof(struct ct_element) };
	const char *list_names[64];
	size_t list_name_count = 0;
	unsigned list_line = 0;

	*(struct ct_expect_statement *) add(&statements) = (struct ct_expect_statement){ .kind = CT_EXPECT_LIST };
	while (next_statement(s) && !sees_end(s)) {
		struct ct_expect_statement st = { .line = s->line };
		const char *begin = s->at;

		s->name_count = 0;
		if (element(s, &list, false)) {
			list_line = list_line ? list_line : st.line;
			for (size_t i = 0; i < s->name_count && list_name_count < 63; i++)
				list_names[list_name_count++] = s->names[i];
			continue;
		}
		if (!statement(s, &st)) {
			recover(s);
			continue;
		}
		st.text = text_since(s, begin);
		st.variables = take_names(s);
		*(struct ct_expect_statement *) add(&statements) = st;
	}
	memcpy(s->names, list_names, list_name_count * sizeof *list_names);
	s->name_count = list_name_count;
	((struct ct_expect_statement *) statements.rows)->line = list_line;
	((struct ct_expect_statement *) statements.rows)->text = "calls in order";
	((struct ct_expect_statement *) statements.rows)->variables = take_names(s);
	((struct ct_expect_statement *) statements.rows)->elements =
		keep(s, &list, &((struct ct_expect_statement *) statements.rows)->element_count);
	check_variables(s, &statements);
	block->statements = keep(s, &statements, &block->statement_count);
	if (!block->statements[0].element_count) {
		block->statements++;
		block->statement_count--;
	}
}

static void read_block(struct ct_scan *s, struct growing *blocks)
{
	struct ct_expect_block block = { .line = s->line };
	unsigned before = s->problem_count;
	const char *word = "test";

	if (ct_scan_word(s, "program")) {
		block.is_program = true;
		word = "program";
	} else if (!ct_scan_word(s, "test")) {
		ct_scan_expected(s, "'test' or 'program'");
		while (recover(s) && next_statement(s))
			if (ct_scan_sees(s, "test ") || ct_scan_sees(s, "program "))
				break;
		return;
	}
	if (!block_head(s, &block))
		recover(s);
	read_statements(s, &block);
	if (s->at == s->end)
		no_end(s, block.line, word);
	else
		read_end(s);
	if (block.statement_count == 0 && s->problem_count == before) {
		unsigned line = s->line;

		s->line = block.line;
		ct_scan_problem(s, s->line_begin, "nothing is expected of this %s", word);
		s->line = line;
	}
	*(struct ct_expect_block *) add(blocks) = block;
}

/* --- files --- */

bool ct_expect_parse(const char *path, const char *text, size_t size, struct ct_expect_file *out,
                     struct ct_text *problems)
{
	struct growing blocks = { .size = sizeof(struct ct_expect_block) };
	struct ct_scan s = { .path = path, .line = 1, .problems = problems };

	*out = (struct ct_expect_file){ .path = path };
	s.arena = &out->arena;
	s.at = s.line_begin = ct_arena_strndup(&out->arena, size ? text : "", size);
	s.end = s.at + size;
	while (next_statement(&s))
		read_block(&s, &blocks);
	if (!blocks.count && !s.problem_count)
		ct_scan_problem(&s, s.at, "there is no 'test' in this file");
	if (s.problem_count > CT_EXPECT_PROBLEMS)
		ct_text_addf(problems, "%s: and %u more\n", path, s.problem_count - CT_EXPECT_PROBLEMS);
	out->blocks = (struct ct_expect_block *) keep(&s, &blocks, &out->block_count);
	return s.problem_count == 0;
}

bool ct_expect_read(const char *path, struct ct_expect_file *out, struct ct_text *problems)
{
	struct ct_bytes bytes;
	struct ct_error err;
	bool ok;

	*out = (struct ct_expect_file){ .path = path };
	if (!ct_file_map(path, &bytes, &err)) {
		ct_text_addf(problems, "%s\n", err.text);
		return false;
	}
	ok = ct_expect_parse(path, (const char *) bytes.data, bytes.size, out, problems);
	ct_file_unmap(&bytes);
	return ok;
}

void ct_expect_deinit(struct ct_expect_file *file)
{
	ct_arena_deinit(&file->arena);
	*file = (struct ct_expect_file){0};
}

/* --- what is in a file --- */

static void visit_elements(const struct ct_element *elements, size_t count,
                           void (*visit)(const struct ct_pattern *pattern, void *user), void *user)
{
	for (size_t i = 0; i < count; i++) {
		if (elements[i].pattern)
			visit(elements[i].pattern, user);
		visit_elements(elements[i].items, elements[i].count, visit, user);
	}
}

static void visit_statement(const struct ct_expect_statement *st,
                            void (*visit)(const struct ct_pattern *pattern, void *user), void *user)
{
	visit_elements(st->elements, st->element_count, visit, user);
	if (st->pattern)
		visit(st->pattern, user);
	if (st->other)
		visit(st->other, user);
	for (size_t i = 0; i < st->pattern_count; i++)
		visit(st->patterns[i], user);
}

void ct_expect_patterns(const struct ct_expect_file *file,
                        void (*visit)(const struct ct_pattern *pattern, void *user), void *user)
{
	for (size_t i = 0; i < file->block_count; i++)
		for (size_t j = 0; j < file->blocks[i].statement_count; j++)
			visit_statement(&file->blocks[i].statements[j], visit, user);
}

/* --- for which test --- */

static bool selects(const struct ct_expect_selector *list, size_t count, const char *name, int32_t parameter)
{
	for (size_t i = 0; i < count; i++)
		if (ct_glob(list[i].glob, name) && (list[i].parameter < 0 || list[i].parameter == parameter))
			return true;
	return false;
}

bool ct_expect_selects(const struct ct_expect_block *block, const char *suite, const char *name,
                       int32_t parameter, const char *program)
{
	struct ct_text full = {0};
	bool yes;

	if (block->is_program != (suite == NULL))
		return false;
	if (suite)
		ct_text_addf(&full, "%s::%s", suite, name);
	else
		ct_text_add(&full, program);
	yes = selects(block->selectors, block->selector_count, full.data, parameter)
	      || (!suite && selects(block->selectors, block->selector_count, ct_basename(program), parameter));
	yes = yes && !selects(block->excepted, block->excepted_count, full.data, parameter);
	ct_text_deinit(&full);
	return yes;
}
