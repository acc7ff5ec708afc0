/* live_chunks.c - chunks of a trace that is being written, copied as far as they are complete: see live.h. */
#include "trace/live_private.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define PIECE 2048u /* words that are copied at a time */
#define PEEK  64u   /* words that are looked at to see whether there is anything new */
#define TRIES 8     /* how often something that moves is looked for again */

static bool is_extended(uint64_t word, enum ct_extended kind)
{
	return ct_record_kind(word) == CT_EXTENDED && (ct_record_id(word) & 0xff) == kind;
}

/* A look at words before the stream gets them. */
struct look {
	bool final;      /* nobody writes into the chunk any more, or it is the asker's own */
	uint64_t now;    /* records made later do not count; 0: all do */
	uint64_t ticks;  /* of the last record */
	uint32_t rows;   /* they bear numbers below that */
	bool has_values;
};

/* How many words a record takes; 0: it is not complete. `rest`: words that follow in the chunk. */
static size_t record_size(const uint64_t *record, size_t rest, const struct look *look)
{
	enum ct_kind kind = ct_record_kind(record[0]);
	bool values = kind == CT_ENTER_VALUES || kind == CT_EXIT_VALUES;
	uint64_t announced = !values ? record[0] : rest ? record[1] : 0;

	if (kind == CT_EXIT_WORD)
		return ct_record_id(record[0]) || look->final ? 2 : 0;
	if (!values && kind != CT_EXTENDED)
		return 1;
	if (announced == 0)
		return look->final ? 1 : 0;
	if (is_extended(announced, CT_PENDING) && !look->final)
		return 0;
	return 1u + values + (ct_record_id(announced) >> 8);
}

static void look_at(const uint64_t *record, size_t rest, struct look *look)
{
	enum ct_kind kind = ct_record_kind(record[0]);

	look->has_values |= kind == CT_ENTER_VALUES || kind == CT_EXIT_VALUES || kind == CT_EXIT_WORD;
	if (kind != CT_EXTENDED && kind != CT_UNWIND_TO && ct_record_id(record[0]) >= look->rows)
		look->rows = ct_record_id(record[0]) + 1;
	if (is_extended(record[0], CT_OPEN) || is_extended(record[0], CT_BACK))
		look->rows = CT_MAX_ROWS; /* whichever it names */
	if (is_extended(record[0], CT_TIME) && rest && record[1] > look->ticks)
		look->ticks = record[1];
}

/*
 * Behind plain calls, of which there may be millions. All of them count, so the time of the last one is enough: the
 * counter has not gone so far in between that CT_TIME would have had to tell.
 */
static size_t behind_plain(const uint64_t *words, size_t at, size_t count, struct look *look)
{
	uint64_t rows = look->rows;
	size_t from = at;

	for (; at < count && (ct_record_kind(words[at]) == CT_ENTER || ct_record_kind(words[at]) == CT_EXIT); at++)
		rows = ct_record_id(words[at]) >= rows ? ct_record_id(words[at]) + 1u : rows;
	look->rows = (uint32_t) rows;
	if (at > from)
		look->ticks = ct_stream_ticks(look->ticks, words[at - 1]);
	return at;
}

/*
 * Up to where the records are complete, from `at` on. A slot that is still empty may be filled
 * later, unless the time had to be told behind it.
 */
static size_t settled(const uint64_t *words, size_t at, size_t count, size_t room, struct look *look)
{
	while (at < count) {
		uint64_t ticks;
		size_t size;

		if (!look->now && (at = behind_plain(words, at, count, look)) == count)
			break;
		if (words[at] == 0) {
			if (!look->final && !(at + 1 < room && is_extended(words[at + 1], CT_TIME)))
				break;
			at++;
			continue;
		}
		ticks = is_extended(words[at], CT_VALUES) ? look->ticks : ct_stream_ticks(look->ticks, words[at]);
		size = record_size(words + at, room - at - 1, look);
		if (size == 0 || (look->now && ticks > look->now))
			break;
		look->ticks = ticks;
		look_at(words + at, room - at - 1, look);
		at += size;
	}
	return at < room ? at : room;
}

/* A copy of a chunk in the making. */
struct copy {
	uint64_t *words;
	size_t room, from; /* what is before `from` is there already */
	size_t high;       /* what is behind is 0 */
	size_t count;      /* up to behind the last that is not */
	uint16_t kind;     /* of the extent */
};

/* Reads on until nothing more comes. False: the extent does not have the chunk (any more). */
static bool copy_words(struct ct_live *live, uint32_t number, const struct live_thread *t, struct copy *c)
{
	const struct extent *e = &live->extents[number];
	size_t have = (e->size - sizeof(struct ct_extent)) / sizeof *c->words;
	struct ct_extent head;

	c->count = c->from;
	if (have > c->room)
		have = c->room;
	for (size_t at = c->from, step = PEEK; at < have; at += step, step = PIECE) {
		size_t before = c->count, size = step < have - at ? step : have - at;

		if (c->high < at + size)
			c->high = at + size;
		if (!ct_live_read_at(live, c->words + at, size * sizeof *c->words,
		             e->offset + sizeof head + at * sizeof *c->words))
			return false;
		for (size_t end = at + size; end > at; end--)
			if (c->words[end - 1]) {
				c->count = end;
				break;
			}
		if (c->count == before)
			break;
	}
	if (c->high > c->count) /* a record may end in zeros, so that the stream has got more than that */
		memset(c->words + c->count, 0, (c->high - c->count) * sizeof *c->words);
	c->high = c->count;
	/* Still the same chunk, and nobody has begun to clear it. */
	if (!ct_live_read_head(live, e->offset, &head) || head.thread != t->number || head.seq != t->seq
	    || (head.kind != CT_EXTENT_WINDOW && head.kind != CT_EXTENT_DATA))
		return false;
	c->kind = head.kind;
	return true;
}

static size_t count_records(const uint64_t *words, size_t from, size_t to)
{
	size_t n = 0;

	for (; from < to; from++)
		n += words[from] != 0;
	return n;
}

static bool has_more(const struct copy *a, const struct copy *b)
{
	return count_records(a->words, a->from, a->count) > count_records(b->words, b->from, b->count);
}

/* The best copy there is of the thread's present chunk, in t->words. */
static bool copy_best(struct ct_live *live, struct live_thread *t, struct copy *best)
{
	const struct copies *c = t->seq < t->seq_count ? &t->by_seq[t->seq] : NULL;
	bool found;

	*best = (struct copy){ .words = t->words, .room = t->room, .from = t->taken, .high = t->high,
		               .count = t->taken };
	found = c && c->extent[0] && copy_words(live, c->extent[0] - 1, t, best);
	if (c && c->extent[1]) {
		struct copy other = *best;

		other.words = ct_calloc(t->room, sizeof *other.words);
		other.high = 0;
		if (copy_words(live, c->extent[1] - 1, t, &other) && (!found || has_more(&other, best))) {
			memcpy(t->words + t->taken, other.words + t->taken,
			       (t->room - t->taken) * sizeof *t->words);
			best->count = best->high = other.count;
			best->kind = other.kind;
			found = true;
		}
		free(other.words);
	}
	t->high = best->high;
	return found;
}

static bool has_newer(const struct live_thread *t, uint32_t *next)
{
	for (uint32_t seq = t->seq + 1; seq < t->seq_count; seq++)
		if (t->by_seq[seq].extent[0]) {
			*next = seq;
			return true;
		}
	return false;
}

static void make_room(const struct ct_live *live, struct live_thread *t)
{
	const struct copies *c = t->seq < t->seq_count ? &t->by_seq[t->seq] : NULL;
	size_t room = 8192;

	for (int i = 0; c && i < 2 && c->extent[i]; i++) {
		size_t words = (live->extents[c->extent[i] - 1].size - sizeof(struct ct_extent))
		               / sizeof(uint64_t);

		room = words > room ? words : room;
	}
	if (t->words && t->room >= room)
		return;
	t->words = ct_realloc(t->words, room * sizeof *t->words);
	memset(t->words + t->room, 0, (room - t->room) * sizeof *t->words);
	if (t->reading) { /* it grew under the stream's eyes: cannot be, but for a damaged header */
		t->raw->chunks[t->raw->chunk_count - 1].words = t->words;
		t->stream.at = t->stream.end = t->stream.limit = t->words + t->taken;
	}
	t->room = room;
}

/* The stream gets the words up to `end`. */
static void give(struct live_thread *t, size_t end, uint64_t start)
{
	struct ct_raw_thread *raw = t->raw;

	if (!t->reading) {
		raw->chunks = ct_live_grow(raw->chunks, (uint32_t) raw->chunk_count, &t->chunk_room,
		                   sizeof *raw->chunks);
		raw->chunks[raw->chunk_count++] = (struct ct_chunk){ .words = t->words, .count = end,
			                                             .room = t->room, .start = start,
			                                             .gap = t->gap };
		t->reading = true;
		t->gap = false;
	} else {
		raw->chunks[raw->chunk_count - 1].count = end;
		t->stream.end = t->words + end;
	}
	t->taken = end;
}

/* How many words the present chunk has, as far as its extents tell. */
static size_t words_of(const struct ct_live *live, const struct live_thread *t)
{
	const struct copies *c = &t->by_seq[t->seq];
	size_t most = 0;

	for (int i = 0; i < 2 && c->extent[i]; i++) {
		size_t words = (live->extents[c->extent[i] - 1].size - sizeof(struct ct_extent)) / sizeof(uint64_t);

		most = words > most ? words : most;
	}
	return most;
}

/* The present chunk is done with, all of it was `read`, or it is not to be had (any more). */
static void advance(struct ct_live *live, struct live_thread *t, uint32_t next, bool read)
{
	uint32_t missing = next - t->seq - (t->reading && (read || t->taken >= words_of(live, t)));

	t->gap |= missing > 0;
	live->gaps += missing;
	t->seq = next;
	if (t->has_values) {
		live->kept = ct_live_grow(live->kept, live->kept_count, &live->kept_room, sizeof *live->kept);
		live->kept[live->kept_count++] = t->words;
		t->words = NULL;
		t->room = t->high = 0;
	} else if (t->high) {
		memset(t->words, 0, t->high * sizeof *t->words);
		t->high = 0;
	}
	t->reading = t->has_values = false;
	t->taken = 0;
}

/* Of the present chunk. */
static uint64_t start_of(struct ct_live *live, const struct live_thread *t)
{
	const struct copies *c = &t->by_seq[t->seq];
	struct ct_extent head;

	for (int i = 0; i < 2 && c->extent[i]; i++)
		if (ct_live_read_head(live, live->extents[c->extent[i] - 1].offset, &head)
		    && head.thread == t->number && head.seq == t->seq)
			return head.start_time;
	return 0;
}

/* Copies what there is of the present chunk; false: it is nowhere. */
static bool copy_present(struct ct_live *live, struct live_thread *t, bool own, struct copy *copy)
{
	make_room(live, t);
	if (!copy_best(live, t, copy))
		return false;
	/* Again, so that what is behind a record's first word is as new as that. */
	return own || copy->count == copy->from || copy_best(live, t, copy);
}

/* Gives the stream what is complete of it; false: nothing is. */
static bool take_settled(struct ct_live *live, struct live_thread *t, const struct copy *copy,
                         struct look *look)
{
	uint64_t start = t->reading ? 0 : start_of(live, t);
	size_t end;

	look->ticks = start > t->ticks ? start : t->ticks;
	end = settled(t->words, t->taken, copy->count, t->room, look);
	if (end == t->taken)
		return false;
	t->ticks = look->ticks;
	t->has_values |= look->has_values;
	if (look->rows > t->raw->row_count)
		ct_live_update_rows(live, t);
	give(t, end, start);
	return true;
}

#define PAGE_WORDS (CT_PAGE / sizeof(uint64_t))

/* Whether the present chunk ends in empty pages, as one does that is being written out. */
static bool ends_empty(const struct ct_live *live, const struct live_thread *t)
{
	return words_of(live, t) > t->high + PAGE_WORDS;
}

/*
 * Whether all of a chunk that is done with was read. The copy in the file may have been looked at while it was being
 * written, and the one in memory when it was cleared already: so it is looked at once more, and if
 * its end is still empty (it may be: a record did not fit, or it was not full), some times.
 */
static bool is_exhausted(const struct ct_live *live, const struct live_thread *t, int *again)
{
	if (*again >= (ends_empty(live, t) ? TRIES : 1))
		return true;
	if ((*again)++ > 0)
		sched_yield();
	return false;
}

/* More words for the stream. */
static bool take_more(struct ct_live *live, struct live_thread *t)
{
	bool own = t->tid == (uint32_t) live->self;
	bool complete = false;
	int again = 0;

	for (int looked = 0; looked < TRIES;) {
		uint32_t next = 0;
		bool newer = has_newer(t, &next);
		struct look look = { .final = own || newer, .now = own ? 0 : live->now };
		struct copy copy;

		if (!copy_present(live, t, own, &copy)) {
			if (looked++) { /* it was not found, and the headers are as they are now */
				if (!newer)
					return false;
				if (looked > TRIES / 2) {
					advance(live, t, next, false);
					looked = 0;
				}
				sched_yield();
			}
			ct_live_look_around(live);
			continue;
		}
		if (take_settled(live, t, &copy, &look))
			return true;
		if (copy.count > t->taken) /* the rest is too new, or half written */
			return false;
		if (newer) {
			if (!own && !is_exhausted(live, t, &again))
				continue;
			if (next > t->seq + 1 && !complete) {
				/* Those between were written out before the next one was begun, but the file may have
				 * been looked through before its header was. */
				ct_live_look_around(live);
				complete = true;
				continue;
			}
			advance(live, t, next, true);
			complete = false;
			looked = again = 0;
		} else if (copy.kind == CT_EXTENT_DATA && !looked++) {
			ct_live_look_around(live); /* it is full, so there is another one */
		} else {
			return false;
		}
	}
	return false;
}

bool ct_live_feed(struct ct_stream *s)
{
	struct live_thread *t = (struct live_thread *) s; /* its first member */

	return take_more(s->live, t);
}
