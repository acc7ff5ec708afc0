/*
 * live_calls.h - the calls of this very process, for matching: from the trace that it is recording
 * (trace/live.h) and the indexes of its binaries. Not thread-safe.
 */
#ifndef CT_MATCH_LIVE_CALLS_H
#define CT_MATCH_LIVE_CALLS_H

#include <sys/types.h>

#include <calltrace/error.h>

#include "format/index.h"
#include "match/calls.h"

struct ct_live_calls;

struct ct_live_calls_options {
	/*
	 * Opens the index of a binary of this process; false: there is none (and none can be made
	 * if `needed`, which calls were seen in).
	 */
	bool (*open_index)(const char *path, const uint8_t *build_id, size_t build_id_size, bool needed,
	                   struct ct_index *out);
};

bool ct_live_calls_open(const char *path, const struct ct_live_calls_options *options,
                        struct ct_live_calls **out, struct ct_error *err);
void ct_live_calls_close(struct ct_live_calls *lc);

/* Takes in what was recorded until now. */
bool ct_live_calls_refresh(struct ct_live_calls *lc, struct ct_error *err);
struct ct_calls *ct_live_calls_get(struct ct_live_calls *lc);

/* The iteration of a theory that the test's thread is in; 0: none. */
uint32_t ct_live_calls_iteration(const struct ct_live_calls *lc);
/* The row of a thread of this process by its id, or UINT32_MAX. */
uint32_t ct_live_calls_thread(const struct ct_live_calls *lc, pid_t tid);

/*
 * Calls that a thread makes from `begin` to `end` (ticks) are the matching's own: a predicate's, an
 * allocator's. They are kept out of every window. To be told before they are read.
 */
void ct_live_calls_hide(struct ct_live_calls *lc, pid_t tid, uint64_t begin, uint64_t end);

#endif
