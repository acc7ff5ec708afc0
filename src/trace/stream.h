/*
 * stream.h - the records of one thread as events: calls entered and left, in order,
 * balanced whatever the file holds, Criterion's plumbing left out.
 *
 * ct_stream_next() is the straight path for the two records that matter and hands
 * everything else (chunk ends, longer records, calls with values, plumbing, damage) to
 * ct_stream_slow(). Budget: a few nanoseconds a record; the JSON writer's speed rests on it.
 */
#ifndef CT_TRACE_STREAM_H
#define CT_TRACE_STREAM_H

#include "trace/internal.h"

enum ct_event { CT_EVENT_END, CT_EVENT_ENTER, CT_EVENT_LEAVE, CT_EVENT_MARK };

/* A CT_VALUES record's, in the file: anything may be in it. `words` NULL: there is none. */
struct ct_payload {
	const uint64_t *words;
	uint32_t count;
	uint32_t head;
};

struct ct_stream {
	/* Of the event last returned. */
	uint64_t ticks;
	uint32_t row;          /* ENTER, LEAVE */
	uint32_t level;        /* visible calls open: with ENTER and LEAVE, around that call */
	enum ct_call_end ended; /* LEAVE */
	enum ct_extended mark; /* MARK */
	const uint64_t *payload; /* MARK: in the file, `payload_words` of it */
	uint32_t payload_words;
	bool unseen;           /* ENTER: the call began before; this is where it is known to be open */
	bool continued;        /* ENTER: the call began and was left before; here it goes on */

	uint32_t phase;     /* see ct_stream_phase() */
	uint32_t iteration; /* of a theory, as now; 0: none */

	/* The stream's own. */
	const uint64_t *at, *limit; /* limit == at while something slow is due */
	const uint64_t *end;        /* of the chunk */
	const uint64_t *room;       /* how far payloads may reach */
	struct ct_payload values;   /* of the call whose record ends at `values_end` */
	const uint64_t *values_end;
	const struct ct_row *rows;
	uint32_t row_count;
	uint32_t *stack; /* rows of the open calls, plumbing too */
	uint32_t depth, capacity;
	uint32_t visible;  /* of them */
	uint32_t keep;     /* while depth > keep, calls are being closed ... */
	enum ct_call_end closing; /* ... like this */
	uint64_t theory;   /* callee; NO_THEORY */
	bool suspect;      /* records are missing: check callers */
	bool missing;      /* that is to be told */
	uint32_t told;     /* how often it was */
	struct ct_open open;        /* the calls that are being opened ... */
	const uint64_t *open_rows;  /* ... by these; NULL: none are */
	uint32_t opened;            /* so many of them are */
	bool opens_again;           /* they were left before ... */
	uint64_t left;              /* ... then */
	bool resumed;      /* the last record was CT_RESUME */
	bool finished;
	bool knows_phase;  /* a record told */
	uint64_t damaged;
	const struct ct_raw *raw;
	const struct ct_raw_thread *thread;
	size_t chunk; /* next */
	/*
	 * Of a trace that is being written (live.c): adds to the last chunk, or a chunk to the thread.
	 * False: there is nothing more for now, and calls stay open. NULL: the chunks are all there is.
	 */
	bool (*feed)(struct ct_stream *s);
	void *live;
};

void ct_stream_init(struct ct_stream *s, const struct ct_trace *trace, uint32_t thread);
void ct_stream_deinit(struct ct_stream *s);
enum ct_event ct_stream_slow(struct ct_stream *s);
/* The phase now: this thread's own, or else the one that the main thread was in then. */
uint32_t ct_stream_phase(const struct ct_stream *s);

/* The values of the ENTER or LEAVE last returned. */
static inline struct ct_payload ct_stream_values(const struct ct_stream *s)
{
	return s->values_end == s->at ? s->values : (struct ct_payload){ NULL, 0, 0 };
}

/* The full counter of a record, from its low bits and the one before it. No step back. */
static inline uint64_t ct_stream_ticks(uint64_t last, uint64_t word)
{
	int64_t step = (int64_t)((word & ~0xffffffull) - (last << 24)) >> 24;

	return step > 0 ? last + (uint64_t) step : last;
}

/*
 * A row of plain records, read with what the stream says in registers: for who reads millions.
 *
 *     ct_run_begin(&run, s);
 *     while ((event = ct_run_next(&run)) != CT_EVENT_END)
 *             ... run.row, run.ticks, run.visible ...
 *     ct_run_end(&run);       then ct_stream_next(), for what is not plain
 *
 * In between the stream itself stays as it was.
 */
struct ct_run {
	struct ct_stream *s;
	const uint64_t *at, *limit;
	const struct ct_row *rows;
	uint32_t *stack;
	uint64_t ticks, theory;
	uint32_t row_count, capacity;
	uint32_t depth, visible; /* open now, the call of an ENTER included */
	uint32_t row;
};

static inline void ct_run_begin(struct ct_run *r, struct ct_stream *s)
{
	*r = (struct ct_run){ .s = s, .at = s->at, .limit = s->limit, .rows = s->rows, .stack = s->stack,
		              .ticks = s->ticks, .theory = s->theory, .row_count = s->row_count,
		              .capacity = s->capacity, .depth = s->depth, .visible = s->visible };
}

/* END: what comes now is not plain, or there is nothing. Every call that a LEAVE ends has returned. */
static inline enum ct_event ct_run_next(struct ct_run *r)
{
	if (__builtin_expect(r->at < r->limit, 1)) {
		uint64_t word = *r->at;
		enum ct_kind kind = ct_record_kind(word);
		uint32_t id = ct_record_id(word);

		if (kind == CT_ENTER && id < r->row_count && r->depth < r->capacity) {
			const struct ct_row *row = &r->rows[id];

			if (__builtin_expect(row->plain && row->callee != r->theory, 1)) {
				r->at++;
				r->ticks = ct_stream_ticks(r->ticks, word);
				r->stack[r->depth++] = id;
				r->row = id;
				r->visible++;
				return CT_EVENT_ENTER;
			}
		} else if (kind == CT_EXIT && r->depth > 0 && r->stack[r->depth - 1] == id
		           && r->rows[id].plain) {
			r->at++;
			r->ticks = ct_stream_ticks(r->ticks, word);
			r->depth--;
			r->row = id;
			r->visible--;
			return CT_EVENT_LEAVE;
		}
	}
	return CT_EVENT_END;
}

static inline void ct_run_end(const struct ct_run *r)
{
	r->s->at = r->at;
	r->s->ticks = r->ticks;
	r->s->depth = r->depth;
	r->s->visible = r->visible;
}

static inline enum ct_event ct_stream_next(struct ct_stream *s)
{
	enum ct_event event;
	struct ct_run run;

	ct_run_begin(&run, s);
	event = ct_run_next(&run);
	if (__builtin_expect(event == CT_EVENT_END, 0))
		return ct_stream_slow(s);
	ct_run_end(&run);
	s->row = run.row;
	s->level = run.visible - (event == CT_EVENT_ENTER);
	if (event == CT_EVENT_LEAVE)
		s->ended = CT_CALL_RETURNED;
	return event;
}

#endif
