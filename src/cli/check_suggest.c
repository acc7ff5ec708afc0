#include "cli/check_suggest.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/name.h"
#include "match/show.h"
#include "match/trace_calls.h"
#include "match/verdict.h"

enum { MOST_CALLS = 200, MOST_VARIABLES = 32 };

/* What a call returned, if a later one was given it. */
struct returned {
	uint64_t address;
	unsigned number; /* of the variable: $1 is $p1; 0: it has none yet */
};

struct suggestion {
	struct ct_calls *calls;
	struct ct_style style;
	struct returned returned[MOST_VARIABLES];
	size_t returned_count;
	unsigned variables;
	struct ct_text line, last; /* the last one may come again */
	size_t times, left_out;
	struct ct_text body;
};

/* --- which calls --- */

/* What the test's body, or main(), called itself. */
static bool is_direct(const struct ct_calls *calls, struct ct_call_id id, bool is_test)
{
	struct ct_call_id parent = ct_call_parent(calls, id);
	const struct ct_call *call = ct_call_at(calls, id);

	if (call->phase != (is_test ? CT_PHASE_BODY : CT_PHASE_PROGRAM)
	    || calls->functions[ct_call_function(calls, id)].plumbing)
		return false;
	return parent.number != CT_NO_NUMBER && ct_call_parent(calls, parent).number == CT_NO_NUMBER;
}

/* --- values --- */

static const struct returned *find(const struct suggestion *s, uint64_t address)
{
	for (size_t i = s->returned_count; i-- > 0;)
		if (s->returned[i].address == address)
			return &s->returned[i];
	return NULL;
}

static bool is_plain(const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:";

	return name[strspn(name, plain)] == '\0';
}

static void add_value(struct suggestion *s, const struct ct_datum *d)
{
	const struct returned *from = d->is_pointer && d->has_address ? find(s, d->address) : NULL;

	if (from)
		ct_text_addf(&s->line, "$p%u", from->number);
	else if (d->truncated || d->unreadable || (d->is_pointer && d->kind != CT_DATUM_STRING && d->kind != CT_DATUM_NULL
	                                           && !(d->kind == CT_DATUM_WORD && d->type_class == CT_CLASS_FUNCTION)))
		ct_text_add_char(&s->line, '_');
	else if (d->kind == CT_DATUM_WORD && d->type_class == CT_CLASS_FUNCTION)
		ct_text_addf(&s->line, is_plain(d->text) ? "@%s" : "@\"%s\"", d->text);
	else if (d->kind == CT_DATUM_INTEGER || d->kind == CT_DATUM_FLOAT || d->kind == CT_DATUM_BOOL
	         || d->kind == CT_DATUM_STRING || d->kind == CT_DATUM_NULL || d->kind == CT_DATUM_WORD)
		ct_datum_show(d, &s->style, &s->line);
	else
		ct_text_add_char(&s->line, '_');
}

/* How many functions it means; 0: none, or it cannot be told which. */
static size_t meanings(const struct suggestion *s, const char *name)
{
	struct ct_pattern p = { .name = name };
	struct ct_functions found;
	struct ct_text problem = {0};
	size_t count = ct_resolve(s->calls, &p, &found, &problem) ? found.count : 0;

	ct_functions_deinit(&found);
	ct_text_deinit(&problem);
	return count;
}

/* What C++ writes around a function's name is left out where one function only is called that. */
static void add_name(struct suggestion *s, uint32_t function)
{
	const struct ct_calls_function *f = &s->calls->functions[function];
	char *bare = ct_strdup(f->name), *canonical = ct_strdup(f->name);
	const char *name = f->name;

	ct_name_drop_return_type(bare);
	bare[ct_name_parameters(bare)] = '\0';
	if (strchr(name, '(') && meanings(s, bare) == 1)
		name = bare;
	ct_name_canonical(canonical);
	if (name == f->name && strcmp(name, canonical) != 0 && meanings(s, canonical) == 1)
		name = canonical;
	if (!meanings(s, name) && f->file)
		ct_text_addf(&s->line, "%s:", ct_basename(f->file));
	ct_text_addf(&s->line, is_plain(name) ? "%s" : "\"%s\"", name);
	free(bare);
	free(canonical);
}

static void add_arguments(struct suggestion *s, struct ct_call_id id)
{
	struct ct_arena arena = {0};
	struct ct_datum arguments;
	const char *why;

	if (ct_call_arguments(s->calls, id, &arena, &arguments, &why)) {
		ct_text_add_char(&s->line, '(');
		for (size_t i = 0; i < arguments.count; i++) {
			if (i == 0 && arguments.items[0].name && strcmp(arguments.items[0].name, "this") == 0) {
				continue;
			}
			if (s->line.data[s->line.length - 1] != '(')
				ct_text_add(&s->line, ", ");
			add_value(s, &arguments.items[i]);
		}
		ct_text_add_char(&s->line, ')');
	}
	ct_arena_deinit(&arena);
}

static bool is_given_later(const struct suggestion *s, const struct ct_call_id *ids, size_t count, uint64_t address)
{
	for (size_t i = 0; i < count; i++) {
		struct ct_arena arena = {0};
		struct ct_datum arguments;
		const char *why;
		bool found = false;

		if (ct_call_arguments(s->calls, ids[i], &arena, &arguments, &why))
			for (size_t j = 0; j < arguments.count; j++)
				found |= arguments.items[j].is_pointer && arguments.items[j].has_address
				         && arguments.items[j].address == address;
		ct_arena_deinit(&arena);
		if (found)
			return true;
	}
	return false;
}

/* `later`: the calls behind it. */
static void add_returned(struct suggestion *s, struct ct_call_id id, const struct ct_call_id *later, size_t count)
{
	struct ct_arena arena = {0};
	struct ct_datum d;
	const char *why;

	if (ct_call_at(s->calls, id)->state == CT_STATE_RETURNED && ct_call_returned(s->calls, id, &arena, &d, &why)
	    && d.kind != CT_DATUM_NONE) {
		ct_text_add(&s->line, " -> ");
		if (d.is_pointer && d.has_address && d.kind != CT_DATUM_NULL && !find(s, d.address)
		    && s->returned_count < MOST_VARIABLES && is_given_later(s, later, count, d.address))
			s->returned[s->returned_count++] = (struct returned){ d.address, ++s->variables };
		add_value(s, &d);
	}
	ct_arena_deinit(&arena);
}

/* --- lines --- */

static void flush_line(struct suggestion *s)
{
	if (!s->times)
		return;
	ct_text_addf(&s->body, "    call %s", s->last.data);
	if (s->times > 1)
		ct_text_addf(&s->body, " x%zu", s->times);
	ct_text_add_char(&s->body, '\n');
}

static void add_call(struct suggestion *s, const struct ct_call_id *ids, size_t at, size_t count)
{
	struct ct_text swap;

	ct_text_clear(&s->line);
	add_name(s, ct_call_function(s->calls, ids[at]));
	add_arguments(s, ids[at]);
	add_returned(s, ids[at], ids + at + 1, count - at - 1);
	if (s->times && strcmp(s->line.data, s->last.data) == 0) {
		s->times++;
		return;
	}
	flush_line(s);
	swap = s->last;
	s->last = s->line;
	s->line = swap;
	s->times = 1;
}

static void write_calls(struct suggestion *s, bool is_test)
{
	struct ct_call_id *ids = NULL;
	size_t count = 0, capacity = 0;

	for (uint32_t thread = 0; thread < s->calls->thread_count; thread++) {
		const struct ct_calls_thread *t = &s->calls->threads[thread];

		for (uint32_t i = 0; t->is_test && i < t->count; i++) {
			if (!is_direct(s->calls, (struct ct_call_id){ thread, i }, is_test))
				continue;
			if (count == MOST_CALLS) {
				s->left_out++;
				continue;
			}
			if (count == capacity) {
				capacity = capacity ? 2 * capacity : 64;
				ids = ct_realloc(ids, capacity * sizeof *ids);
			}
			ids[count++] = (struct ct_call_id){ thread, i };
		}
	}
	for (size_t i = 0; i < count; i++)
		add_call(s, ids, i, count);
	flush_line(s);
	free(ids);
}

/* Why nothing is to be learnt from this trace; NULL: something is. */
static const char *unfit(const struct ct_trace_test *test, const struct ct_trace_meta *meta)
{
	if (!test->suite || test->executable)
		return meta->role == CT_ROLE_RUNNER ? "" : NULL;
	return test->status == CT_STATUS_PASSED || test->status == CT_STATUS_UNKNOWN ? NULL : ct_status_name(test->status);
}

static void write_head(const struct ct_trace_test *test, const struct ct_trace_meta *meta, FILE *out)
{
	if (!test->suite || test->executable)
		fprintf(out, "program %s\n", meta->executable ? ct_basename(meta->executable) : "?");
	else if (test->parameter >= 0)
		fprintf(out, "test %s::%s[%d]\n", test->suite, test->name, test->parameter);
	else
		fprintf(out, "test %s::%s\n", test->suite, test->name);
}

bool ct_suggest(struct ct_trace *trace, FILE *out, struct ct_error *err)
{
	const struct ct_trace_test *test = ct_trace_test(trace);
	const struct ct_trace_meta *meta = ct_trace_meta(trace);
	struct suggestion s = { .style = { .addresses = true, .width = 1 << 20 } };
	const char *why = unfit(test, meta);
	struct ct_trace_calls *tc;

	if (why) {
		if (*why)
			fprintf(out, "# %s::%s %s: nothing is suggested\n\n", test->suite, test->name, why);
		return true;
	}
	tc = ct_trace_calls_new(trace, NULL, err);
	if (!tc)
		return false;
	s.calls = ct_trace_calls_get(tc);
	write_calls(&s, test->suite && !test->executable);
	if (!s.body.length)
		fputs("# made no calls itself: ", out);
	write_head(test, meta, out);
	if (s.body.length)
		fputs(s.body.data, out);
	if (s.left_out)
		fprintf(out, "    # and %zu more calls\n", s.left_out);
	fputs(s.body.length ? "end\n\n" : "\n", out);
	ct_text_deinit(&s.line);
	ct_text_deinit(&s.last);
	ct_text_deinit(&s.body);
	ct_trace_calls_free(tc);
	return true;
}
