/*
 * walk.c - the calls of one thread of a raw trace, told to callbacks.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "trace/stream.h"

struct walk {
	const struct ct_trace *trace;
	const struct ct_walker *walker;
	void *user;
	struct ct_trace_call *calls; /* the visible ones that are open */
	size_t capacity;
	uint32_t phase;
};

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
	call = &w->calls[s->level];
	*call = (struct ct_trace_call){
		.function = row->function, .site = row->site, .depth = s->level,
		.phase = w->phase, .iteration = s->iteration, .address = row->callee,
		.start = ct_ns(&w->trace->raw->timebase, s->ticks), .through = row->through };
	return !w->walker->enter || w->walker->enter(call, w->user);
}

static bool leave(struct walk *w, const struct ct_stream *s)
{
	struct ct_trace_call *call = &w->calls[s->level];

	call->end = ct_ns(&w->trace->raw->timebase, s->ticks);
	call->ended = s->ended;
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
	return true;
}
