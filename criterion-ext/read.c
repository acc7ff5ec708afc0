/* read.c - values for the test to read: of a call, in a predicate, captured. */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "match/remembered.h"
#include "process.h"
#include "report.h"
#include "settle.h"
#include "words.h"

struct calltrace_call {
	struct ct_call_id id;
};

/* Kept until the test ends. */
static char *keep_text(const char *text, size_t length)
{
	char *copy = ct_alloc(length + 1);

	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

static bool is_number(const struct ct_datum *d)
{
	return d->kind == CT_DATUM_INTEGER || d->kind == CT_DATUM_BOOL || d->has_number;
}

static bool read_float(const struct ct_datum *d, double *to)
{
	if (d->kind == CT_DATUM_FLOAT)
		*to = (double) d->real;
	else if (is_number(d))
		*to = (double) d->integer;
	else
		return false;
	return true;
}

static bool read_pointer(const struct ct_datum *d, const void **to)
{
	if (d->kind == CT_DATUM_NULL)
		*to = NULL;
	else if (d->kind == CT_DATUM_ADDRESS || d->has_address)
		*to = (const void *) (uintptr_t) d->address;
	else
		return false;
	return true;
}

/* False: it is of another kind. */
static bool read_datum(const struct ct_datum *d, enum calltrace_kind kind, union calltrace_result *out)
{
	switch (kind) {
	case CALLTRACE_AS_I64:
	case CALLTRACE_AS_U64:
		if (is_number(d))
			out->u64 = (uint64_t) d->integer;
		return is_number(d);
	case CALLTRACE_AS_DBL:
		return read_float(d, &out->dbl);
	case CALLTRACE_AS_STR:
		if (d->kind == CT_DATUM_STRING || d->kind == CT_DATUM_WORD)
			out->str = keep_text(d->text, d->length ? d->length : strlen(d->text));
		return d->kind == CT_DATUM_STRING || d->kind == CT_DATUM_WORD || d->kind == CT_DATUM_NULL;
	case CALLTRACE_AS_PTR:
		return read_pointer(d, &out->ptr);
	}
	return false;
}

/* Where results are until the thread asks for the next one. */
static union calltrace_result *fresh_result(void)
{
	static __thread union calltrace_result results[16];
	static __thread unsigned next;
	union calltrace_result *r = &results[next++ % 16];

	memset(r, 0, sizeof *r);
	return r;
}

/* --- predicates and captures --- */

struct predicate {
	bool (*ask)(const cr_call_value *value, void *data);
	void *data;
};

static bool ask_predicate(const struct ct_datum *datum, void *user)
{
	const struct predicate *p = user;

	return p->ask((const cr_call_value *) datum, p->data);
}

cr_value_matcher calltrace_satisfies(bool (*ask)(const cr_call_value *value, void *data), void *data)
{
	cr_value_matcher m = word_room(sizeof *m);
	struct predicate *p = word_room(sizeof *p);

	*p = (struct predicate){ ask, data };
	m->m.kind = CT_MATCH_PREDICATE;
	m->m.predicate = ask_predicate;
	m->m.user = p;
	return m;
}

const union calltrace_result *calltrace_value_get(const cr_call_value *value, enum calltrace_kind kind)
{
	union calltrace_result *r = fresh_result();

	read_datum((const struct ct_datum *) value, kind, r);
	return r;
}

struct target {
	void *to;
	enum calltrace_target kind;
	size_t size;
};

static bool store(const struct ct_datum *datum, void *user)
{
	static const enum calltrace_kind kinds[] = {
		[CALLTRACE_INTO_BOOL] = CALLTRACE_AS_I64, [CALLTRACE_INTO_SIGNED] = CALLTRACE_AS_I64,
		[CALLTRACE_INTO_UNSIGNED] = CALLTRACE_AS_U64, [CALLTRACE_INTO_FLOAT] = CALLTRACE_AS_DBL,
		[CALLTRACE_INTO_STRING] = CALLTRACE_AS_STR, [CALLTRACE_INTO_POINTER] = CALLTRACE_AS_PTR,
	};
	const struct target *t = user;
	union calltrace_result r = { .u64 = 0 };

	if (!read_datum(datum, kinds[t->kind], &r))
		return false;
	if (t->kind == CALLTRACE_INTO_BOOL) {
		*(bool *) t->to = r.i64 != 0;
	} else if (t->kind == CALLTRACE_INTO_FLOAT && t->size == sizeof(float)) {
		*(float *) t->to = (float) r.dbl;
	} else if (t->kind == CALLTRACE_INTO_FLOAT && t->size == sizeof(long double)) {
		*(long double *) t->to = r.dbl;
	} else {
		memcpy(t->to, &r, t->size < sizeof r ? t->size : sizeof r);
	}
	return true;
}

cr_value_matcher calltrace_capture(void *target, enum calltrace_target kind, size_t size)
{
	cr_value_matcher m = word_room(sizeof *m);
	struct target *t = word_room(sizeof *t);

	*t = (struct target){ target, kind, size };
	m->m.kind = CT_MATCH_CAPTURE;
	m->m.predicate = store;
	m->m.user = t;
	return m;
}

/* --- calls --- */

enum { COUNT = 1, FIND }; /* questions */

static uint64_t ask(struct ct_matching *m, int what, const struct ct_pattern *p, int n, struct ct_verdict *v)
{
	struct ct_call_id id;

	if (what == COUNT)
		return ct_count_calls(m, p, v);
	id = ct_find_call(m, p, n, v);
	return (uint64_t) id.thread << 32 | id.number;
}

/* As before, if the same was asked, and nothing new was recorded since. */
static uint64_t ask_once(struct ct_matching *m, int what, const struct ct_pattern *p, int n, struct ct_verdict *v)
{
	struct ct_key key = {0};
	uint64_t result;

	/* Not the key of an assertion, for it ends otherwise. */
	ct_key_number(&key, (uint64_t) what);
	ct_key_pattern(&key, p);
	ct_key_number(&key, (uint64_t) (int64_t) n);
	if (!ct_remembered(m, &key, v, &result)) {
		result = ask(m, what, p, n, v);
		ct_remember(m, &key, v, result);
	}
	ct_key_deinit(&key);
	return result;
}

unsigned calltrace_count(const char *file, unsigned line, cr_call_pattern p)
{
	const struct report_place at = { .file = file, .line = line };
	struct ct_verdict verdict = {0};
	struct ct_text problem = {0};
	struct ct_matching *m = NULL;
	int saved = errno;
	uint32_t n = UINT32_MAX;

	if (p->kind != WORD_PATTERN)
		ct_text_add(&problem, p->kind == WORD_WRONG ? p->text : "an element of a list is no call to be counted");
	else if ((m = process_begin(&problem))) {
		settle_pattern(m->calls, &p->pattern);
		n = (uint32_t) ask_once(m, COUNT, &p->pattern, 0, &verdict);
	}
	if (p->kind == WORD_PATTERN)
		process_end();
	word_forget();
	if (n == UINT32_MAX) {
		report_failed(&at, NULL, verdict.message.data ? verdict.message.data : problem.data);
		n = 0;
	}
	ct_verdict_deinit(&verdict);
	ct_text_deinit(&problem);
	errno = saved;
	return n;
}

const cr_call_info *calltrace_nth_call(const char *values, const char *file, unsigned line, cr_call_pattern p, int n)
{
	const struct report_place at = { .file = file, .line = line };
	struct ct_call_id id = CT_NO_CALL;
	struct ct_verdict verdict = {0};
	struct ct_text problem = {0};
	struct calltrace_call *call = NULL;
	struct ct_matching *m = NULL;
	uint64_t found;
	int saved = errno;

	(void) values;
	if (p->kind != WORD_PATTERN || n == 0)
		ct_text_add(&problem, p->kind == WORD_WRONG ? p->text : "no single call is named, or its number is 0");
	else {
		if ((m = process_begin(&problem))) {
			settle_pattern(m->calls, &p->pattern);
			found = ask_once(m, FIND, &p->pattern, n, &verdict);
			id = (struct ct_call_id){ (uint32_t) (found >> 32), (uint32_t) found };
		}
		process_end();
	}
	if (!ct_call_same(id, CT_NO_CALL)) {
		call = word_room(sizeof *call);
		call->id = id;
	} else if (verdict.message.length || problem.length) {
		report_failed(&at, NULL, verdict.message.length ? verdict.message.data : problem.data);
	}
	ct_verdict_deinit(&verdict);
	ct_text_deinit(&problem);
	errno = saved;
	return call;
}

static const struct ct_datum *find_argument(const struct ct_datum *arguments, const char *name)
{
	for (size_t i = 0; i < arguments->count; i++)
		if (arguments->items[i].name && strcmp(arguments->items[i].name, name) == 0)
			return &arguments->items[i];
	return NULL;
}

/* False: `problem` says why. */
static bool get(struct ct_matching *m, const cr_call_info *call, const char *name, enum calltrace_kind kind,
                union calltrace_result *out, struct ct_text *problem)
{
	struct ct_arena arena = {0};
	const struct ct_datum *found;
	const char *why = NULL;
	struct ct_datum d;
	bool ok;

	ok = name ? ct_call_arguments(m->calls, call->id, &arena, &d, &why)
	          : ct_call_returned(m->calls, call->id, &arena, &d, &why);
	found = !ok ? NULL : name ? find_argument(&d, name) : &d;
	if (!found)
		ct_text_addf(problem, "%s of this call cannot be read: %s", name ? name : "the returned value",
		             ok ? "it has no parameter of that name" : why ? why : "it was not recorded");
	else if (found->kind == CT_DATUM_NONE)
		ct_text_addf(problem, "%s of this call cannot be read: its value is not available: %s",
		             name ? name : "the returned value", found->why ? found->why : "not recorded");
	else if (!read_datum(found, kind, out))
		ct_text_addf(problem, "%s of this call cannot be read so: it is of another kind",
		             name ? name : "the returned value");
	if (problem->length) {
		ct_text_add(problem, "\n    ");
		ct_call_show(m->calls, call->id, &m->style, problem);
	}
	ct_arena_deinit(&arena);
	return !problem->length;
}

const union calltrace_result *calltrace_get(const char *file, unsigned line, const cr_call_info *call, const char *name,
                                            enum calltrace_kind kind)
{
	const struct report_place at = { .file = file, .line = line };
	union calltrace_result *r = fresh_result();
	struct ct_text problem = {0};
	struct ct_matching *m;
	int saved = errno;

	if (!call) {
		ct_text_add(&problem, "there is no such call to read a value of");
	} else {
		if ((m = process_begin(&problem)))
			get(m, call, name, kind, r, &problem);
		process_end();
	}
	if (problem.length)
		report_failed(&at, NULL, problem.data);
	ct_text_deinit(&problem);
	errno = saved;
	return r;
}

cr_mark calltrace_mark_now(void)
{
	return (cr_mark){ process_now() };
}

void calltrace_reset(void)
{
	process_reset();
}
