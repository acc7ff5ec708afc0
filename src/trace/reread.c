/*
 * reread.c - the call trees of a JSON trace, streamed to callbacks. Depth costs memory on the
 * heap only; a tree of any size is read in one pass.
 */
#include <stdlib.h>

#include "trace/read.h"

enum values { ARGUMENTS, UNAVAILABLE, RETURNED, AFTER, VALUES };

struct mark {
	enum ct_extended kind;
	uint64_t time, calls_before;
	uint32_t depth;
	const char *text;
};

/* A call that is being read. */
struct frame {
	struct ct_trace_call call;
	struct ct_span values[VALUES]; /* in the file */
	size_t children; /* where they are, when they came before what they need; 0: no */
	size_t behind;   /* where to go on then */
	bool entered, has_function, has_start;
};

struct reread {
	struct ct_trace *trace;
	struct ct_json *json;
	struct ct_pull *p;
	const struct ct_walker *walker;
	void *user;
	struct frame *frames;
	size_t depth, capacity;
	struct mark *marks;
	size_t mark_count, next_mark;
	struct ct_arena arena; /* of the marks' texts */
	uint64_t entered;
	uint64_t spare; /* how many bytes may yet be read twice */
	bool stopped;
	struct ct_text values[VALUES]; /* of the call that is told of */
};

/* --- threads --- */

/* The row of the thread whose key this is: "<thread_id>", or "<thread_id>.<row>". */
static size_t thread_of(const struct ct_trace *trace, struct ct_span key, size_t guess)
{
	uint64_t tid = 0, row = 0;
	size_t i = 0;

	for (; i < key.length && key.data[i] >= '0' && key.data[i] <= '9'; i++)
		tid = tid * 10 + (uint64_t)(key.data[i] - '0');
	if (i < key.length && key.data[i] == '.') {
		while (++i < key.length && key.data[i] >= '0' && key.data[i] <= '9')
			row = row * 10 + (uint64_t)(key.data[i] - '0');
		return row;
	}
	if (guess < trace->thread_count && trace->threads[guess].tid == tid)
		return guess;
	for (i = 0; i < trace->thread_count; i++)
		if (trace->threads[i].tid == tid)
			return i;
	return trace->thread_count;
}

/*
 * Finds every thread's value. Only a trace of several threads has to be skipped through for
 * that, once.
 */
static bool find_threads(struct ct_trace *trace)
{
	struct ct_json *json = trace->json;
	struct ct_pull *p = &json->pull;
	struct ct_span key;

	json->thread_at = ct_calloc(trace->thread_count + 1, sizeof *json->thread_at);
	p->at = json->trees;
	p->failed = false;
	if (!json->trees || !ct_pull_open(p, '{'))
		return !p->failed;
	for (size_t i = 0; ct_pull_key(p, &key); i++) {
		size_t row = thread_of(trace, key, i);

		ct_pull_peek(p);
		if (row < trace->thread_count && !json->thread_at[row])
			json->thread_at[row] = p->at;
		if (trace->thread_count == 1)
			break;
		ct_pull_skip(p);
	}
	/* What is cut off is missed when that thread is walked. */
	return true;
}

/* --- marks --- */

static enum ct_extended mark_kind(struct ct_span word)
{
	if (ct_span_is(word, "pause"))
		return CT_PAUSE;
	if (ct_span_is(word, "resume"))
		return CT_RESUME;
	if (ct_span_is(word, "failure"))
		return CT_FAILURE;
	if (ct_span_is(word, "missing"))
		return CT_MISSING;
	return ct_span_is(word, "note") ? CT_NOTE : CT_PENDING;
}

static void read_mark(struct reread *r, struct mark *m)
{
	struct ct_span key;

	*m = (struct mark){ .kind = CT_PENDING };
	if (!ct_pull_open(r->p, '{'))
		return;
	while (ct_pull_key(r->p, &key)) {
		if (ct_span_is(key, "kind"))
			m->kind = mark_kind(ct_pull_raw_string(r->p));
		else if (ct_span_is(key, "text"))
			m->text = ct_pull_string(r->p, &r->arena);
		else if (ct_span_is(key, "fatal"))
			m->text = ct_pull_bool(r->p) ? "fatal" : "not fatal";
		else if (ct_span_is(key, "time"))
			m->time = ct_pull_number(r->p);
		else if (ct_span_is(key, "depth"))
			m->depth = (uint32_t) ct_pull_number(r->p);
		else if (ct_span_is(key, "calls_before"))
			m->calls_before = ct_pull_number(r->p);
		else
			ct_pull_skip(r->p);
	}
}

static void read_marks(struct reread *r)
{
	if (!ct_pull_open(r->p, '['))
		return;
	while (ct_pull_element(r->p)) {
		if ((r->mark_count & (r->mark_count - 1)) == 0)
			r->marks = ct_realloc(r->marks, (r->mark_count ? r->mark_count * 2 : 1)
			                                        * sizeof *r->marks);
		read_mark(r, &r->marks[r->mark_count++]);
	}
}

/* Tells of the marks that lie before the next call's beginning, or the end of one at `depth`. */
static void tell_marks(struct reread *r, uint32_t depth)
{
	for (; r->next_mark < r->mark_count && !r->stopped; r->next_mark++) {
		const struct mark *m = &r->marks[r->next_mark];

		if (m->calls_before > r->entered
		    || (m->calls_before == r->entered && m->depth < depth))
			return;
		if (m->kind != CT_PENDING && r->walker->mark)
			r->stopped = !r->walker->mark(m->kind, m->time, m->text, depth, r->user);
	}
}

/* --- values --- */

static void take_values(struct reread *r, struct frame *f, enum values which)
{
	size_t at;

	ct_pull_peek(r->p);
	at = r->p->at;
	ct_pull_skip(r->p);
	if (!r->p->failed && r->walker->values)
		f->values[which] = (struct ct_span){ r->p->data + at, r->p->at - at };
}

/* A copy that ends where it ends; of a wrong type, or not wanted, it is none. */
static const char *tell_values(struct reread *r, const struct frame *f, enum values which, char bracket)
{
	struct ct_span span = f->values[which];

	if (!span.length || span.data[0] != bracket
	    || (r->walker->values_of && !r->walker->values_of[f->call.function]))
		return NULL;
	ct_text_clear(&r->values[which]);
	ct_text_add_n(&r->values[which], span.data, span.length);
	return r->values[which].data;
}

static void tell_arguments(struct reread *r, struct frame *f)
{
	char *why;

	f->call.arguments = tell_values(r, f, ARGUMENTS, '[');
	f->call.arguments_unavailable = NULL;
	if (tell_values(r, f, UNAVAILABLE, '"')) { /* without the quotes */
		why = r->values[UNAVAILABLE].data;
		why[r->values[UNAVAILABLE].length - 1] = '\0';
		f->call.arguments_unavailable = why + 1;
	}
}

static void tell_results(struct reread *r, struct frame *f)
{
	f->call.arguments = f->call.arguments_unavailable = NULL;
	f->call.return_value = tell_values(r, f, RETURNED, '{');
	f->call.arguments_after = tell_values(r, f, AFTER, '[');
}

/* --- calls --- */

static struct frame *push(struct reread *r)
{
	const struct frame *parent = r->depth ? &r->frames[r->depth - 1] : NULL;
	uint32_t phase = parent ? parent->call.phase : CT_PHASE_PROGRAM;
	uint32_t iteration = parent ? parent->call.iteration : 0;
	struct frame *f;

	if (r->depth == r->capacity) {
		r->capacity = r->capacity ? r->capacity * 2 : 64;
		r->frames = ct_realloc(r->frames, r->capacity * sizeof *r->frames);
	}
	f = &r->frames[r->depth];
	*f = (struct frame){ .call = { .site = CT_NO_ROW, .depth = (uint32_t) r->depth,
		                       .phase = phase, .iteration = iteration } };
	r->depth++;
	return f;
}

static const char *through(struct reread *r)
{
	struct ct_span raw = ct_pull_raw_string(r->p);
	uint32_t count = r->json->texts.count, at;
	bool added;

	at = ct_map_add(&r->json->texts, raw.data, raw.length, count, &added);
	if (added) {
		r->json->text_list = ct_realloc(r->json->text_list,
		                                (count + 1) * sizeof *r->json->text_list);
		r->p->at -= raw.length + 2;
		r->json->text_list[at] = ct_pull_string(r->p, &r->trace->arena);
	}
	return r->json->text_list[at];
}

static uint32_t phase_of(struct ct_span raw)
{
	for (uint32_t i = 0; i < CT_PHASES; i++)
		if (ct_span_is(raw, ct_phase_name(i)))
			return i;
	return CT_PHASE_PROGRAM;
}

static enum ct_call_end end_of(struct ct_span raw)
{
	for (int i = CT_CALL_RETURNED; i < CT_CALL_ENDS; i++)
		if (ct_span_is(raw, ct_call_end_name((enum ct_call_end) i)))
			return (enum ct_call_end) i;
	return CT_CALL_RETURNED;
}

static void read_function(struct reread *r, struct frame *f)
{
	uint64_t id = ct_pull_number(r->p);

	if (id >= r->trace->function_count) {
		ct_pull_fail(r->p, "a call is of a function that is not in the summary");
		return;
	}
	f->call.function = (uint32_t) id;
	f->has_function = true;
}

static void read_site(struct reread *r, struct frame *f)
{
	uint64_t site = ct_pull_number(r->p);

	if (site >= r->trace->site_count)
		ct_pull_fail(r->p, "a call is from a call site that is not in the summary");
	else
		f->call.site = (uint32_t) site;
}

static void enter(struct reread *r, struct frame *f)
{
	if (!f->has_function || !f->has_start) {
		ct_pull_fail(r->p, "a call has no id or no start_time");
		return;
	}
	tell_marks(r, (uint32_t) r->depth - 1);
	f->entered = true;
	r->entered++;
	tell_arguments(r, f);
	if (!r->stopped && r->walker->enter)
		r->stopped = !r->walker->enter(&f->call, r->user);
}

/*
 * Goes into the children. What another program wrote may have them before what enter() must
 * know: then they are skipped, and come when the rest was read.
 */
static bool begin_children(struct reread *r, struct frame *f)
{
	size_t at = r->p->at;

	if (f->entered || f->children) { /* the key twice */
		ct_pull_skip(r->p);
		return false;
	}
	if (f->has_function && f->has_start) {
		enter(r, f);
		return !r->stopped && ct_pull_open(r->p, '[');
	}
	ct_pull_peek(r->p);
	f->children = r->p->at;
	ct_pull_skip(r->p);
	if (r->p->at - at > r->spare)
		ct_pull_fail(r->p, "'children' come before 'id' and 'start_time' too often");
	else
		r->spare -= r->p->at - at;
	return false;
}

static void read_beginning(struct ct_pull *p, struct ct_trace_call *call)
{
	struct ct_span how = ct_pull_raw_string(p);

	call->unseen = ct_span_is(how, "unseen");
	call->continued = ct_span_is(how, "continued");
}

/* Reads one member of a call; true: it was "children", and we are in them. */
static bool read_member(struct reread *r, struct frame *f, struct ct_span key)
{
	struct ct_pull *p = r->p;

	if (ct_span_is(key, "id"))
		read_function(r, f);
	else if (ct_span_is(key, "address"))
		f->call.address = ct_span_address(ct_pull_raw_string(p));
	else if (ct_span_is(key, "site"))
		read_site(r, f);
	else if (ct_span_is(key, "through"))
		f->call.through = through(r);
	else if (ct_span_is(key, "start_time"))
		f->call.start = ct_pull_number(p), f->has_start = true;
	else if (ct_span_is(key, "end_time"))
		f->call.end = ct_pull_number(p);
	else if (ct_span_is(key, "phase"))
		f->call.phase = phase_of(ct_pull_raw_string(p));
	else if (ct_span_is(key, "began"))
		read_beginning(p, &f->call);
	else if (ct_span_is(key, "left_time"))
		f->call.left = ct_pull_number(p);
	else if (ct_span_is(key, "iteration"))
		f->call.iteration = (uint32_t) ct_pull_number(p);
	else if (ct_span_is(key, "ended"))
		f->call.ended = end_of(ct_pull_raw_string(p));
	else if (ct_span_is(key, "truncated"))
		f->call.truncated = ct_pull_number(p);
	else if (ct_span_is(key, "arguments"))
		take_values(r, f, ARGUMENTS);
	else if (ct_span_is(key, "arguments_unavailable"))
		take_values(r, f, UNAVAILABLE);
	else if (ct_span_is(key, "variadic"))
		f->call.variadic = ct_pull_bool(p);
	else if (ct_span_is(key, "return_value"))
		take_values(r, f, RETURNED);
	else if (ct_span_is(key, "arguments_after"))
		take_values(r, f, AFTER);
	else if (ct_span_is(key, "children"))
		return begin_children(r, f);
	else
		ct_pull_skip(p);
	return false;
}

/* Reads members until the call has ended (false) or its children begin (true). */
static bool read_members(struct reread *r, struct frame *f)
{
	struct ct_span key;

	while (!r->stopped && ct_pull_key(r->p, &key))
		if (read_member(r, f, key))
			return true;
	if (r->p->failed || r->stopped || f->entered)
		return false;
	enter(r, f);
	if (!f->children || r->stopped || r->p->failed)
		return false;
	f->behind = r->p->at;
	r->p->at = f->children;
	return ct_pull_open(r->p, '[');
}

static void leave(struct reread *r)
{
	struct frame *f = &r->frames[r->depth - 1];

	tell_marks(r, (uint32_t) r->depth);
	r->depth--;
	tell_results(r, f);
	if (!r->stopped && r->walker->leave)
		r->stopped = !r->walker->leave(&f->call, r->user);
}

/* The end of an array of calls: back to the call around it; false: there is none. */
static bool end_children(struct reread *r)
{
	struct frame *f;

	if (r->depth == 0)
		return false;
	f = &r->frames[r->depth - 1];
	if (f->behind) {
		r->p->at = f->behind;
		r->p->first = false;
		leave(r);
		return true;
	}
	if (!read_members(r, f))
		leave(r);
	return true;
}

static void read_calls(struct reread *r)
{
	if (!ct_pull_open(r->p, '['))
		return;
	while (!r->p->failed && !r->stopped) {
		if (!ct_pull_element(r->p)) {
			if (r->p->failed || !end_children(r))
				break;
		} else if (!ct_pull_open(r->p, '{')) {
			ct_pull_fail(r->p, "a call is not an object");
		} else if (!read_members(r, push(r)) && !r->p->failed && !r->stopped) {
			leave(r);
		}
	}
	if (!r->p->failed)
		tell_marks(r, 0);
}

static void read_thread(struct reread *r)
{
	struct ct_span key;

	if (!ct_pull_open(r->p, '{'))
		return;
	while (!r->stopped && ct_pull_key(r->p, &key)) {
		if (ct_span_is(key, "marks"))
			read_marks(r);
		else if (ct_span_is(key, "calls"))
			read_calls(r);
		else
			ct_pull_skip(r->p);
	}
}

/* Every enter() has its leave(), also where the file is cut off. */
static void close_open(struct reread *r)
{
	while (r->depth > 0 && !r->stopped) {
		struct frame *f = &r->frames[--r->depth];

		if (!f->entered)
			continue;
		f->call.ended = CT_CALL_UNSEEN;
		f->call.arguments = f->call.arguments_unavailable = NULL;
		f->call.end = f->call.end > f->call.start ? f->call.end : f->call.start;
		if (r->walker->leave)
			r->stopped = !r->walker->leave(&f->call, r->user);
	}
}

bool ct_json_walk(struct ct_trace *trace, uint32_t thread, const struct ct_walker *walker,
                  void *user, struct ct_error *err)
{
	struct ct_json *json = trace->json;
	struct reread r = { .trace = trace, .json = json, .p = &json->pull, .walker = walker,
		            .user = user, .spare = 16 * (uint64_t) json->bytes.size };
	bool ok = json->thread_at || find_threads(trace);

	if (ok && !json->thread_at[thread] && json->trees) {
		json->pull.failed = false;
		json->pull.at = json->bytes.size;
		ct_pull_fail(&json->pull, "this thread's calls are cut off");
		ok = false;
	}
	if (ok && json->thread_at[thread]) {
		json->pull.at = json->thread_at[thread];
		json->pull.failed = false;
		read_thread(&r);
		close_open(&r);
		ok = !json->pull.failed;
	}
	free(r.frames);
	free(r.marks);
	ct_arena_deinit(&r.arena);
	for (int i = 0; i < VALUES; i++)
		ct_text_deinit(&r.values[i]);
	return ok ? true : ct_json_damaged(trace, err);
}
