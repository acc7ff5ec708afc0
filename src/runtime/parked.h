/*
 * parked.h - calls that left the shadow stack without their exit hook and may come back: those of a coroutine, when a stack
 * that lies higher is switched to, look like calls that a jump has left.
 *
 * Which of the two it was shows later, if ever: by an exit hook in a machine frame that no open call has, or by a call from a function
 * that is none. Then what was parked is held against the stack itself, where the return address of a call that is alive
 * must be in its place. The calls were recorded when they began, and as left when they were; now the records say that they are open
 * again (CT_BACK).
 */
#ifndef CT_RUNTIME_PARKED_H
#define CT_RUNTIME_PARKED_H

#include "runtime/thread.h"

/* The frames above `keep` are about to be dropped, by a record of the time `now`. With signals blocked. */
void ct_parked_add(struct ct_thread *t, const struct ct_frame *keep, uint64_t now);

/* Another thread gets this state, with another stack. */
void ct_parked_forget(struct ct_thread *t);

/* Opens the call that ends by this exit hook, and those around it. NULL: it was never parked. */
struct ct_frame *ct_parked_exit(struct ct_thread *t, uint64_t function, uint64_t site, uint64_t cfa);

/*
 * Opens the call that makes a call from `site`, and those around it. `text`: where the function begins that the call site is in;
 * `cfa`: of the call; `caller_cfa`: of its caller, 0 where the unwind table does not tell.
 */
void ct_parked_enter(struct ct_thread *t, uint64_t text, uint64_t cfa, uint64_t caller_cfa);

#endif
