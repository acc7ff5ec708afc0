/*
 * live_script.h - what the recorder stores into a trace, one store after the other, for a reader to be
 * let in between any two of them.
 *
 * A script is made once: it is the sequence that src/runtime/chunk.c documents, over chunks of two pages. Then it is run,
 * some stores at a time, over a file. Each chunk's calls bear a row of their own (FIRST_ROW + seq), so that a reader knows what
 * it has got of which; all are called by one call that stays open (MAIN_ROW). A store is seen whole or not at all;
 * what the kernel may show by halves is several.
 */
#ifndef LIVE_SCRIPT_H
#define LIVE_SCRIPT_H

#include <criterion/criterion.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "format/raw.h"

enum {
	HEAD = sizeof(struct ct_extent),
	CHUNK = 2 * CT_PAGE,
	CHUNK_WORDS = (CHUNK - HEAD) / 8,
	PART = CT_PAGE / 2,   /* of what is written at once */
	TABLE = CT_SESSION_SIZE, /* where things are */
	FIRST_CHUNK = TABLE + CT_PAGE,
	MAIN_ROW = 1,
	FIRST_ROW = 2,
	CHUNKS = 24, /* at most */
	STORES = 512,
	WRITER = 1,  /* its thread's id, nobody's here */
};

enum op { SET, ADD, COPY, ZERO, CALLS };

struct store {
	enum op op;
	uint64_t at, from; /* COPY: from there; ADD: so much */
	uint32_t size;     /* CALLS: so many */
	uint32_t seq, note; /* CALLS: of which chunk; words of a note behind them */
	uint8_t bytes[HEAD];
};

struct script {
	struct store stores[STORES];
	size_t count;
	uint64_t end; /* of the file, as reserved */
	/* The thread. */
	uint64_t window;
	uint32_t seq, used; /* words of the window */
	bool newest, late_table; /* the table's header is one of the stores */
	uint64_t start; /* time of what comes first */
};

/* A file, and how much of the script has been done to it. */
struct scene {
	const struct script *script;
	int fd;
	size_t done;
	uint64_t time;
	uint32_t recorded[CHUNKS]; /* calls, by chunk */
};

/* --- making --- */

static inline struct store *add_store(struct script *s, enum op op, uint64_t at, uint32_t size)
{
	struct store *store = &s->stores[s->count++];

	cr_assert_leq(s->count, STORES);
	*store = (struct store){ .op = op, .at = at, .size = size };
	return store;
}

static inline void set(struct script *s, uint64_t at, const void *bytes, uint32_t size)
{
	memcpy(add_store(s, SET, at, size)->bytes, bytes, size);
}

#define SET_MEMBER(s, at, member, value)                                                              \
	do {                                                                                          \
		struct ct_extent head_ = { .member = (value) };                                       \
		set(s, (at) + offsetof(struct ct_extent, member), &head_.member, sizeof head_.member); \
	} while (0)

static inline void add_to_session(struct script *s, size_t member, uint64_t value)
{
	add_store(s, ADD, HEAD + member, 8)->from = value;
}

/* Some calls in the window. */
static inline void call(struct script *s, uint32_t calls)
{
	struct store *store = add_store(s, CALLS, s->window + HEAD + s->used * 8u, calls);

	store->seq = s->seq;
	s->used += 2 * calls;
	cr_assert_leq(s->used, CHUNK_WORDS);
}

/* The rest of the window: some calls in each part of it, and a long note up to its end. */
static inline void fill(struct script *s)
{
	call(s, 1);
	for (uint32_t end = (PART - HEAD) / 8; end <= CHUNK_WORDS; end += PART / 8) {
		call(s, 4);
		s->stores[s->count - 1].note = end - s->used;
		s->used = end;
	}
}

/* begin_chunk() */
static inline void begin_chunk(struct script *s, uint64_t at, uint32_t seq)
{
	/* Up to the number the order does not matter, but for the kind and the magic that may be there from before. */
	struct ct_extent head = { .size = CHUNK, .start_time = s->start, .tid = WRITER, .thread_name = "writer" };
	uint32_t from = offsetof(struct ct_extent, size), to = offsetof(struct ct_extent, seq);

	s->window = at;
	s->seq = seq;
	s->used = 0;
	set(s, at + from, (const char *) &head + from, to - from);
	to += 4;
	set(s, at + to, (const char *) &head + to, HEAD - to);
	SET_MEMBER(s, at, seq, seq);
	SET_MEMBER(s, at, kind, CT_EXTENT_WINDOW);
	SET_MEMBER(s, at, magic, CT_EXTENT_MAGIC);
	if (seq == 0) {
		uint64_t words[2] = { ct_record(CT_ENTER, MAIN_ROW, s->start), /* and what makes the chunk end even */
			              ct_record(CT_EXTENDED, ct_extended_id(CT_PAUSE, 0), s->start) };

		set(s, at + HEAD, words, sizeof words);
		s->used = 2;
	} else if (s->newest) { /* put_open() */
		struct ct_open open = { .depth = 1, .inner = 1 };
		uint64_t words[4] = { ct_record(CT_EXTENDED, ct_extended_id(CT_PENDING, 3), s->start), 0, 0, MAIN_ROW };

		memcpy(words + 1, &open, sizeof open);
		set(s, at + HEAD, words, 8);
		set(s, at + HEAD + 8, words + 1, 24);
		words[0] = ct_record(CT_EXTENDED, ct_extended_id(CT_OPEN, 3), s->start);
		set(s, at + HEAD, words, 8);
		s->used = 4;
	}
}

static inline void copy(struct script *s, uint64_t to, uint64_t from, uint32_t size)
{
	for (uint32_t at = 0; at < size; at += PART)
		add_store(s, COPY, to + at, PART)->from = from + at;
}

/* ct_file_reserve() */
static inline uint64_t reserve(struct script *s, uint32_t size)
{
	uint64_t at = s->end;

	add_to_session(s, offsetof(struct ct_session, append), size);
	s->end += size;
	return at;
}

/* clear_chunks() */
static inline void clear(struct script *s, uint64_t region, uint32_t chunks)
{
	for (uint32_t i = 0; i < chunks; i++)
		SET_MEMBER(s, region + i * CHUNK, kind, CT_EXTENT_FREE);
	for (uint32_t i = 0; i < chunks; i++) {
		add_store(s, ZERO, region + i * CHUNK + HEAD, PART - HEAD);
		for (uint32_t at = PART; at < CHUNK; at += PART)
			add_store(s, ZERO, region + i * CHUNK + at, PART);
		if (i)
			add_store(s, ZERO, region + i * CHUNK, HEAD);
	}
}

/* write_out() of a full region: behind all that there is, or (`place`) over older chunks */
static inline uint64_t write_out(struct script *s, uint64_t region, uint32_t chunks, uint64_t place)
{
	uint64_t to = place;

	SET_MEMBER(s, s->window, kind, CT_EXTENT_DATA);
	if (place) { /* ct_file_replace() */
		struct ct_extent nothing = { .magic = CT_EXTENT_MAGIC, .kind = CT_EXTENT_FREE, .size = CHUNK };

		add_to_session(s, offsetof(struct ct_session, lost[CT_LOST_LIMIT]), 1);
		set(s, place, &nothing, sizeof nothing);
		copy(s, place + CT_PAGE, region + CT_PAGE, CHUNK - CT_PAGE);
		add_store(s, COPY, place, CT_PAGE)->from = region;
	} else {
		to = reserve(s, chunks * CHUNK);
		/* Another thread takes room behind it, so that the file does not tell how much of this is written. */
		add_store(s, ZERO, reserve(s, CT_PAGE), CT_PAGE);
		copy(s, to, region, chunks * CHUNK);
	}
	clear(s, region, chunks);
	begin_chunk(s, region, s->seq + 1);
	return to;
}

/* move_on(), from one chunk to a row of some */
static inline uint64_t move_on(struct script *s, uint32_t chunks)
{
	uint64_t region = reserve(s, chunks * CHUNK);

	for (uint32_t at = 0; at < chunks * CHUNK; at += CT_PAGE) /* take_room() */
		add_store(s, ZERO, region + at, CT_PAGE);
	SET_MEMBER(s, s->window, kind, CT_EXTENT_DATA);
	begin_chunk(s, region, s->seq + 1);
	return region;
}

/* make_room(), within a row */
static inline void next_of_row(struct script *s)
{
	SET_MEMBER(s, s->window, kind, CT_EXTENT_DATA);
	begin_chunk(s, s->window + CHUNK, s->seq + 1);
}

/* stop_thread() */
static inline void stop(struct script *s)
{
	SET_MEMBER(s, s->window, kind, CT_EXTENT_DATA);
	SET_MEMBER(s, s->window, flags, CT_CHUNK_LAST);
	add_to_session(s, offsetof(struct ct_session, lost[CT_LOST_LIMIT]), 1);
}

/* The chunk that a thread begins with: room is taken, then the chunk. */
static inline void begin_script(struct script *s, bool newest, uint64_t start)
{
	*s = (struct script){ .end = FIRST_CHUNK, .newest = newest, .start = start };
	reserve(s, CHUNK);
	add_store(s, ZERO, FIRST_CHUNK, CT_PAGE);
	add_store(s, ZERO, FIRST_CHUNK + CT_PAGE, CT_PAGE);
	begin_chunk(s, FIRST_CHUNK, 0);
}

/* --- running --- */

static inline void put(struct scene *c, const void *bytes, size_t size, uint64_t at)
{
	cr_assert_eq(pwrite(c->fd, bytes, size, (off_t) at), (ssize_t) size);
}

static inline void get(struct scene *c, void *bytes, size_t size, uint64_t at)
{
	cr_assert_eq(lseek(c->fd, (off_t) at, SEEK_SET), (off_t) at);
	cr_assert_eq(read(c->fd, bytes, size), (ssize_t) size);
}

/* The session and a table with all rows; nothing of the script is done. */
static inline void begin_scene(struct scene *c, const struct script *script, int fd, enum ct_keep keep)
{
	struct ct_extent head = { .magic = CT_EXTENT_MAGIC, .kind = CT_EXTENT_SESSION, .size = CT_SESSION_SIZE };
	struct ct_session session = { .version = CT_RAW_VERSION, .header_size = sizeof session, .append = FIRST_CHUNK,
		                      .pid = WRITER, .threads = 1, .keep = keep, .max_size = 1 << 20 };
	struct ct_call_row rows[FIRST_ROW + CHUNKS] = { [MAIN_ROW] = { 0x1000, 0x1010, 0x2000, 0, 1, 0 } };

	*c = (struct scene){ .script = script, .fd = fd, .time = script->start + 1 };
	cr_assert_eq(ftruncate(fd, FIRST_CHUNK), 0); /* never to 0: that makes a file system write it out */
	memcpy(session.magic, CT_RAW_MAGIC, sizeof session.magic);
	put(c, &head, sizeof head, 0);
	put(c, &session, sizeof session, sizeof head);
	for (uint32_t i = FIRST_ROW; i < FIRST_ROW + CHUNKS; i++)
		rows[i] = (struct ct_call_row){ 0x10000 * i, 0x10000 * i + 16, 0x1020, 0x1010, 1, 0 };
	head = (struct ct_extent){ .magic = script->late_table ? 0 : CT_EXTENT_MAGIC, .kind = CT_EXTENT_CALLS, .size = CT_PAGE,
		                   .count = FIRST_ROW + CHUNKS, .tid = WRITER };
	put(c, &head, sizeof head, TABLE);
	put(c, rows, sizeof rows, TABLE + HEAD);
}

static inline void do_calls(struct scene *c, const struct store *s)
{
	uint64_t words[CHUNK_WORDS];
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->size; i++) {
		words[n++] = ct_record(CT_ENTER, FIRST_ROW + s->seq, c->time++);
		words[n++] = ct_record(CT_EXIT, FIRST_ROW + s->seq, c->time++);
	}
	if (s->note)
		words[n++] = ct_record(CT_EXTENDED, ct_extended_id(CT_NOTE, s->note - 1), c->time++);
	for (uint32_t i = 1; i < s->note; i++)
		words[n++] = 0x2020202020202020;
	put(c, words, n * sizeof *words, s->at);
	c->recorded[s->seq] += s->size;
}

/* The next store; false: there is none. */
static inline bool step(struct scene *c)
{
	static const uint8_t zeros[CT_PAGE];
	const struct store *s = &c->script->stores[c->done];
	uint8_t bytes[CT_PAGE];
	uint64_t number;

	if (c->done == c->script->count)
		return false;
	c->done++;
	switch (s->op) {
	case SET: put(c, s->bytes, s->size, s->at); break;
	case ZERO: put(c, zeros, s->size, s->at); break;
	case CALLS: do_calls(c, s); break;
	case COPY:
		get(c, bytes, s->size, s->from);
		put(c, bytes, s->size, s->at);
		break;
	case ADD:
		get(c, &number, sizeof number, s->at);
		number += s->from;
		put(c, &number, sizeof number, s->at);
		break;
	}
	return true;
}

#endif
