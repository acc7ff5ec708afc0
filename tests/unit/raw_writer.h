/*
 * raw_writer.h - synthetic raw traces for tests: the least that makes a file which
 * format/raw.h calls valid, and the means to make one that is not.
 *
 *     struct raw_writer w;
 *     raw_begin(&w);                              // a session, one module at 0x10000
 *     uint32_t f = raw_row(&w, 0, 0x10010, ...);  // thread 0's next row
 *     raw_enter(&w, 0, f, 100); raw_exit(&w, 0, f, 200);
 *     raw_save(&w, "x.ct");
 *
 * Records of a thread collect in its chunk; raw_chunk() ends it. Times are ticks; the
 * session says that one tick is one nanosecond, and began at RAW_BEGIN.
 */
#ifndef RAW_WRITER_H
#define RAW_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "format/raw.h"

#define RAW_BEGIN 1000000000ull
#define RAW_THREADS 4
#define RAW_ROWS 64

struct raw_thread {
	struct ct_call_row rows[RAW_ROWS];
	uint32_t row_count;
	uint64_t *words;
	size_t word_count;
	uint64_t start;
	uint32_t seq;
	uint32_t open[1024]; /* rows, for callers */
	uint32_t depth;
};

struct raw_writer {
	struct ct_text file;
	struct ct_session session;
	struct raw_thread threads[RAW_THREADS];
	bool no_rows, no_session;
};

static inline void raw_pad(struct raw_writer *w)
{
	static const char zeros[CT_PAGE];
	size_t over = w->file.length % CT_PAGE;

	if (over)
		ct_text_add_n(&w->file, zeros, CT_PAGE - over);
}

/* Adds an extent; returns where its header is. */
static inline size_t raw_extent(struct raw_writer *w, struct ct_extent head, const void *payload,
                                size_t size)
{
	size_t at = w->file.length, room = head.size;

	head.magic = CT_EXTENT_MAGIC;
	if (!room)
		head.size = (sizeof head + size + CT_PAGE - 1) / CT_PAGE * CT_PAGE;
	ct_text_add_n(&w->file, (const char *) &head, sizeof head);
	ct_text_add_n(&w->file, payload, size);
	raw_pad(w);
	return at;
}

static inline void raw_module(struct raw_writer *w, uint32_t number, const char *path,
                              uint64_t low, uint64_t high, uint32_t flags)
{
	struct ct_module m = { .bias = low, .low = low, .high = high, .flags = flags };

	snprintf(m.path, sizeof m.path, "%s", path);
	raw_extent(w, (struct ct_extent){ .kind = CT_EXTENT_MODULE, .thread = number }, &m, sizeof m);
}

/* `sizes` NULL: those of the lists. */
static inline size_t raw_choice(struct raw_writer *w, const char *const lists[3], const uint32_t *sizes)
{
	struct ct_choice_head head = { 128, 2, 2048, {0} };
	struct ct_text payload = {0};
	size_t at;

	for (int i = 0; i < 3; i++)
		head.list_sizes[i] = sizes ? sizes[i] : lists[i] ? (uint32_t) strlen(lists[i]) + 1 : 0;
	ct_text_add_n(&payload, (const char *) &head, sizeof head);
	for (int i = 0; i < 3; i++)
		if (lists[i])
			ct_text_add_n(&payload, lists[i], strlen(lists[i]) + 1);
	at = raw_extent(w, (struct ct_extent){ .kind = CT_EXTENT_CHOICE }, payload.data, payload.length);
	ct_text_deinit(&payload);
	return at;
}

static inline void raw_begin(struct raw_writer *w)
{
	struct ct_session *s = &w->session;

	memset(w, 0, sizeof *w);
	memcpy(s->magic, CT_RAW_MAGIC, sizeof s->magic);
	s->version = CT_RAW_VERSION;
	s->header_size = sizeof *s;
	s->pid = 100;
	s->ppid = 99;
	s->threads = 1;
	s->realtime = 1700000000123456789ull;
	s->begin = (struct ct_clock){ RAW_BEGIN, RAW_BEGIN };
	s->last[0] = (struct ct_clock){ RAW_BEGIN + 1000000, RAW_BEGIN + 1000000 };
	s->closed = 1;
	s->max_depth = 100;
	s->pretty_json = 1;
	snprintf(s->executable, sizeof s->executable, "/no/such/app");
	snprintf(s->directory, sizeof s->directory, "/tmp");
	snprintf(s->tool, sizeof s->tool, "0.1.0");
	/* The session's place; filled in by raw_save(), so that tests may change it. */
	raw_extent(w, (struct ct_extent){ .kind = CT_EXTENT_SESSION, .size = CT_SESSION_SIZE }, s,
	           sizeof *s);
	while (w->file.length < CT_SESSION_SIZE)
		ct_text_add_n(&w->file, "", 1);
	raw_module(w, 0, "/no/such/app", 0x10000, 0x20000, CT_MODULE_HOOKS);
}

struct raw_crash { /* of two threads: the first stands at 0x10230, the second waits in pause() */
	struct ct_crash_head head;
	struct ct_crash_thread threads[2];
	char maps[512];
	uint64_t stack[8];
};

/* A SIGSEGV on thread 0, writing to `address`; returns where its extent is. */
static inline size_t raw_crash(struct raw_writer *w, uint64_t address, uint64_t time, struct raw_crash *crash)
{
	static const char maps[] = "00010000-00020000 r-xp 00000000 08:01 17 /no/such/app\n"
	                           "00030000-00031000 ---p 00000000 00:00 0\n"
	                           "00031000-00040000 rw-p 00000000 00:00 0\n"
	                           "00050000-00060000 rw-p 00000000 00:00 0 [heap]\n"
	                           "00070000-00071000 r--p 00000000 00:00 0\n"
	                           "7f0000000000-7f0000010000 rw-p 00000000 00:00 0 [stack]\n";
	const uint32_t head = sizeof(struct ct_extent), map = head + (uint32_t) offsetof(struct raw_crash, maps);
	struct { int32_t number, error, code, pad; uint64_t address; } info = { 11, 0, 1, 0, address };
	struct ct_crash *c = &w->session.crash;
	size_t at;

	memset(crash, 0, sizeof *crash);
	crash->head = (struct ct_crash_head){ .threads = 2, .thread_room = 2, .threads_seen = 2,
		                              .maps_at = map, .maps_room = sizeof crash->maps,
		                              .maps_size = sizeof maps - 1 };
	crash->threads[0] = (struct ct_crash_thread){ .tid = 100, .state = 'R', .call = CT_CRASH_RUNNING,
		.sp = 0x7f0000000100, .pc = 0x10230, .frame = 0x7f0000000120, .name = "app" };
	crash->threads[1] = (struct ct_crash_thread){ .tid = 101, .state = 'S', .call = 34, .sp = 0x31100,
		.pc = 0x10240, .frame = 0x31180, .stack = 0x31100, .stack_size = sizeof crash->stack,
		.stack_at = map + sizeof crash->maps };
	memcpy(crash->maps, maps, sizeof maps);
	memcpy(c->info, &info, sizeof info);
	c->signal = 11;
	c->tid = 100;
	c->time = RAW_BEGIN + time;
	c->pc = 0x10230;
	c->registers[7] = 0x7f0000000100;
	c->trap = 14;
	c->trap_error = 6;
	c->state = CT_CRASH_WHOLE;
	at = raw_extent(w, (struct ct_extent){ .kind = CT_EXTENT_CRASH, .tid = 100 }, crash, sizeof *crash);
	c->extent = at;
	w->session.closed = 0;
	return at;
}

static inline uint32_t raw_row(struct raw_writer *w, unsigned thread, uint64_t callee,
                               uint64_t hook, uint64_t site, uint64_t caller)
{
	struct raw_thread *t = &w->threads[thread];

	if (t->row_count == 0)
		t->row_count = 1;
	t->rows[t->row_count] = (struct ct_call_row){ callee, hook, site, caller, 0, 0 };
	return t->row_count++;
}

static inline void raw_word(struct raw_writer *w, unsigned thread, uint64_t word)
{
	struct raw_thread *t = &w->threads[thread];

	if ((t->word_count & (t->word_count - 1)) == 0)
		t->words = ct_realloc(t->words, (t->word_count * 2 + 1) * sizeof *t->words);
	t->words[t->word_count++] = word;
}

static inline void raw_start(struct raw_writer *w, unsigned thread, uint64_t time)
{
	if (w->threads[thread].word_count == 0 && !w->threads[thread].start)
		w->threads[thread].start = RAW_BEGIN + time;
}

static inline void raw_record(struct raw_writer *w, unsigned thread, enum ct_kind kind,
                              uint32_t id, uint64_t time)
{
	raw_start(w, thread, time);
	raw_word(w, thread, ct_record(kind, id, RAW_BEGIN + time));
}

static inline void raw_enter(struct raw_writer *w, unsigned thread, uint32_t row, uint64_t time)
{
	w->threads[thread].rows[row].count++;
	raw_record(w, thread, CT_ENTER, row, time);
}

static inline void raw_exit(struct raw_writer *w, unsigned thread, uint32_t row, uint64_t time)
{
	raw_record(w, thread, CT_EXIT, row, time);
}

static inline void raw_extended(struct raw_writer *w, unsigned thread, enum ct_extended kind,
                                const void *payload, uint32_t words, uint64_t time)
{
	uint64_t head;

	if (kind == CT_VALUES && words > 0) { /* its head comes first in the payload, and is where the time would be */
		memcpy(&head, payload, 8);
		raw_word(w, thread, ct_record(CT_EXTENDED, ct_extended_id(kind, words - 1), head));
		payload = (const char *) payload + 8;
		words--;
	} else {
		raw_record(w, thread, CT_EXTENDED, ct_extended_id(kind, words), time);
	}
	for (uint32_t i = 0; i < words; i++) {
		uint64_t word;

		memcpy(&word, (const char *) payload + 8 * i, 8);
		raw_word(w, thread, word);
	}
}

static inline void raw_extended_word(struct raw_writer *w, unsigned thread, enum ct_extended kind,
                                     uint64_t word, uint64_t time)
{
	raw_extended(w, thread, kind, &word, 1, time);
}

/* Writes the thread's chunk out as `kind`, and keeps its records (`keep`) or begins the next. */
static inline size_t raw_chunk(struct raw_writer *w, unsigned thread, enum ct_extent_kind kind,
                               bool keep)
{
	struct raw_thread *t = &w->threads[thread];
	struct ct_extent head = { .kind = (uint16_t) kind, .start_time = t->start, .thread = thread,
		                  .seq = t->seq, .tid = 100 + thread };
	size_t at = raw_extent(w, head, t->words, t->word_count * sizeof *t->words);

	if (!keep) {
		t->word_count = 0;
		t->start = 0;
		t->seq++;
	}
	return at;
}

static inline void raw_tables(struct raw_writer *w)
{
	for (unsigned i = 0; i < RAW_THREADS; i++) {
		struct raw_thread *t = &w->threads[i];
		struct ct_extent head = { .kind = CT_EXTENT_CALLS, .thread = i,
			                  .count = t->row_count, .tid = 100 + i };

		if (t->row_count)
			raw_extent(w, head, t->rows, t->row_count * sizeof *t->rows);
	}
}

/* Ends the file in memory: windows, call tables, the session as it is now. */
static inline void raw_end(struct raw_writer *w)
{
	for (unsigned i = 0; i < RAW_THREADS; i++)
		if (w->threads[i].word_count)
			raw_chunk(w, i, CT_EXTENT_WINDOW, false);
	if (!w->no_rows)
		raw_tables(w);
	w->session.append = w->file.length;
	if (w->no_session)
		memset(w->file.data, 0, CT_SESSION_SIZE);
	else
		memcpy(w->file.data + sizeof(struct ct_extent), &w->session, sizeof w->session);
}

static inline void raw_save(struct raw_writer *w, const char *path)
{
	FILE *file;

	raw_end(w);
	file = fopen(path, "wb");
	if (!file || fwrite(w->file.data, 1, w->file.length, file) != w->file.length
	    || fclose(file) != 0) {
		perror(path);
		exit(2);
	}
	ct_text_deinit(&w->file);
	for (unsigned i = 0; i < RAW_THREADS; i++)
		free(w->threads[i].words);
}

#endif
