#include "words.h"

#include "format/raw.h"

static cr_call_pattern word(enum word_kind kind)
{
	cr_call_pattern p = word_room(sizeof *p);

	p->kind = kind;
	return p;
}

static cr_call_pattern wrong(const char *text)
{
	cr_call_pattern p = word(WORD_WRONG);

	p->text = text;
	return p;
}

cr_call_pattern calltrace_pattern(int unused, cr_call_pattern pattern)
{
	(void) unused;
	return pattern;
}

cr_call_pattern calltrace_pattern_reason(int unused, cr_call_reason reason)
{
	cr_call_pattern p = word(WORD_REASON);

	(void) unused;
	p->text = reason->text;
	return p;
}

cr_call_pattern calltrace_pattern_name(int unused, const char *name)
{
	cr_call_pattern p = word(WORD_PATTERN);

	(void) unused;
	if (!name || !*name)
		return wrong("a function's name is NULL or empty");
	p->pattern.name = word_text(name, strlen(name));
	return p;
}

cr_call_pattern calltrace_pattern_function(int unused, ...)
{
	cr_call_pattern p = word(WORD_PATTERN);
	void (*function)(void);
	va_list args;

	va_start(args, unused);
	function = va_arg(args, void (*)(void));
	va_end(args);
	if (!function)
		return wrong("a pointer to a function is NULL");
	p->pattern.address = (uint64_t) (uintptr_t) function;
	return p;
}

cr_call_pattern calltrace_pattern_virtual(void)
{
	return wrong("a pointer to a virtual member function does not say which function is called; use its "
	             "name: \"K::f\"");
}

/* A copy of a pattern, to be narrowed; or what is wrong, to be handed on. */
static cr_call_pattern narrowed(cr_call_pattern from)
{
	cr_call_pattern p;

	if (from->kind == WORD_WRONG)
		return from;
	if (from->kind != WORD_PATTERN)
		return wrong("an element of a list of calls (cr_times(), cr_opt(), cr_gap, ...) cannot be narrowed");
	p = word(WORD_PATTERN);
	p->pattern = from->pattern;
	return p;
}

/* The other pattern that one is narrowed by. */
static const struct ct_pattern *other(cr_call_pattern p, cr_call_pattern from)
{
	if (from->kind == WORD_PATTERN)
		return &from->pattern;
	if (p->kind == WORD_PATTERN) {
		p->kind = WORD_WRONG;
		p->text = from->kind == WORD_WRONG ? from->text
		          : "an element of a list of calls is no caller";
	}
	return NULL;
}

cr_call_pattern word_call(cr_call_pattern pattern, cr_value_matcher first, va_list rest)
{
	cr_call_pattern p = narrowed(pattern);

	if (p->kind != WORD_PATTERN)
		return p;
	if (p->pattern.has_arguments)
		return wrong("cr_call() within cr_call()");
	p->pattern.has_arguments = true;
	p->pattern.argument_count = word_matchers(first, rest, &p->pattern.arguments, &p->text);
	return p;
}

cr_call_pattern calltrace_call(const char *values, cr_call_pattern pattern, ...)
{
	cr_call_pattern p;
	cr_value_matcher first;
	va_list rest;

	(void) values;
	va_start(rest, pattern);
	first = va_arg(rest, cr_value_matcher);
	p = word_call(pattern, first, rest);
	va_end(rest);
	return p;
}

cr_call_pattern calltrace_returning(const char *values, cr_call_pattern pattern, cr_value_matcher m)
{
	cr_call_pattern p = narrowed(pattern);

	(void) values;
	if (p->kind == WORD_PATTERN)
		p->pattern.returned = &m->m;
	return p;
}

cr_call_pattern calltrace_from(cr_call_pattern pattern, cr_call_pattern caller)
{
	cr_call_pattern p = narrowed(pattern);

	p->pattern.from = other(p, caller);
	return p;
}

cr_call_pattern calltrace_within(cr_call_pattern pattern, cr_call_pattern ancestor)
{
	cr_call_pattern p = narrowed(pattern);

	p->pattern.within = other(p, ancestor);
	return p;
}

cr_call_pattern calltrace_on_thread(cr_call_pattern pattern, enum cr_call_thread thread)
{
	cr_call_pattern p = narrowed(pattern);

	p->pattern.thread = thread == CR_TEST_THREAD ? CT_THREAD_TEST : CT_THREAD_OTHER;
	return p;
}

cr_call_pattern calltrace_since(cr_call_pattern pattern, cr_mark mark)
{
	cr_call_pattern p = narrowed(pattern);

	p->pattern.since = mark.time;
	return p;
}

cr_call_pattern calltrace_nth(cr_call_pattern pattern, int n)
{
	if (n == 0)
		return wrong("there is no call number 0: they count from 1, from the end from -1");
	pattern = narrowed(pattern);
	pattern->pattern.nth = n;
	return pattern;
}

cr_call_pattern calltrace_in_phase(cr_call_pattern pattern, unsigned phases)
{
	const unsigned all = CR_STARTUP | CR_SETUP | CR_BODY | CR_TEARDOWN;
	cr_call_pattern p = narrowed(pattern);

	if (!(phases & all) || phases & ~all)
		return wrong("not a phase, or several of them: CR_SETUP | CR_BODY");
	p->pattern.phases = phases;
	return p;
}

/* --- lists --- */

cr_call_pattern calltrace_repeated(cr_call_pattern pattern, cr_call_times times)
{
	cr_call_pattern p = narrowed(pattern);

	if (p->kind != WORD_PATTERN)
		return p;
	if (times->wrong || times->most == 0)
		return wrong("a call in a list that is to come no times, or less: cr_never() says that");
	p->kind = WORD_TIMES;
	p->least = times->least;
	p->most = times->most;
	return p;
}

cr_call_pattern calltrace_gap(void)
{
	return word(WORD_GAP);
}

cr_call_pattern calltrace_never(cr_call_pattern pattern)
{
	cr_call_pattern p = narrowed(pattern);

	if (p->kind == WORD_PATTERN)
		p->kind = WORD_NEVER;
	return p;
}

bool word_element(cr_call_pattern w, struct ct_element *out, const char **wrong_text)
{
	*out = (struct ct_element){ .kind = CT_ELEMENT_CALL, .pattern = &w->pattern };
	switch (w->kind) {
	case WORD_PATTERN:
		out->least = out->most = 1;
		return true;
	case WORD_TIMES:
		out->least = w->least;
		out->most = w->most;
		return true;
	case WORD_UNORDERED:
		out->kind = CT_ELEMENT_UNORDERED;
		out->items = w->items;
		out->count = w->count;
		return true;
	case WORD_GAP:
		out->kind = CT_ELEMENT_GAP;
		return true;
	case WORD_NEVER:
		out->kind = CT_ELEMENT_NEVER;
		return true;
	case WORD_REASON:
		*wrong_text = "cr_because() within a list of calls is not its last element";
		return false;
	case WORD_WRONG:
		*wrong_text = w->text;
		return false;
	}
	return false;
}

cr_call_pattern calltrace_unordered(cr_call_pattern first, ...)
{
	cr_call_pattern p = word(WORD_UNORDERED);
	const char *text = NULL;
	va_list rest;

	va_start(rest, first);
	for (cr_call_pattern w = first; w; w = va_arg(rest, cr_call_pattern))
		p->count++;
	va_end(rest);
	p->items = word_room(p->count * sizeof *p->items);
	p->count = 0;
	va_start(rest, first);
	for (cr_call_pattern w = first; w && !text; w = va_arg(rest, cr_call_pattern))
		if (!word_element(w, &p->items[p->count++], &text))
			break;
		else if (w->kind != WORD_PATTERN && w->kind != WORD_TIMES)
			text = "cr_unordered() takes calls, and nothing within them";
	va_end(rest);
	return text ? wrong(text) : p;
}

/* --- counts, reasons --- */

cr_call_times calltrace_times(long least, long most)
{
	cr_call_times t = word_room(sizeof *t);

	t->wrong = least < 0 || (most >= 0 && most < least) || least >= UINT32_MAX;
	t->least = (uint32_t) least;
	t->most = most < 0 || most >= UINT32_MAX ? UINT32_MAX : (uint32_t) most;
	return t;
}

cr_call_times calltrace_times_same(cr_call_times times)
{
	return times;
}

cr_call_times calltrace_times_exactly(long n)
{
	cr_call_times t = calltrace_times(n, n);

	t->wrong = n < 0 || n >= UINT32_MAX;
	t->exactly = true;
	return t;
}

cr_call_reason calltrace_because(const char *format, ...)
{
	cr_call_reason r = word_room(sizeof *r);
	va_list args;

	va_start(args, format);
	r->text = word_printf(format, args);
	va_end(args);
	return r;
}
