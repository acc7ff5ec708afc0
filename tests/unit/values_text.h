/*
 * values_text.h - a call that was made by hand (values_image.h), read in every way there is.
 *
 *     expect_values(&c, "[{\"name\":\"n\",\"type\":\"int\",\"value\":3}] -> {...} after [...]");
 */
#ifndef VALUES_TEXT_H
#define VALUES_TEXT_H

#include "trace_text.h"
#include "values_image.h"

static inline struct ct_trace *image_trace_ending(const struct call_image *c, enum ct_kind end)
{
	struct raw_writer w;

	image_raw_begin(&w, c);
	image_record(&w, &c->enter, CT_ENTER_VALUES, 10);
	if (c->jumps)
		raw_record(&w, 0, CT_UNWIND_TO, 0, 20);
	else if (!c->stays)
		image_record(&w, &c->exit, end, 20);
	return save_and_open(&w);
}

static inline struct ct_trace *image_trace(const struct call_image *c)
{
	return image_trace_ending(c, CT_EXIT_VALUES);
}

static inline void add_found(struct ct_text *text, const char *key, const char *value)
{
	if (value)
		ct_text_addf(text, "%s%s", key, value);
}

static inline bool values_enter(const struct ct_trace_call *call, void *user)
{
	struct ct_text *text = user;

	add_found(text, "", call->arguments);
	add_found(text, "why ", call->arguments_unavailable);
	ct_text_add(text, call->variadic ? " variadic" : "");
	cr_assert(!call->return_value && !call->arguments_after);
	return true;
}

static inline bool values_leave(const struct ct_trace_call *call, void *user)
{
	add_found(user, " -> ", call->return_value);
	add_found(user, " after ", call->arguments_after);
	cr_assert(!call->arguments && !call->arguments_unavailable);
	return true;
}

static inline char *values_text(struct ct_trace *trace)
{
	static const struct ct_walker walker = { .enter = values_enter, .leave = values_leave, .values = true };
	struct ct_text text = {0};

	ct_text_add(&text, "");
	cr_assert(ct_trace_walk(trace, 0, &walker, &text, NULL));
	return text.data;
}

/* From the raw trace, and from the JSON that is made of it. */
static inline void expect_values(struct call_image *c, const char *expected)
{
	struct ct_trace *raw, *json;
	struct ct_error err;
	char *found, name[32];

	image_save_index(c, temporary("cache"));
	snprintf(name, sizeof name, "%u.json", c->serial); /* all are kept: trace/test_values.py */
	raw = image_trace(c);
	found = values_text(raw);
	cr_expect_str_eq(found, expected, "found:    %s\nexpected: %s", found, expected);
	free(found);
	cr_assert(ct_trace_write_json(raw, NULL, temporary(name), &err), "%s", err.text);
	json = open_trace(temporary(name));
	found = values_text(json);
	cr_expect_str_eq(found, expected, "JSON:     %s\nexpected: %s", found, expected);
	free(found);
	ct_trace_close(json);
	ct_trace_close(raw);
	if (c->jumps || c->stays || !is_one_word(&c->exit))
		return;
	raw = image_trace_ending(c, CT_EXIT_WORD);
	found = values_text(raw);
	cr_expect_str_eq(found, expected, "one word: %s\nexpected: %s", found, expected);
	free(found);
	ct_trace_close(raw);
}

#endif
