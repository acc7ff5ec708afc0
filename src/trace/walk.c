/*
 * walk.c - the calls of one thread of a raw trace, told to callbacks.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "trace/value.h"

struct walk {
	const struct ct_trace *trace;
	const struct ct_walker *walker;
	void *user;
	struct open_call *calls; /* the visible ones */
	size_t capacity;
	uint32_t phase;
	struct ct_value_writer *values; /* NULL: nobody asks for them, or none were captured */
	struct ct_text first, second;   /* of one call's values */
};

struct open_call {
	struct ct_trace_call call;
	struct ct_payload entered;
};

static void add_arguments(struct walk *w, const struct ct_stream *s, struct open_call *o)
{
	o->entered = ct_stream_values(s);
	ct_text_clear(&w->first);
	if (ct_value_arguments(w->values, s->row, o->entered, &w->first, &o->call.arguments_unavailable)) {
		o->call.arguments = w->first.data;
		o->call.variadic = ct_value_variadic(w->values, s->row);
	}
}

static void add_results(struct walk *w, const struct ct_stream *s, struct open_call *o)
{
	struct ct_payload exit = ct_stream_values(s);

	o->call.arguments = o->call.arguments_unavailable = NULL;
	ct_text_clear(&w->first);
	ct_text_clear(&w->second);
	if (ct_value_return(w->values, s->row, s->ended, exit, &w->first))
		o->call.return_value = w->first.data;
	if (ct_value_after(w->values, s->row, o->entered, exit, &w->second))
		o->call.arguments_after = w->second.data;
}

static bool wants_values(const struct walk *w, uint32_t function)
{
	return w->values && (!w->walker->values_of || w->walker->values_of[function]);
}

static bool enter(struct walk *w, const struct ct_stream *s)
{
	const struct ct_row *row = &s->rows[s->row];
	struct ct_trace_call *call;

	if (s->level == w->capacity) {
		w->capacity = w->capacity ? w->capacity * 2 : 64;
		w->calls = ct_realloc(w->calls, w->capacity * sizeof *w->calls);
	}
	if (s->level == 0)
		w->phase = ct_stream_phase(s);
	call = &w->calls[s->level].call;
	*call = (struct ct_trace_call){
		.function = row->function, .site = row->site, .depth = s->level,
		.phase = w->phase, .iteration = s->iteration, .address = row->callee,
		.start = ct_ns(&w->trace->raw->timebase, s->ticks), .unseen = s->unseen, .continued = s->continued,
		.left = s->continued ? ct_ns(&w->trace->raw->timebase, s->left) : 0,
		.through = row->excluded_caller ? row->excluded_caller : row->through };
	if (wants_values(w, row->function))
		add_arguments(w, s, &w->calls[s->level]);
	return !w->walker->enter || w->walker->enter(call, w->user);
}

static bool leave(struct walk *w, const struct ct_stream *s)
{
	struct ct_trace_call *call = &w->calls[s->level].call;

	call->end = ct_ns(&w->trace->raw->timebase, s->ticks);
	call->ended = s->ended;
	if (wants_values(w, call->function))
		add_results(w, s, &w->calls[s->level]);
	return !w->walker->leave || w->walker->leave(call, w->user);
}

static bool mark(struct walk *w, const struct ct_stream *s)
{
	char note[(CT_MAX_PAYLOAD + 1) * sizeof(uint64_t)] = "";
	const char *text = NULL;

	if (!w->walker->mark || s->mark == CT_PHASE)
		return true;
	if (s->mark == CT_FAILURE)
		text = s->payload_words && s->payload[0] ? "fatal" : "not fatal";
	if (s->mark == CT_NOTE) {
		memcpy(note, s->payload, s->payload_words * sizeof(uint64_t));
		note[s->payload_words * sizeof(uint64_t)] = '\0';
		text = note;
	}
	return w->walker->mark(s->mark, ct_ns(&w->trace->raw->timebase, s->ticks), text, s->visible,
	                       w->user);
}

bool ct_raw_walk(struct ct_trace *trace, uint32_t thread, const struct ct_walker *walker,
                 void *user)
{
	struct walk w = { .trace = trace, .walker = walker, .user = user };
	enum ct_event event;
	struct ct_stream s;
	bool go_on = true;

	ct_raw_need_look(trace); /* threads that know no phase go by the main thread's */
	if (walker->values && ct_values_captured(trace))
		w.values = ct_value_writer_new(trace, thread);
	if (w.values && walker->typed)
		ct_value_writer_typed(w.values);
	ct_stream_init(&s, trace, thread);
	while (go_on && (event = ct_stream_next(&s)) != CT_EVENT_END) {
		if (event == CT_EVENT_ENTER)
			go_on = enter(&w, &s);
		else if (event == CT_EVENT_LEAVE)
			go_on = leave(&w, &s);
		else
			go_on = mark(&w, &s);
	}
	ct_stream_deinit(&s);
	free(w.calls);
	ct_value_writer_free(w.values);
	ct_text_deinit(&w.first);
	ct_text_deinit(&w.second);
	return true;
}
