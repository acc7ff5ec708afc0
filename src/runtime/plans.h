/*
 * plans.h - the indexes of the traced binaries, mapped into the process, and from them what is
 * to be captured of the calls of each hook.
 *
 * An index is found in the cache by the binary's build-id. If it is not there, `calltrace index` is run
 * to make it: before main() for what is loaded then, with the first call in a library
 * that is loaded later. What was mapped stays so, in a forked child as well.
 *
 * A library that is unloaded takes its plans with it; what is loaded in its place has its own.
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
 * An operation that copies at most 8 bytes to a multiple of 8, which nearly all do: the word at the
 * number in word `base` of the registers, plus `offset`; the bytes that do not belong to it masked away.
 * (It lies in a register, or on the stack: the bytes behind it can be read.) A register's own
 * bytes are found through the address of all registers.
 */
struct ct_move {
	uint64_t mask;
	int32_t offset;
	uint16_t base;
	uint16_t to; /* word of the fixed part */
};

/*
 * A word that the caller's call site tells: a number, plus the word at `offset` from the one in word
 * `base` of the registers, if `base` is not CT_NO_BASE.
 */
struct ct_passed {
	uint64_t mask;
	int64_t number;
	int32_t offset;
	uint16_t base;
	uint16_t to; /* word of the fixed part */
	uint16_t argument;
};
#define CT_NO_BASE UINT16_MAX

/*
 * What is captured of the calls of one enter hook: its plan, within the limits and as the user
 * wants it. Made once, never freed; `marks` alone may change later (calltrace_redact()
 * and its like).
 */
#define CT_QUICK_VECTORS 8u /* xmm0 to xmm7, in which arguments are passed */

struct ct_capture {
	const struct ct_plan *plan;
	const struct ct_plan_op *ops, *return_ops; /* of the plan */
	uint64_t bias;
	const struct ct_move *moves;
	uint32_t move_count;
	uint32_t other_count;      /* operations that copy and are no moves ... */
	const uint16_t *others;    /* ... by number */
	uint64_t site;             /* the call site that `passed` is about; 0: of any other */
	const struct ct_passed *passed;
	const uint16_t *unknown;   /* arguments that it does not tell */
	uint32_t passed_count, unknown_count;
	uint32_t sibling;          /* number of another one of the same plan, for another call site; 0: none */
	uint32_t copies;           /* how many of `ops` copy; those that follow pointers come behind */
	uint32_t followers, return_followers;
	uint32_t wanted, return_wanted; /* which of them, by bit: not those too deep */
	uint32_t room, exit_room;  /* words that a record takes at most, its own two included */
	bool simple;               /* nothing but moves: the record is as long as the fixed part says ... */
	uint64_t pending, announced; /* ... and these are its second word, without the time, and as it stays */
	bool simple_exit;          /* nothing but one register ... */
	uint8_t returned;          /* ... at this offset in struct ct_returned */
	uint8_t vectors;           /* of xmm0 and on, how many the operations read */
	uint32_t saved;            /* bytes that are kept for the exit; 0: none */
	bool returns;              /* a value that can be had from registers */
	bool x87;                  /* some of it there */
	_Atomic uint8_t marked;    /* some of `marks` is not CT_KEPT */
	_Atomic uint8_t off;       /* nothing of it is wanted */
	_Atomic uint8_t quick;     /* `simple`, of few vector registers, and all of it wanted */
	_Atomic uint8_t quick_exit; /* `simple_exit`, and it is wanted */
	uint8_t return_parts;
	const char *function;
	const struct ct_plan_arg *args;
	const char *strings;
	_Atomic uint8_t *marks; /* enum ct_mark, of each argument, then of the returned value */
	struct ct_capture *next;
};

/* Runs the moves, on the words of struct ct_registers. */
static inline void ct_moves_run(const struct ct_capture *c, const uint64_t *registers, uint64_t *to)
{
	const struct ct_move *m = c->moves, *end = m + c->move_count;

	for (; m < end; m++) {
		uint64_t word, base = registers[m->base];

		__builtin_memcpy(&word, (const char *) base + m->offset, sizeof word);
		to[m->to] = word & m->mask;
	}
}

/* Whether the indexes are needed: for values, or to tell which calls are excluded. */
bool ct_plans_wanted(void);
/* Whether calls in that enter hook are counted and not recorded (choice.h). With signals blocked. */
bool ct_plans_exclude(uint64_t hook);

/* Numbers from 1; 0: nothing is captured. */
extern struct ct_capture **ct_captures;

/* What the slot of a call in that hook from that site refers to. With signals blocked. */
uint32_t ct_capture_find(uint64_t hook, uint64_t site);
/* The user's choice has changed. */
void ct_captures_choose(void);
/* Of the exit hook that returns to `hook`. */
void ct_exit_look(struct ct_thread *t, uint64_t function, uint64_t hook, struct ct_exit_fact *fact);
static inline struct ct_exit_fact *ct_exit_slot(struct ct_thread *t, uint64_t hook)
{
	return &t->exits[(hook ^ hook >> 7) % CT_FACTS];
}
static inline struct ct_exit_fact ct_exit_fact_of(struct ct_thread *t, uint64_t function, uint64_t hook)
{
	const struct ct_exit_fact *slot = ct_exit_slot(t, hook);
	struct ct_exit_fact fact = *slot;

	/* The key is read first and last: a handler in between may put another's in there, or this one in another's place. */
	__asm__ volatile("" ::: "memory");
	if (ct_unlikely(fact.hook != hook) || ct_unlikely(slot->hook != hook))
		ct_exit_look(t, function, hook, &fact);
	return fact;
}

/*
 * A module has been met, of which calls with values are wanted: maps its index. `stays`: it is the
 * program itself, which is never unloaded. Returns ct_module.plans_hash.
 */
uint64_t ct_plans_open(uint64_t low, uint64_t high, bool stays, const struct ct_module *module);
/* For all binaries that are loaded now, so that no call has to wait. Not async-signal-safe. */
void ct_plans_prepare(void);

/* What lay there has been unloaded. */
void ct_plans_unloaded(uint64_t low, uint64_t high);

/* The segment of a loaded binary that `address` lies in. `*stays`: it will never be unloaded. */
bool ct_plans_segment(uint64_t address, uint64_t *low, uint64_t *high, bool *stays);

#endif
