/*
 * assert.c - the assertions of <criterion/calltrace.h>: each asks the engine (match/verdict.h), and tells
 * Criterion what it said.
 */
#include <errno.h>
#include <stdio.h>

#include "base/text.h"
#include "expect.h"
#include "match/remembered.h"
#include "process.h"
#include "report.h"
#include "settle.h"
#include "words.h"

/* A question, taken apart. */
struct question {
	enum calltrace_what what;
	cr_call_pattern p, q;
	cr_call_times times;
	int n;
	const struct ct_element *list;
	size_t count;
	const char *wrong; /* it makes no sense; NULL: it does */
};

static bool ask_times(struct ct_matching *m, const struct question *q, struct ct_verdict *v)
{
	return ct_assert_called(m, &q->p->pattern, q->times->least, q->times->most, v);
}

static bool ask_only(struct ct_matching *m, const struct question *q, struct ct_verdict *v)
{
	const struct ct_pattern **patterns = ct_calloc(q->count + 1, sizeof *patterns);
	bool met;

	for (size_t i = 0; i < q->count; i++)
		patterns[i] = q->list[i].pattern;
	met = ct_assert_only_called(m, patterns, q->count, v);
	free(patterns);
	return met;
}

static bool ask(struct ct_matching *m, const struct question *q, struct ct_verdict *v)
{
	const struct ct_pattern *p = q->p ? &q->p->pattern : NULL, *other = q->q ? &q->q->pattern : NULL;

	switch (q->what) {
	case CALLTRACE_CALLED: return ct_assert_called(m, p, 1, UINT32_MAX, v);
	case CALLTRACE_NOT_CALLED: return ct_assert_called(m, p, 0, 0, v);
	case CALLTRACE_ONCE: return ct_assert_called(m, p, 1, 1, v);
	case CALLTRACE_TIMES: return ask_times(m, q, v);
	case CALLTRACE_ALWAYS: return ct_assert_always(m, p, v);
	case CALLTRACE_NTH: return ct_assert_nth(m, p, q->n, v);
	case CALLTRACE_BEFORE: return ct_assert_before(m, p, other, v);
	case CALLTRACE_LATER: return ct_assert_before(m, other, p, v);
	case CALLTRACE_NEXT: return ct_assert_immediately_before(m, p, other, v);
	case CALLTRACE_FINISHED: return ct_assert_finished_before(m, p, other, v);
	case CALLTRACE_ORDER: return ct_assert_order(m, q->list, q->count, v);
	case CALLTRACE_SEQUENCE: return ct_assert_sequence(m, q->list, q->count, v);
	case CALLTRACE_CALLS_OF: return ct_assert_calls_of(m, p, q->list, q->count, v);
	case CALLTRACE_FROM: return ct_assert_called_from(m, p, other, v);
	case CALLTRACE_DEPTH: return ct_assert_max_depth(m, p, q->times->most, v);
	case CALLTRACE_ONLY: return ask_only(m, q, v);
	case CALLTRACE_NO_OTHER: return ct_assert_no_other_calls(m, v);
	case CALLTRACE_WILL: break;
	}
	return false;
}

/* All that the answer hangs on, beside the calls. */
static void make_key(const struct ct_matching *m, const struct question *q, struct ct_key *key)
{
	ct_key_number(key, q->what);
	ct_key_pattern(key, q->p ? &q->p->pattern : NULL);
	ct_key_pattern(key, q->q ? &q->q->pattern : NULL);
	ct_key_number(key, q->times ? (uint64_t) q->times->least << 32 | q->times->most : 0);
	ct_key_number(key, (uint64_t) (int64_t) q->n);
	ct_key_elements(key, q->list, q->count);
	ct_key_number(key, q->what == CALLTRACE_NO_OTHER ? m->marks : 0);
}

/* As before, if the same was asked, and nothing new was recorded since. */
static bool ask_once(struct ct_matching *m, const struct question *q, struct ct_verdict *v)
{
	struct ct_key key = {0};
	uint64_t number = 0;
	bool met;

	make_key(m, q, &key);
	if (ct_remembered(m, &key, v, &number)) {
		met = v->kind == CT_VERDICT_MET;
	} else {
		met = ask(m, q, v);
		ct_remember(m, &key, v, 0);
	}
	ct_key_deinit(&key);
	return met;
}

static const char *wrong_pattern(cr_call_pattern w)
{
	if (!w || w->kind == WORD_PATTERN)
		return NULL;
	return w->kind == WORD_WRONG ? w->text
	       : w->kind == WORD_REASON ? "cr_because() stands where a function has to be named"
	                                : "an element of a list of calls (cr_times(), cr_opt(), cr_gap, ...) stands "
	                                  "where a single call is asked for";
}

static const char *wrong_in(const struct question *q)
{
	const char *text = q->wrong ? q->wrong : wrong_pattern(q->p);

	if (!text)
		text = wrong_pattern(q->q);
	if (!text && q->times && q->times->wrong)
		text = "a number of calls that is negative, or at most less than at least";
	if (!text && q->what == CALLTRACE_DEPTH && !q->times->exactly)
		text = "cr_assert_max_depth() takes a number";
	if (!text && q->what == CALLTRACE_NTH && q->n == 0)
		text = "there is no call number 0: they count from 1, from the end from -1";
	return text;
}

static void settle(struct ct_calls *calls, const struct question *q)
{
	if (q->p)
		settle_pattern(calls, &q->p->pattern);
	if (q->q)
		settle_pattern(calls, &q->q->pattern);
	settle_elements(calls, q->list, q->count);
}

/* The answer; false: `explanation` says why. */
static bool decide(const struct question *q, struct ct_text *explanation)
{
	const char *wrong = wrong_in(q);
	struct ct_verdict verdict = {0};
	struct ct_matching *m;
	bool met = false;

	if (wrong) {
		ct_text_add(explanation, wrong);
		return false;
	}
	m = process_begin(explanation);
	if (m) {
		settle(m->calls, q);
		met = ask_once(m, q, &verdict);
		if (!met)
			ct_text_add(explanation, verdict.message.data ? verdict.message.data : "not met");
		ct_verdict_deinit(&verdict);
	}
	process_end();
	return met;
}

/* All that an assertion does. `message` is forgotten with its words. */
static bool conclude(const struct report_place *at, const struct question *q, const char *message)
{
	struct ct_text explanation = {0};
	int saved = errno;
	bool met = decide(q, &explanation);
	char *kept = met || !message ? NULL : ct_strdup(message);

	word_forget();
	if (met) {
		report_passed(at);
	} else {
		char *text = word_text(explanation.data, explanation.length); /* a fatal one does not come back */

		ct_text_deinit(&explanation);
		report_failed(at, kept, text);
	}
	free(kept);
	ct_text_deinit(&explanation);
	errno = saved;
	return met;
}

bool calltrace_passed(bool passed)
{
	return passed;
}

unsigned calltrace_number(unsigned number)
{
	return number;
}

/* The header puts an "x" before every format, so that there is one. */
static const char *message_of(const char *format, va_list args)
{
	return format[1] ? word_printf(format, args) + 1 : NULL;
}

bool calltrace_check(int how, enum calltrace_what what, const char *file, unsigned line, const char *text,
                     cr_call_pattern p, cr_call_pattern q, cr_call_times times, const char *format, ...)
{
	const struct report_place at = { file, line, how & CALLTRACE_FATAL, text };
	const struct question question = { .what = what, .p = p, .q = q, .times = times };
	const char *message, *wrong;
	va_list args;

	va_start(args, format);
	message = message_of(format, args);
	va_end(args);
	if (what != CALLTRACE_WILL)
		return conclude(&at, &question, message);
	wrong = wrong_in(&question);
	if (!wrong && expect_later(&at, p, times, message))
		return true;
	report_failed(&at, message, wrong ? wrong : "the end of the test's body cannot be seen: the program is not "
	                                            "linked as 'pkg-config --libs calltrace-criterion' says");
	return false;
}

bool expect_decide(const struct expectation *e, struct ct_text *explanation)
{
	return decide(&(struct question){ .what = CALLTRACE_TIMES, .p = e->pattern, .times = e->times }, explanation);
}

bool calltrace_check_nth(int how, enum calltrace_what what, const char *file, unsigned line, const char *text,
                         cr_call_pattern p, int n, const char *format, ...)
{
	const struct report_place at = { file, line, how & CALLTRACE_FATAL, text };
	const struct question question = { .what = what, .p = p, .n = n };
	const char *message;
	va_list args;

	va_start(args, format);
	message = message_of(format, args);
	va_end(args);
	return conclude(&at, &question, message);
}

bool calltrace_check_with(int how, enum calltrace_what what, const char *file, unsigned line, const char *text,
                          const char *values, int n, cr_call_pattern p, ...)
{
	const struct report_place at = { file, line, how & CALLTRACE_FATAL, text };
	struct question question = { .what = what, .n = n };
	cr_value_matcher first;
	va_list rest;

	(void) values;
	va_start(rest, p);
	first = va_arg(rest, cr_value_matcher);
	question.p = word_call(p, first, rest);
	va_end(rest);
	return conclude(&at, &question, question.p->kind == WORD_PATTERN ? question.p->text : NULL);
}

/* The calls of a list, and the reason behind them. */
static void read_list(struct question *q, cr_call_pattern first, va_list rest, const char **reason)
{
	struct ct_element *list;
	size_t room = 1;
	va_list again;

	va_copy(again, rest);
	for (cr_call_pattern w = first; w; w = va_arg(again, cr_call_pattern))
		room++;
	va_end(again);
	list = word_room(room * sizeof *list);
	for (cr_call_pattern w = first; w && !q->wrong; w = va_arg(rest, cr_call_pattern)) {
		if (w->kind == WORD_REASON && !*reason) {
			*reason = w->text;
			continue;
		}
		if (*reason)
			q->wrong = "cr_because() is not the last element of a list of calls";
		else if (word_element(w, &list[q->count], &q->wrong))
			q->count++;
	}
	q->list = list;
}

bool calltrace_check_list(int how, enum calltrace_what what, const char *file, unsigned line, const char *text,
                          cr_call_pattern first, ...)
{
	const struct report_place at = { file, line, how & CALLTRACE_FATAL, text };
	struct question question = { .what = what };
	const char *reason = NULL;
	va_list rest;

	va_start(rest, first);
	if (what == CALLTRACE_CALLS_OF) {
		question.p = first;
		first = va_arg(rest, cr_call_pattern);
	}
	if (first)
		read_list(&question, first, rest, &reason);
	va_end(rest);
	for (size_t i = 0; what == CALLTRACE_ONLY && i < question.count; i++)
		if (question.list[i].kind != CT_ELEMENT_CALL || question.list[i].most != 1)
			question.wrong = "cr_assert_only_called() takes calls, however often they come";
	return conclude(&at, &question, reason);
}
