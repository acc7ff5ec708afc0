/*
 * stream.c - chunks -> events, all but the fast path (stream.h).
 *
 * What the file says is followed as long as it is consistent. Where records are missing
 * or make no sense, calls whose end cannot be known are closed as CT_CALL_UNSEEN, and
 * an end without a beginning is dropped and counted: never a guess, never a crash.
 */
#include "trace/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define NO_THEORY 1 /* nobody's address, and no empty row's */

const char *ct_call_end_name(enum ct_call_end end)
{
	static const char *const names[] = { "returned", "unwound", "open", "unseen", "switched" };

	return names[end];
}

static uint32_t first_phase(const struct ct_session *session)
{
	return session->role == CT_ROLE_WORKER ? CT_PHASE_STARTUP : CT_PHASE_PROGRAM;
}

void ct_stream_init(struct ct_stream *s, const struct ct_trace *trace, uint32_t thread)
{
	const struct ct_raw *raw = trace->raw;

	*s = (struct ct_stream){ .raw = raw, .thread = &raw->threads[thread], .theory = NO_THEORY,
		                 .keep = UINT32_MAX, .phase = first_phase(&raw->session), .suspect = raw->words_lost };
	s->rows = s->thread->rows;
	s->row_count = s->thread->row_count;
}

void ct_stream_deinit(struct ct_stream *s)
{
	free(s->stack);
}

/* Closes calls down to `keep`, one event at a time, before the next record is read. */
static void close_calls(struct ct_stream *s, uint32_t keep, enum ct_call_end how)
{
	s->keep = keep;
	s->closing = how;
	s->limit = s->at;
}

static bool begin_chunk(struct ct_stream *s)
{
	const struct ct_chunk *c = &s->thread->chunks[s->chunk];

	if (s->chunk == s->thread->chunk_count)
		return false;
	if (c->gap && s->depth > 0) { /* which of them ended in it is not known */
		close_calls(s, 0, CT_CALL_UNSEEN);
		return true;
	}
	s->chunk++;
	s->suspect |= c->gap;
	s->missing |= c->gap;
	s->at = c->words;
	s->end = c->words + c->count;
	s->room = c->words + c->room;
	/* Two counters of one thread never differ by years: such a header is damaged. */
	if (c->start >= s->ticks && (s->chunk == 1 || c->start - s->ticks < 1ull << 62))
		s->ticks = c->start;
	return true;
}

static int by_time(const void *a, const void *b)
{
	const struct ct_left *x = a, *y = b;

	return x->ticks != y->ticks ? (x->ticks > y->ticks) - (x->ticks < y->ticks) : (x->row > y->row) - (x->row < y->row);
}

/* Whether a call that is left now is continued later. */
static bool goes_on(const struct ct_stream *s)
{
	const struct ct_left key = { s->ticks, s->row };

	return s->thread->left_count
	       && bsearch(&key, s->thread->left, s->thread->left_count, sizeof key, by_time);
}

static enum ct_event close_one(struct ct_stream *s)
{
	bool hidden;

	s->row = s->stack[--s->depth];
	hidden = s->rows[s->row].hidden;
	s->ended = s->closing == CT_CALL_UNWOUND && goes_on(s) ? CT_CALL_SWITCHED : s->closing;
	s->values_end = NULL;
	if (!hidden)
		s->level = --s->visible;
	return hidden ? CT_EVENT_MARK : CT_EVENT_LEAVE;
}

uint32_t ct_stream_phase(const struct ct_stream *s)
{
	uint32_t phase = s->phase;

	if (s->knows_phase)
		return phase;
	for (size_t i = 0; i < s->raw->step_count && s->raw->steps[i].ticks <= s->ticks; i++)
		phase = s->raw->steps[i].phase;
	return phase;
}

static bool find_open(const struct ct_stream *s, uint64_t hook, uint32_t *depth)
{
	for (uint32_t i = s->depth; i-- > 0;)
		if (s->rows[s->stack[i]].hook == hook) {
			*depth = i + 1;
			return true;
		}
	return false;
}

/*
 * Records are missing, so the row says who called. Returns whether calls have to be
 * closed first.
 */
static bool settle_caller(struct ct_stream *s, const struct ct_row *row)
{
	uint32_t keep = 0;

	if (s->depth == 0 || s->rows[s->stack[s->depth - 1]].hook == row->caller || row->excluded_caller)
		return false;
	if (row->caller == 0 || !find_open(s, row->caller, &keep)) {
		close_calls(s, 0, CT_CALL_UNSEEN);
		return true;
	}
	close_calls(s, keep, CT_CALL_UNSEEN);
	return true;
}

/* Takes the record right behind a call's, which has its values. */
static void take_values(struct ct_stream *s)
{
	uint64_t word = s->at < s->end ? *s->at : 0;
	uint32_t kind = ct_record_id(word) & 0xff, words = ct_record_id(word) >> 8;
	const uint64_t *payload = s->at + 1;

	s->values = (struct ct_payload){ NULL, 0, 0 };
	if (word == 0) /* its writer died there */
		return;
	if (ct_record_kind(word) != CT_EXTENDED || (kind != CT_VALUES && kind != CT_PENDING)) {
		s->damaged++;
		return;
	}
	if (words > (size_t) (s->room - payload))
		s->damaged++;
	else if (kind == CT_VALUES)
		s->values = (struct ct_payload){ payload, words, (uint32_t) ct_record_time(word) };
	s->at = words < (size_t) (s->end - payload) ? payload + words : s->end;
	s->values_end = s->at;
}

/* Takes the word behind an EXIT_WORD. Trailing zeros of the chunk are cut off, but there. */
static void take_word(struct ct_stream *s)
{
	s->values = (struct ct_payload){ NULL, 0, 0 };
	if (s->at < s->room)
		s->values = (struct ct_payload){ s->at, 1, ct_values_head(1, CT_HOW_PLAIN, 0) };
	else
		s->damaged++;
	s->at += s->at < s->end;
	s->values_end = s->at;
}

/* Steps over a call's record, and that of its values. */
static void take_call(struct ct_stream *s, uint64_t word)
{
	enum ct_kind kind = ct_record_kind(word);

	s->at++;
	if (kind == CT_ENTER_VALUES || kind == CT_EXIT_VALUES)
		take_values(s);
	else if (kind == CT_EXIT_WORD)
		take_word(s);
}

static void push(struct ct_stream *s, uint32_t row)
{
	if (s->depth == s->capacity) {
		s->capacity = s->capacity ? s->capacity * 2 : 256;
		s->stack = ct_realloc(s->stack, s->capacity * sizeof *s->stack);
	}
	s->stack[s->depth++] = row;
}

/* The row of the call at a depth, by CT_OPEN; where it is not there, that of unknown calls. */
static uint32_t open_row(const struct ct_stream *s, uint32_t depth)
{
	const struct ct_open *o = &s->open;
	uint32_t i = depth < o->outer ? depth : depth - (o->depth - o->outer - o->inner), row;

	if (depth >= o->outer && depth < o->depth - o->inner)
		return s->row_count;
	row = (uint32_t)(s->open_rows[i / 3] >> i % 3 * CT_ID_BITS) & (CT_MAX_ROWS - 1);
	return row < s->row_count && (s->rows[row].function != CT_NO_ROW || s->rows[row].hidden)
	               ? row : s->row_count;
}

/* Opens the next call that was open before what is missing; false: it is not shown. */
static bool open_one(struct ct_stream *s)
{
	uint32_t row = open_row(s, s->opened++);

	push(s, row);
	if (s->rows[row].hidden)
		return false;
	s->row = row;
	s->level = s->visible++;
	s->values_end = NULL;
	s->unseen = !s->opens_again;
	s->continued = s->opens_again;
	return true;
}

#define MOST_OPEN (1u << 18) /* no recorder's stack is deeper */
#define MOST_AGAIN 1024      /* nor has as many that come back at once */

/* What is missing before this chunk is no longer of interest: here is where in the tree it begins. */
static void begin_open(struct ct_stream *s, const uint64_t *payload, uint32_t words)
{
	struct ct_open *o = &s->open;

	if (!s->missing || s->depth > 0)
		return;
	if (words < 2) {
		s->damaged++;
		return;
	}
	memcpy(o, payload, sizeof *o);
	if (o->depth > MOST_OPEN || (uint32_t) o->outer + o->inner > o->depth || o->phase >= CT_PHASES
	    || ((uint32_t) o->outer + o->inner + 2) / 3 > words - 2) {
		s->damaged++;
		return;
	}
	s->open_rows = payload + 2;
	s->opened = 0;
	s->opens_again = false;
	s->phase = o->phase;
	s->knows_phase = true;
	s->theory = NO_THEORY;
	s->iteration = 0;
	s->suspect = s->raw->words_lost;
}

/* Calls that were left go on. */
static void begin_again(struct ct_stream *s, const uint64_t *payload, uint32_t words)
{
	uint64_t count = words ? payload[0] : 0;

	if (count == 0 || count > MOST_AGAIN || words < 2 || (count + 2) / 3 > words - 2) {
		s->damaged++;
		return;
	}
	s->open = (struct ct_open){ .depth = (uint32_t) count, .outer = (uint16_t) count };
	s->left = payload[1];
	s->open_rows = payload + 2;
	s->opened = 0;
	s->opens_again = true;
}

/* Whether to tell now that records are missing: behind the calls that are known to be open. */
static bool is_told_here(const struct ct_stream *s)
{
	return s->missing
	       && !(s->at < s->end && ct_record_kind(*s->at) == CT_EXTENDED
	            && (ct_record_id(*s->at) & 0xff) == CT_OPEN);
}

static void tell_missing(struct ct_stream *s)
{
	s->missing = false;
	s->told++;
	s->mark = CT_MISSING;
	s->payload_words = 0;
}

/* Reads an ENTER; false: not an event. */
static bool enter(struct ct_stream *s, uint64_t word)
{
	uint32_t id = ct_record_id(word);
	const struct ct_row *row;

	if (id >= s->row_count || (s->rows[id].function == CT_NO_ROW && !s->rows[id].hidden)) {
		take_call(s, word);
		s->damaged++;
		return false;
	}
	row = &s->rows[id];
	if (s->suspect && settle_caller(s, row))
		return false;
	take_call(s, word);
	s->ticks = ct_stream_ticks(s->ticks, word);
	push(s, id);
	if (row->callee == s->theory)
		s->iteration++;
	if (row->hidden)
		return false;
	s->row = id;
	s->level = s->visible++;
	return true;
}

/* Reads an EXIT; false: not an event. */
static bool leave(struct ct_stream *s, uint64_t word)
{
	uint32_t id = ct_record_id(word), i = s->depth;

	while (i > 0 && s->stack[i - 1] != id && s->stack[i - 1] != s->row_count)
		i--;
	if (i == 0) {
		take_call(s, word);
		s->damaged += !s->suspect;
		return false;
	}
	if (i < s->depth) { /* those above it ended unsaid */
		s->damaged += !s->suspect;
		close_calls(s, i, CT_CALL_UNSEEN);
		return false;
	}
	take_call(s, word);
	s->ticks = ct_stream_ticks(s->ticks, word);
	s->row = s->stack[--s->depth];
	s->ended = CT_CALL_RETURNED;
	if (s->rows[s->row].hidden)
		return false;
	s->level = --s->visible;
	return true;
}

static void unwind(struct ct_stream *s, uint64_t word)
{
	uint32_t keep = ct_record_id(word), going = keep & (CT_UNWIND_BY - 1);

	if (keep & CT_UNWIND_BY)
		keep = s->depth - (going < s->depth ? going : s->depth);
	s->at++;
	s->ticks = ct_stream_ticks(s->ticks, word);
	if (keep < s->depth)
		close_calls(s, keep, s->resumed ? CT_CALL_UNSEEN : CT_CALL_UNWOUND);
}

static uint64_t payload_word(const uint64_t *payload, uint32_t words)
{
	return words ? payload[0] : 0;
}

/* Reads a longer record; true: it is a mark. */
static bool extended(struct ct_stream *s, uint64_t word)
{
	enum ct_extended kind = (enum ct_extended)(ct_record_id(word) & 0xff);
	uint32_t words = ct_record_id(word) >> 8;
	const uint64_t *payload = s->at + 1;

	/* Which may be nothing but zeros at its end, or at all (no call is open), and the chunk ends there. */
	if ((kind == CT_OPEN || kind == CT_BACK) && words <= (size_t)(s->room - payload)
	    && words > (size_t)(s->end - payload)) {
		s->ticks = ct_stream_ticks(s->ticks, word);
		(kind == CT_OPEN ? begin_open : begin_again)(s, payload, words);
		s->at = s->end;
		return false;
	}
	if (words > (size_t)(s->end - payload)) {
		/* Trailing zeros were cut off, of a record whose writer died in it too. */
		if (kind != CT_PENDING && kind != CT_THEORY && kind != CT_PHASE && kind != CT_FAILURE
		    && kind != CT_NOTE && kind != CT_OPEN && kind != CT_BACK)
			s->damaged++;
		words = (uint32_t)(s->end - payload);
	}
	s->at = payload + words;
	if (kind != CT_VALUES)
		s->ticks = ct_stream_ticks(s->ticks, word);
	s->payload = payload;
	s->payload_words = words;
	s->mark = kind;
	switch (kind) {
	case CT_TIME:
		if (payload_word(payload, words) > s->ticks)
			s->ticks = payload_word(payload, words);
		return false;
	case CT_PHASE:
		if (payload_word(payload, words) >= CT_PHASES) {
			s->damaged++;
			return false;
		}
		s->phase = (uint32_t) payload_word(payload, words);
		s->knows_phase = true;
		return true;
	case CT_THEORY:
		s->theory = payload_word(payload, words) ? payload_word(payload, words) : NO_THEORY;
		s->iteration = 0;
		return false;
	case CT_PAUSE:
	case CT_RESUME:
	case CT_FAILURE:
	case CT_NOTE:
		return true;
	case CT_OPEN:
		begin_open(s, payload, words);
		return false;
	case CT_BACK:
		begin_again(s, payload, words);
		return false;
	case CT_VALUES: /* of no call */
		s->damaged++;
		return false;
	default: /* pending, or a later version's */
		return false;
	}
}

/* Reads one record; CT_EVENT_END: it was none to tell of. */
static enum ct_event read_record(struct ct_stream *s)
{
	uint64_t word = *s->at;
	bool resumed = false;
	enum ct_event event = CT_EVENT_END;

	switch (ct_record_kind(word)) {
	case CT_ENTER:
	case CT_ENTER_VALUES:
		event = enter(s, word) ? CT_EVENT_ENTER : CT_EVENT_END;
		break;
	case CT_EXIT_WORD:
		if (ct_record_id(word) == 0) { /* its writer died in it */
			s->at += s->end - s->at > 1 ? 2 : 1;
			break;
		}
		/* fall through */
	case CT_EXIT:
	case CT_EXIT_VALUES:
		event = leave(s, word) ? CT_EVENT_LEAVE : CT_EVENT_END;
		break;
	case CT_UNWIND_TO:
		unwind(s, word);
		break;
	case CT_EXTENDED:
		event = extended(s, word) ? CT_EVENT_MARK : CT_EVENT_END;
		resumed = event == CT_EVENT_MARK && s->mark == CT_RESUME;
		break;
	default:
		s->at++;
		s->damaged += word != 0;
		break;
	}
	s->resumed = resumed;
	return event;
}

/* What is still open when the records end: to the end of the process, as far as we know. */
static bool finish(struct ct_stream *s)
{
	if (s->finished)
		return false;
	s->finished = true;
	s->missing |= s->thread->stopped;
	close_calls(s, 0, s->thread->stopped ? CT_CALL_UNSEEN : CT_CALL_OPEN);
	return true;
}

enum ct_event ct_stream_slow(struct ct_stream *s)
{
	for (;;) {
		enum ct_event event;

		s->unseen = s->continued = false;
		if (s->open_rows && s->opened < s->open.depth) {
			s->limit = s->at;
			if (open_one(s))
				return CT_EVENT_ENTER;
			continue;
		}
		s->open_rows = NULL;
		if (is_told_here(s)) {
			s->limit = s->at;
			tell_missing(s);
			return CT_EVENT_MARK;
		}
		if (s->limit == s->at && s->depth > s->keep) {
			if (close_one(s) == CT_EVENT_LEAVE)
				return CT_EVENT_LEAVE;
			continue;
		}
		s->keep = UINT32_MAX;
		s->limit = s->suspect ? s->at : s->end;
		if (s->at == s->end) {
			if (!begin_chunk(s) && !(s->feed ? s->feed(s) : finish(s)))
				return CT_EVENT_END;
			continue;
		}
		event = read_record(s);
		if (s->suspect)
			s->limit = s->at;
		if (event != CT_EVENT_END)
			return event;
	}
}

/* --- what metadata needs --- */

static void note_step(struct ct_raw *raw, const struct ct_stream *s)
{
	if (s->mark != CT_PHASE && s->mark != CT_MISSING)
		return;
	if ((raw->step_count & (raw->step_count - 1)) == 0)
		raw->steps = ct_realloc(raw->steps, (raw->step_count ? raw->step_count * 2 : 1)
		                                            * sizeof *raw->steps);
	raw->steps[raw->step_count++] = (struct ct_phase_step){ s->ticks, s->phase };
}

/* Whether the thread is the process's first: that one goes through the phases. */
static bool is_main(const struct ct_trace *trace, size_t thread)
{
	return trace->threads[thread].tid == trace->raw->session.pid || trace->thread_count == 1;
}

static void note_left(struct ct_raw_thread *t, const struct ct_stream *s)
{
	if ((t->left_count & (t->left_count - 1)) == 0)
		t->left = ct_realloc(t->left, (t->left_count ? t->left_count * 2 : 1) * sizeof *t->left);
	t->left[t->left_count++] = (struct ct_left){ s->left, s->row };
}

void ct_raw_look(struct ct_trace *trace)
{
	struct ct_raw *raw = trace->raw;

	raw->step_count = 0;
	raw->record_damage = raw->late_failures = 0;
	for (size_t i = 0; i < trace->thread_count; i++) {
		struct ct_raw_thread *t = &raw->threads[i];
		uint64_t calls = 0, marks = 0, again = 0;
		uint32_t deepest = 0;
		enum ct_event event;
		struct ct_stream s;

		t->left_count = 0;
		ct_stream_init(&s, trace, (uint32_t) i);
		while ((event = ct_stream_next(&s)) != CT_EVENT_END) {
			if (event == CT_EVENT_ENTER) {
				calls++;
				again += (s.unseen && s.told) || s.continued;
				if (s.continued)
					note_left(t, &s);
				deepest = s.visible > deepest ? s.visible : deepest;
			} else if (event == CT_EVENT_MARK) {
				if (is_main(trace, i))
					note_step(raw, &s);
				marks += s.mark != CT_PHASE;
				raw->late_failures += s.mark == CT_FAILURE
				                      && s.phase >= CT_PHASE_TEARDOWN;
			}
		}
		if (t->left_count)
			qsort(t->left, t->left_count, sizeof *t->left, by_time);
		trace->threads[i].calls = calls - t->left_count;
		t->seen = calls - again;
		t->deepest = deepest;
		t->marks = marks;
		t->last = s.ticks;
		t->looked = true;
		raw->record_damage += s.damaged;
		ct_stream_deinit(&s);
	}
}

/* The time of the last record in a chunk. */
static uint64_t last_time(const struct ct_chunk *c)
{
	uint64_t ticks = c->start;

	for (size_t i = 0; i < c->count; i++) {
		uint64_t word = c->words[i];

		if (word == 0)
			continue;
		if (ct_record_kind(word) != CT_EXTENDED || (ct_record_id(word) & 0xff) != CT_VALUES)
			ticks = ct_stream_ticks(ticks, word);
		if (ct_record_kind(word) == CT_EXIT_WORD) {
			i++;
		} else if (ct_record_kind(word) == CT_EXTENDED) {
			bool full = (ct_record_id(word) & 0xff) == CT_TIME && i + 1 < c->count;

			if (full && c->words[i + 1] > ticks)
				ticks = c->words[i + 1];
			i += ct_record_id(word) >> 8;
		}
	}
	return ticks;
}

void ct_raw_find_last(struct ct_raw *raw)
{
	for (size_t i = 0; i < raw->thread_count; i++) {
		struct ct_raw_thread *t = &raw->threads[i];

		if (t->chunk_count)
			t->last = last_time(&t->chunks[t->chunk_count - 1]);
	}
}
