/*
 * trace_text.h - a trace's calls as text, for tests to compare: a line a call, indented by
 * depth, with what a test asks to see.
 */
#ifndef TRACE_TEXT_H
#define TRACE_TEXT_H

#include <criterion/criterion.h>

#include "base/file.h"
#include "raw_writer.h"
#include "trace/trace.h"

struct trace_text {
	struct ct_text text;
	struct ct_trace *trace;
	bool times, phases;
};

static inline void trace_text_indent(struct trace_text *t, uint32_t depth)
{
	for (uint32_t i = 0; i < depth; i++)
		ct_text_add(&t->text, "  ");
}

/* "+ name"; its "- name" only where there is more to say than that it returned. */
static inline bool trace_text_enter(const struct ct_trace_call *call, void *user)
{
	struct trace_text *t = user;
	size_t count;

	trace_text_indent(t, call->depth);
	ct_text_add(&t->text, ct_trace_functions(t->trace, &count)[call->function].name);
	cr_assert_lt(call->function, count);
	if (t->times)
		ct_text_addf(&t->text, " @%llu", (unsigned long long) call->start);
	if (t->phases && call->depth == 0)
		ct_text_addf(&t->text, " %s", ct_phase_name(call->phase));
	if (call->iteration)
		ct_text_addf(&t->text, " #%u", call->iteration);
	if (call->continued)
		ct_text_add(&t->text, " continued");
	ct_text_add(&t->text, "\n");
	return true;
}

static inline bool trace_text_leave(const struct ct_trace_call *call, void *user)
{
	static const char *const names[] = { NULL, "unwound", "open", "unseen", "switched" };
	struct trace_text *t = user;

	if (!names[call->ended] && !t->times && !call->truncated)
		return true;
	trace_text_indent(t, call->depth);
	ct_text_add(&t->text, names[call->ended] ? names[call->ended] : "end");
	if (t->times)
		ct_text_addf(&t->text, " @%llu", (unsigned long long) call->end);
	if (call->truncated)
		ct_text_addf(&t->text, " cut %llu", (unsigned long long) call->truncated);
	ct_text_add(&t->text, "\n");
	return true;
}

static inline bool trace_text_mark(enum ct_extended kind, uint64_t time, const char *text,
                                   uint32_t depth, void *user)
{
	struct trace_text *t = user;

	trace_text_indent(t, depth);
	ct_text_add(&t->text, kind == CT_PAUSE ? "[pause" : kind == CT_RESUME ? "[resume"
	                      : kind == CT_FAILURE ? "[failure"
	                      : kind == CT_MISSING ? "[missing" : "[note");
	if (text)
		ct_text_addf(&t->text, " %s", text);
	if (t->times)
		ct_text_addf(&t->text, " @%llu", (unsigned long long) time);
	ct_text_add(&t->text, "]\n");
	return true;
}

static inline char *trace_text(struct ct_trace *trace, uint32_t thread, bool times, bool phases)
{
	static const struct ct_walker walker = { .enter = trace_text_enter, .leave = trace_text_leave,
	                                         .mark = trace_text_mark };
	struct trace_text t = { .trace = trace, .times = times, .phases = phases };
	struct ct_error err = { .text = "" };

	ct_text_add(&t.text, "");
	cr_assert(ct_trace_walk(trace, thread, &walker, &t, &err), "%s", err.text);
	return t.text.data;
}

/* A file in the test's own folder. Every test is a process of its own. */
static inline const char *temporary(const char *name)
{
	static char folder[256], path[512];
	const char *where = getenv("CT_TEST_TMP");

	if (!folder[0]) {
		snprintf(folder, sizeof folder, "%s/unit-XXXXXX", where ? where : "/tmp");
		cr_assert(mkdtemp(folder));
	}
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static inline struct ct_trace *open_trace(const char *path)
{
	struct ct_error err = { .text = "" };
	struct ct_trace *trace = NULL;

	cr_assert(ct_trace_open(path, NULL, &trace, &err), "%s", err.text);
	return trace;
}

/* Saves what was written, opens it, and compares its calls. */
static inline void expect_calls(struct ct_trace *trace, uint32_t thread, const char *expected)
{
	char *found = trace_text(trace, thread, false, false);

	cr_assert_str_eq(found, expected, "found:\n%sexpected:\n%s", found, expected);
	free(found);
}

static inline struct ct_trace *save_and_open(struct raw_writer *w)
{
	raw_save(w, temporary("x.ct"));
	return open_trace(temporary("x.ct"));
}

#endif
