/*
 * plans.h - the indexes of the traced binaries, mapped into the process, and from them what is
 * to be captured of the calls of each hook.
 *
 * An index is found in the cache by the binary's build-id. If it is not there, `calltrace index` is run
 * to make it: before main() for what is loaded then, with the first call in a library
 * that is loaded later. What was mapped stays so, in a forked child as well; a library that is unloaded
 * and loaded again finds it.
 */
#ifndef CT_RUNTIME_PLANS_H
#define CT_RUNTIME_PLANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/index.h"
#include "runtime/thread.h"

#define CT_FOLLOWERS CT_PLAN_FOLLOW_MAX

/*
 * What is captured of the calls of one enter hook: its plan, within the limits and as the user
 * wants it. Made once, never freed; `marks` alone may change later (calltrace_redact()
 * and its like).
 */
struct ct_capture {
	const struct ct_plan *plan;
	const struct ct_plan_op *ops, *return_ops; /* of the plan */
	uint64_t bias;
	uint32_t copies;           /* how many of `ops` copy; those that follow pointers come behind */
	uint32_t followers, return_followers;
	uint32_t wanted, return_wanted; /* which of them, by bit: not those too deep */
	uint32_t room, exit_room;  /* words that a record takes at most, its own two included */
	uint32_t saved;            /* bytes that are kept for the exit; 0: none */
	bool returns;              /* a value that can be had from registers */
	bool x87;                  /* some of it there */
	_Atomic uint8_t marked;    /* some of `marks` is not CT_KEPT */
	_Atomic uint8_t off;       /* nothing of it is wanted */
	uint8_t return_parts;
	const char *function;
	const struct ct_plan_arg *args;
	const char *strings;
	_Atomic uint8_t *marks; /* enum ct_mark, of each argument, then of the returned value */
	struct ct_capture *next;
};

/* Numbers from 1; 0: nothing is captured. */
extern struct ct_capture **ct_captures;

/* What the slot of a call in that hook refers to. With signals blocked. */
uint32_t ct_capture_find(uint64_t hook);
/* The user's choice has changed. */
void ct_captures_choose(void);
/* Of the exit hook that returns to `hook`: enum ct_exit_class. */
uint8_t ct_exit_class_of(struct ct_thread *t, uint64_t hook);

/* A module has been met: maps its index if values are wanted. Returns ct_module.plans_hash. */
uint64_t ct_plans_open(uint64_t low, uint64_t high, uint64_t bias, const char *path,
                       const uint8_t *build_id, size_t build_id_size);
/* For all binaries that are loaded now, so that no call has to wait. Not async-signal-safe. */
void ct_plans_prepare(void);

/* How many bytes from `address` on lie in one segment of a loaded binary; 0: none. */
size_t ct_plans_segment(uint64_t address);

#endif
