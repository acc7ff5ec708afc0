/*
 * live.h - the raw trace of this very process, read while it is written: for assertions. The
 * events are those of stream.h; what was read once is not read again.
 *
 *     ct_live_refresh(live, &err);
 *     for (uint32_t i = 0; i < ct_live_threads(live); i++)
 *             while ((event = ct_live_next(live, i)) != CT_EVENT_END)
 *                     ... ct_live_stream(live, i) ...
 *     ct_live_rest(live);
 *
 * What one round gives is a consistent prefix: all that was recorded before ct_live_refresh()
 * was called, in all threads, and of other threads nothing that was recorded after. No thread is
 * stopped or slowed down for that. A chunk may be filled, written out and cleared while it is copied; its
 * header and the rules of format/raw.h tell, and then the copy is made again from the file.
 *
 * A record that its writer is still filling in ends the prefix of its thread, even if others are
 * behind it: it will be there next time.
 *
 * The file is open only within a round. Not thread-safe. Memory: copies of the chunks
 * that have values, and a chunk for each thread.
 */
#ifndef CT_TRACE_LIVE_H
#define CT_TRACE_LIVE_H

#include "trace/stream.h"

struct ct_live;

/*
 * Says what a row of the call table means, once, before the first event with it: sets `function`
 * (anything but CT_NO_ROW) and `plain`, or `hidden`.
 */
struct ct_live_resolver {
	void (*row)(void *user, uint32_t thread, struct ct_row *row);
	/* A binary; its number is `row`. Sets `index`. Again when calls are seen in it (CT_MODULE_HOOKS). */
	void (*module)(void *user, struct ct_raw_module *module);
	void *user;
};

bool ct_live_open(const char *path, const struct ct_live_resolver *resolver, struct ct_live **out,
                  struct ct_error *err);
void ct_live_close(struct ct_live *live);

/* Begins and ends a round. */
bool ct_live_refresh(struct ct_live *live, struct ct_error *err);
void ct_live_rest(struct ct_live *live);

/* Threads are numbered in the order in which they began; none vanishes. */
uint32_t ct_live_threads(const struct ct_live *live);
uint32_t ct_live_tid(const struct ct_live *live, uint32_t thread);
const char *ct_live_thread_name(const struct ct_live *live, uint32_t thread); /* or NULL */

/* The next event of a thread; END: there are no more in this round. Marks are not told. */
enum ct_event ct_live_next(struct ct_live *live, uint32_t thread);
/* For ct_run_begin(), too: what is plain may be taken from it directly. */
struct ct_stream *ct_live_stream(const struct ct_live *live, uint32_t thread);

/* With modules, rows and session; for value.h. */
const struct ct_trace *ct_live_trace(const struct ct_live *live);
/* Makes a module known that no call was seen in yet. */
void ct_live_add_module(struct ct_live *live, const struct ct_raw_module *module);

/* Records that are missing: words and calls that the recorder knows it lost, chunks that are gone. */
uint64_t ct_live_lost(const struct ct_live *live);

#endif
