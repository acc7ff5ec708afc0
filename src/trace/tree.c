/*
 * tree.c - the call tree of one thread as JSON, streamed.
 *
 * What is the same in every call of a row (name, address, site) is rendered once, before
 * the first record is read; a call then costs two copies and two numbers. A call's end is
 * known only behind its children, so `end_time` stands behind them, and what it returned.
 */
#include "trace/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "trace/value.h"

#define BLOCK 32 /* prefixes are copied in blocks, past their end */
#define LONG_PREFIX 4096
#define INDENT 8
#define MAX_INDENT 120 /* a line's indentation ends here: depth has no limit, lines must */

struct prefix {
	size_t offset, length;
};

/* A time's digits down to the millionth's, which seldom change from one to the next. */
struct time_text {
	uint64_t high;
	unsigned length;
	char digits[BLOCK];
};

struct tree {
	const struct ct_trace *trace;
	struct ct_sink *sink;
	struct ct_timebase timebase;
	struct prefix *prefixes; /* by row */
	struct ct_text prefix_text;
	uint32_t max_depth;
	uint64_t cut;    /* calls below the innermost open one that is shown */
	bool after_call; /* what was written last is the end of a call */
	bool pretty, is_test;
	struct time_text time;
	struct ct_value_writer *values; /* NULL: none were captured */
	struct ct_text text;            /* of one call's values */
	struct ct_payload *entered;     /* by level, of the calls that are open */
	size_t levels;
	const struct ct_tree_part *part;
	struct held *held; /* by level: calls that began among those that are not written */
	size_t held_room;
	uint32_t held_count;
};

/* A call that is written if it is still open when the first one is. */
struct held {
	uint32_t row, iteration;
	uint64_t ticks, left;
	uint64_t cut; /* calls below it that ended */
	struct ct_payload entered;
	bool unseen, continued;
};

/* --- small pieces --- */

static char *put(char *to, const char *literal, size_t n)
{
	memcpy(to, literal, n);
	return to + n;
}
#define PUT(to, literal) put(to, literal, sizeof literal - 1)

static const char two_digits[] = "00010203040506070809101112131415161718192021222324252627282930313233"
				 "34353637383940414243444546474849505152535455565758596061626364656667"
				 "6869707172737475767778798081828384858687888990919293949596979899";

static char *put_number(char *to, uint64_t value)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char) ('0' + value % 10);
		value /= 10;
	} while (value);
	return put(to, digits + at, sizeof digits - at);
}

static inline char *put_time(struct time_text *cache, char *to, uint64_t ns)
{
	uint64_t high = ns / 1000000;
	uint32_t low = (uint32_t)(ns - high * 1000000), top = low / 10000, rest = low - top * 10000;

	if (__builtin_expect(high != cache->high, 0)) {
		if (high == 0)
			return put_number(to, ns);
		cache->high = high;
		cache->length = (unsigned) (put_number(cache->digits, high) - cache->digits);
	}
	if (high == 0)
		return put_number(to, ns);
	memcpy(to, cache->digits, 16);
	to += cache->length;
	memcpy(to, two_digits + 2 * top, 2);
	memcpy(to + 2, two_digits + 2 * (rest / 100), 2);
	memcpy(to + 4, two_digits + 2 * (rest % 100), 2);
	return to + 6;
}

static inline char *put_line(const struct tree *t, char *to, uint32_t level)
{
	uint32_t n = INDENT + level;

	if (!t->pretty)
		return to;
	n = n < MAX_INDENT ? n : MAX_INDENT;
	*to = '\n';
	for (uint32_t done = 0; done < n; done += BLOCK)
		memcpy(to + 1 + done, "                                ", BLOCK);
	return to + 1 + n;
}

/* --- prefixes --- */

static void render_prefix(struct tree *t, const struct ct_row *row)
{
	const struct ct_trace_function *f = &t->trace->functions[row->function];
	struct ct_text *text = &t->prefix_text;

	ct_text_add(text, "{\"function\":");
	ct_text_add_json(text, f->name);
	ct_text_addf(text, ",\"id\":%u,\"address\":\"0x%llx\"", row->function,
	             (unsigned long long) row->callee);
	if (row->site != CT_NO_ROW)
		ct_text_addf(text, ",\"site\":%u", row->site);
	if (row->through || row->excluded_caller) {
		ct_text_add(text, ",\"through\":");
		ct_text_add_json(text, row->excluded_caller ? row->excluded_caller : row->through);
	}
	ct_text_add(text, ",\"start_time\":");
}

static void render_prefixes(struct tree *t, const struct ct_raw_thread *thread)
{
	static const char padding[BLOCK];

	t->prefixes = ct_calloc(thread->row_count + 1, sizeof *t->prefixes);
	for (uint32_t i = 0; i < thread->row_count; i++) {
		if (!thread->rows[i].plain)
			continue;
		t->prefixes[i].offset = t->prefix_text.length;
		render_prefix(t, &thread->rows[i]);
		t->prefixes[i].length = t->prefix_text.length - t->prefixes[i].offset;
	}
	ct_text_add_n(&t->prefix_text, padding, sizeof padding);
}

static inline char *put_prefix(const struct tree *t, char *to, const struct prefix *prefix)
{
	const char *from = t->prefix_text.data + prefix->offset;

	for (size_t done = 0; done < prefix->length; done += BLOCK)
		memcpy(to + done, from + done, BLOCK);
	return to + prefix->length;
}

/* --- values --- */

static void remember_entry(struct tree *t, uint32_t level, struct ct_payload enter)
{
	if (level >= t->levels) {
		t->levels = t->levels ? t->levels * 2 : 64;
		t->entered = ct_realloc(t->entered, t->levels * sizeof *t->entered);
	}
	t->entered[level] = enter;
}

static void write_arguments(struct tree *t, const struct ct_stream *s)
{
	static const char key[] = ",\"arguments\":";
	struct ct_payload enter = ct_stream_values(s);
	const char *why;

	remember_entry(t, s->level, enter);
	ct_text_clear(&t->text);
	ct_text_add_n(&t->text, key, sizeof key - 1);
	if (!ct_value_arguments(t->values, s->row, enter, &t->text, &why)) {
		ct_text_clear(&t->text);
		if (why) {
			ct_text_add(&t->text, ",\"arguments_unavailable\":\"");
			ct_text_add(&t->text, why);
			ct_text_add_char(&t->text, '"');
		}
	} else if (ct_value_variadic(t->values, s->row)) {
		ct_text_add(&t->text, ",\"variadic\":true");
	}
	ct_sink_add(t->sink, t->text.data, t->text.length);
}

static void write_results(struct tree *t, const struct ct_stream *s)
{
	static const char returned[] = ",\"return_value\":", after[] = ",\"arguments_after\":";
	struct ct_payload exit = ct_stream_values(s);
	struct ct_text *text = &t->text;
	size_t before;

	ct_text_clear(text);
	ct_text_add_n(text, returned, sizeof returned - 1);
	if (!ct_value_return(t->values, s->row, s->ended, exit, text))
		ct_text_clear(text);
	before = text->length;
	ct_text_add_n(text, after, sizeof after - 1);
	if (!ct_value_after(t->values, s->row, t->entered[s->level], exit, text))
		text->length = before;
	ct_sink_add(t->sink, text->data, text->length);
}

/* --- calls --- */

/* What only some calls have. */
static char *put_extras(const struct tree *t, char *to, const struct ct_stream *s)
{
	uint32_t number = s->level == 0 ? ct_stream_phase(s) : CT_PHASE_PROGRAM;

	if (number != CT_PHASE_PROGRAM || (s->level == 0 && t->is_test)) {
		const char *phase = ct_phase_name(number);

		to = PUT(to, ",\"phase\":\"");
		to = put(to, phase, strlen(phase));
		to = PUT(to, "\"");
	}
	if (s->unseen)
		to = PUT(to, ",\"began\":\"unseen\"");
	if (s->continued) {
		to = PUT(to, ",\"began\":\"continued\",\"left_time\":");
		to = put_number(to, ct_ns(&t->timebase, s->left));
	}
	if (s->iteration && s->rows[s->row].callee == s->theory) {
		to = PUT(to, ",\"iteration\":");
		to = put_number(to, s->iteration);
	}
	return to;
}

static inline void enter(struct tree *t, const struct ct_stream *s)
{
	const struct prefix *prefix = &t->prefixes[s->row];
	char *to;

	if (__builtin_expect(s->level >= t->max_depth, 0)) {
		t->cut += !s->continued;
		return;
	}
	to = ct_sink_room(t->sink, LONG_PREFIX + 512);
	*to = ',';
	to += t->after_call;
	t->after_call = false;
	to = put_line(t, to, s->level);
	if (__builtin_expect(prefix->length > LONG_PREFIX, 0)) {
		t->sink->at = to;
		ct_sink_add(t->sink, t->prefix_text.data + prefix->offset, prefix->length);
		to = ct_sink_room(t->sink, 512);
	} else {
		to = put_prefix(t, to, prefix);
	}
	to = put_time(&t->time, to, ct_ns(&t->timebase, s->ticks));
	if (__builtin_expect(s->level == 0 || s->iteration || s->unseen || s->continued, 0))
		to = put_extras(t, to, s);
	if (t->values) {
		t->sink->at = to;
		write_arguments(t, s);
		to = ct_sink_room(t->sink, 32);
	}
	t->sink->at = PUT(to, ",\"children\":[");
}

/* What follows the end of a call that did not simply return. */
static void write_ending(struct tree *t, const struct ct_stream *s)
{
	char *to = ct_sink_room(t->sink, 128);

	if (s->ended != CT_CALL_RETURNED) {
		const char *how = ct_call_end_name(s->ended);

		to = PUT(to, ",\"ended\":\"");
		to = put(to, how, strlen(how));
		to = PUT(to, "\"");
	}
	if (t->cut) {
		to = PUT(to, ",\"truncated\":");
		to = put_number(to, t->cut);
		t->cut = 0;
	}
	t->sink->at = to;
}

static inline void leave(struct tree *t, const struct ct_stream *s)
{
	char *to;

	if (__builtin_expect(s->level >= t->max_depth, 0))
		return;
	to = ct_sink_room(t->sink, 512);
	if (t->after_call)
		to = put_line(t, to, s->level);
	to = PUT(to, "],\"end_time\":");
	to = put_time(&t->time, to, ct_ns(&t->timebase, s->ticks));
	t->sink->at = to;
	if (__builtin_expect(s->ended != CT_CALL_RETURNED || t->cut, 0))
		write_ending(t, s);
	if (t->values)
		write_results(t, s);
	to = ct_sink_room(t->sink, 1);
	*to++ = '}';
	t->sink->at = to;
	t->after_call = true;
}

/* --- marks --- */

static void add_note(struct ct_text *out, const struct ct_stream *s)
{
	size_t size = s->payload_words * sizeof(uint64_t);

	ct_text_add(out, ",\"text\":");
	ct_text_add_json_n(out, (const char *) s->payload,
	                   size ? strnlen((const char *) s->payload, size) : 0);
}

/*
 * `calls_before` of the calls that are shown were entered before the mark and `depth` of them
 * are open: its place in the tree, exactly.
 */
static void add_mark(struct ct_text *out, const struct ct_stream *s, uint32_t depth, uint64_t calls,
                     const struct tree *t)
{
	static const char *const kinds[] = { [CT_PAUSE] = "pause", [CT_RESUME] = "resume",
		                             [CT_FAILURE] = "failure", [CT_NOTE] = "note",
		                             [CT_MISSING] = "missing" };

	depth = depth < t->max_depth ? depth : t->max_depth;
	ct_text_addf(out, "%s{\"kind\":\"%s\"", out->length ? "," : "", kinds[s->mark]);
	if (s->mark == CT_FAILURE)
		ct_text_addf(out, ",\"fatal\":%s",
		             s->payload_words && s->payload[0] ? "true" : "false");
	if (s->mark == CT_NOTE)
		add_note(out, s);
	ct_text_addf(out, ",\"time\":%llu,\"depth\":%u,\"calls_before\":%llu}",
	             (unsigned long long) ct_ns(&t->timebase, s->ticks), depth,
	             (unsigned long long) calls);
}

static void add_missing(struct ct_text *out, const struct ct_stream *s, uint32_t depth,
                        uint64_t calls, const struct tree *t)
{
	struct ct_stream here = *s;

	here.mark = CT_MISSING;
	add_mark(out, &here, depth, calls, t);
}

/* What of the tree has been passed, where only a part of it is written. */
struct pass {
	const struct ct_tree_part *part;
	uint64_t skipped, written;
	uint32_t open; /* written calls that are open, of those at the end */
	bool over;     /* nothing is written any more but ends */
};

enum where { BEFORE, AT_BEGIN, WITHIN, AT_END, BEHIND };

/* Where an ENTER above the depth limit lies. */
static enum where pass_enter(struct pass *p, const struct ct_stream *s)
{
	if (p->skipped < p->part->skip) {
		p->skipped++;
		return BEFORE;
	}
	if (p->written++ < p->part->calls)
		return p->written == 1 && p->part->skip ? AT_BEGIN : WITHIN;
	if (p->over)
		return BEHIND;
	p->over = true;
	p->open = s->level;
	return AT_END;
}

/* Marks are few, and a reader that streams wants to have them before the calls. */
static void find_marks(const struct tree *t, uint32_t thread, struct ct_text *text)
{
	struct pass p = { .part = t->part };
	uint64_t calls = 0;
	enum ct_event event;
	struct ct_stream s;

	ct_stream_init(&s, t->trace, thread);
	while ((event = ct_stream_next(&s)) != CT_EVENT_END) {
		bool begins = p.skipped < t->part->skip;

		if (event == CT_EVENT_LEAVE && s.level < p.open)
			p.open = s.level;
		if (event == CT_EVENT_MARK && s.mark != CT_PHASE)
			add_mark(text, &s, begins ? 0 : p.over ? p.open : s.visible, calls, t);
		if (event != CT_EVENT_ENTER || s.level >= t->max_depth)
			continue;
		switch (pass_enter(&p, &s)) {
		case AT_BEGIN: /* behind those that are open around it */
			calls = s.level;
			add_missing(text, &s, s.level, calls, t);
			calls++;
			break;
		case WITHIN:
			calls++;
			break;
		case AT_END:
			add_missing(text, &s, s.level, calls, t);
			break;
		default:
			break;
		}
	}
	ct_stream_deinit(&s);
}

static void write_marks(const struct tree *t, uint32_t thread)
{
	struct ct_text text = {0};

	if (!t->trace->raw->threads[thread].marks && !t->part->cut)
		return;
	find_marks(t, thread, &text);
	if (text.length) {
		const char *key = t->pretty ? "\"marks\": [" : "\"marks\":[";

		ct_sink_add(t->sink, key, strlen(key));
		ct_sink_add(t->sink, text.data, text.length);
		key = t->pretty ? "],\n      " : "],";
		ct_sink_add(t->sink, key, strlen(key));
	}
	ct_text_deinit(&text);
}

/* --- parts of a tree --- */

static void hold(struct tree *t, const struct ct_stream *s)
{
	if (s->level >= t->held_room) {
		t->held_room = t->held_room ? t->held_room * 2 : 64;
		t->held = ct_realloc(t->held, t->held_room * sizeof *t->held);
	}
	t->held[s->level] = (struct held){ .row = s->row, .iteration = s->iteration, .ticks = s->ticks,
		                           .entered = ct_stream_values(s), .unseen = s->unseen, .continued = s->continued,
		                           .left = s->left };
	t->held_count = s->level + 1;
}

/* Calls that are not written are counted with the innermost one around them that is. */
static void drop_held(struct tree *t, const struct ct_stream *s)
{
	uint64_t cut = t->held[s->level].cut + !t->held[s->level].continued;

	t->held_count = s->level;
	if (s->level > 0)
		t->held[s->level - 1].cut += cut;
}

/* The first call that is written begins: so do, before it, those that are open around it. */
static void write_held(struct tree *t, const struct ct_stream *s)
{
	for (uint32_t level = 0; level < t->held_count; level++) {
		const struct held *h = &t->held[level];
		struct ct_stream then = *s;

		then.row = h->row;
		then.level = level;
		then.iteration = h->iteration;
		then.ticks = h->ticks;
		then.unseen = h->unseen;
		then.continued = h->continued;
		then.left = h->left;
		then.values = h->entered;
		then.values_end = then.at;
		enter(t, &then);
	}
}

static void enter_part(struct tree *t, struct pass *p, const struct ct_stream *s)
{
	if (s->level >= t->max_depth) {
		if (p->skipped < t->part->skip || !p->written)
			t->held[t->max_depth - 1].cut += !s->continued;
		else
			t->cut += !s->continued;
		return;
	}
	switch (pass_enter(p, s)) {
	case BEFORE:
		hold(t, s);
		break;
	case AT_BEGIN:
		write_held(t, s);
		enter(t, s);
		break;
	case WITHIN:
		enter(t, s);
		break;
	default:
		t->cut += !s->continued;
		break;
	}
}

static void leave_part(struct tree *t, struct pass *p, const struct ct_stream *s)
{
	if (s->level >= t->max_depth)
		return;
	if (p->part->skip && !p->written) {
		drop_held(t, s);
		return;
	}
	if (p->over && s->level >= p->open)
		return;
	if (p->over)
		p->open = s->level;
	if (s->level < t->held_count) {
		t->cut += t->held[s->level].cut;
		t->held_count = s->level;
	}
	leave(t, s);
}

static void write_part(struct tree *t, uint32_t thread)
{
	struct pass p = { .part = t->part };
	enum ct_event event;
	struct ct_stream s;

	ct_stream_init(&s, t->trace, thread);
	while ((event = ct_stream_next(&s)) != CT_EVENT_END) {
		if (event == CT_EVENT_ENTER)
			enter_part(t, &p, &s);
		else if (event == CT_EVENT_LEAVE)
			leave_part(t, &p, &s);
	}
	ct_stream_deinit(&s);
}

/* --- whole --- */

static void write_calls(struct tree *t, uint32_t thread)
{
	enum ct_event event;
	struct ct_stream s;

	ct_stream_init(&s, t->trace, thread);
	while ((event = ct_stream_next(&s)) != CT_EVENT_END) {
		if (event == CT_EVENT_ENTER)
			enter(t, &s);
		else if (event == CT_EVENT_LEAVE)
			leave(t, &s);
	}
	ct_stream_deinit(&s);
}

void ct_tree_write(const struct ct_trace *trace, uint32_t thread, const struct ct_tree_part *part,
                   bool pretty, struct ct_sink *sink)
{
	struct tree t = { .trace = trace, .sink = sink, .timebase = trace->raw->timebase,
		          .max_depth = part->max_depth, .part = part, .pretty = pretty,
		          .is_test = trace->test.suite != NULL };

	write_marks(&t, thread);
	render_prefixes(&t, &trace->raw->threads[thread]);
	ct_sink_add(sink, pretty ? "\"calls\": [" : "\"calls\":[", pretty ? 10 : 9);
	t.values = ct_values_captured(trace) ? ct_value_writer_new(trace, thread) : NULL;
	if (part->cut)
		write_part(&t, thread);
	else
		write_calls(&t, thread);
	if (pretty && t.after_call)
		ct_sink_add(sink, "\n      ", 7);
	ct_sink_add(sink, "]", 1);
	ct_value_writer_free(t.values);
	ct_text_deinit(&t.text);
	free(t.entered);
	free(t.held);
	free(t.prefixes);
	ct_text_deinit(&t.prefix_text);
}

/* Nodes of a tree, calls or where they go on, that are too deep; returns how many of them are calls. */
static uint64_t truncated_in(const struct ct_trace *trace, uint32_t thread, uint32_t max_depth, uint64_t *nodes)
{
	uint64_t calls = 0;
	enum ct_event event;
	struct ct_stream s;

	ct_stream_init(&s, trace, thread);
	while ((event = ct_stream_next(&s)) != CT_EVENT_END)
		if (event == CT_EVENT_ENTER && s.level >= max_depth) {
			(*nodes)++;
			calls += !s.continued;
		}
	ct_stream_deinit(&s);
	return calls;
}

/* The threads' nodes above the depth limit, in `calls`; returns how many. `*written`: of them, calls. */
static uint64_t count_shown(struct ct_trace *trace, uint32_t max_depth, struct ct_tree_part *parts, uint64_t *written)
{
	uint64_t all = 0;

	for (uint32_t i = 0; i < trace->thread_count; i++) {
		const struct ct_raw_thread *t = &trace->raw->threads[i];
		uint64_t deep = 0;

		*written += trace->threads[i].calls;
		if (t->deepest > max_depth)
			*written -= truncated_in(trace, i, max_depth, &deep);
		parts[i] = (struct ct_tree_part){ .max_depth = max_depth,
			                          .calls = trace->threads[i].calls + t->left_count - deep };
		all += parts[i].calls;
	}
	return all;
}

/* By level, whether what is open there is a call. */
struct levels {
	bool *are_calls;
	size_t room;
};

static void note_level(struct levels *l, uint32_t level, bool is_call)
{
	if (level >= l->room) {
		l->room = 2 * (size_t) level + 64;
		l->are_calls = ct_realloc(l->are_calls, l->room * sizeof *l->are_calls);
	}
	l->are_calls[level] = is_call;
}

/* Calls that a part has: where it begins late, those that are open there are written before it. */
static uint64_t calls_in_part(const struct ct_trace *trace, uint32_t thread, const struct ct_tree_part *part)
{
	uint64_t nodes = 0, calls = 0;
	struct levels levels = {0};
	enum ct_event event;
	struct ct_stream s;

	ct_stream_init(&s, trace, thread);
	while (nodes < part->skip + part->calls && (event = ct_stream_next(&s)) != CT_EVENT_END) {
		if (event != CT_EVENT_ENTER || s.level >= part->max_depth)
			continue;
		note_level(&levels, s.level, !s.continued);
		for (uint32_t i = 0; part->skip && nodes == part->skip && i < s.level; i++)
			calls += levels.are_calls[i];
		calls += nodes++ >= part->skip && !s.continued;
	}
	ct_stream_deinit(&s);
	free(levels.are_calls);
	return calls;
}

uint64_t ct_tree_share(struct ct_trace *trace, uint32_t max_depth, uint64_t max_calls,
                       struct ct_tree_part *parts)
{
	uint64_t written = 0, all = count_shown(trace, max_depth, parts, &written), calls = 0;
	bool share = max_calls && all > max_calls;

	written = share ? 0 : written;
	for (uint32_t i = 0; i < trace->thread_count; i++) {
		struct ct_tree_part *p = &parts[i];
		uint64_t has = p->calls;

		calls += trace->threads[i].calls;
		if (!share)
			continue;
		p->calls = (uint64_t)((unsigned __int128) has * max_calls / all);
		p->calls = p->calls || !has ? p->calls : 1;
		p->cut = p->calls < has;
		p->skip = trace->meta.keep == CT_KEEP_NEWEST ? has - p->calls : 0;
		written += calls_in_part(trace, i, p);
	}
	return calls - written;
}
