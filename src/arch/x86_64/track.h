/*
 * track.h - where the values that a function was entered with are when it calls its enter hook.
 *
 * Follows the text from the function's first instruction to the call, keeping for every
 * register and every piece of the frame what is known to be in it: (part of) a register as
 * it was at entry, or an address in the frame. Whatever is not understood makes what it
 * writes unknown. Branches forward are followed, both ways; what two ways disagree about is
 * unknown. A loop, or a way past the call that does not make it, and nothing is known.
 *
 * Registers have DWARF's numbers: 0-15 general, 17-32 xmm.
 */
#ifndef CT_ARCH_X86_64_TRACK_H
#define CT_ARCH_X86_64_TRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CT_TRACK_REGS = 33, CT_TRACK_SLOTS = 96, CT_TRACK_ALIGNED_SLOTS = 32 };

#define CT_TRACK_SOMEWHERE INT32_MIN /* of CT_KNOWN_OWN: it is not known how far from there */

enum ct_known {
	CT_KNOWN_NOTHING = 0,
	CT_KNOWN_ENTRY,  /* the low `bytes` bytes of register `reg` as it was at entry */
	CT_KNOWN_FRAME,  /* the canonical frame address plus `offset` */
	CT_KNOWN_OWN,    /* an address in the own frame: what the stack pointer was aligned to plus `offset`, or CT_TRACK_SOMEWHERE */
	CT_KNOWN_STACK,  /* what was at the canonical frame address plus `offset` at entry, `bytes` of it */
	CT_KNOWN_NUMBER, /* `offset`, its sign extended (behind an exit hook only) */
};

struct ct_tracked {
	uint8_t known; /* enum ct_known */
	uint8_t reg;
	uint8_t bytes;
	int32_t offset;
};

/* A piece of the function's own frame that was written. */
struct ct_tracked_slot {
	int32_t at; /* from the canonical frame address, or from the aligned stack pointer: negative */
	uint32_t size;
	struct ct_tracked value;
};

struct ct_track {
	bool valid; /* else nothing is known */
	bool outside; /* something was written that may be in the caller's frame: parameters are there */
	bool wild;  /* something was written that may be anywhere in the frame */
	bool leaving; /* behind an exit hook: see ct_track_exit() */
	bool aligned; /* the stack pointer was, when it was the canonical frame address plus `aligned_at` */
	int32_t aligned_at;
	uint8_t slot_count, aligned_count;
	struct ct_tracked regs[CT_TRACK_REGS];
	struct ct_tracked_slot slots[CT_TRACK_SLOTS];
	struct ct_tracked_slot aligned_slots[CT_TRACK_ALIGNED_SLOTS]; /* by what it was aligned to */
};

/*
 * `bytes` are the function's, from its first instruction (at `address`) to the end of its
 * text at least up to the call; `call` is the address of the call instruction.
 */
void ct_track_entry(const uint8_t *bytes, size_t size, uint64_t address, uint64_t call,
                    struct ct_track *out);

/*
 * The other end: from an exit hook to `ret`, one instruction at a time. "At entry" is then "when the
 * hook was called": the registers that calls keep, rsp and rbp as `stack` has them, and all of the
 * frame's memory. False: the instruction is none, or writes to memory; calls and jumps are the caller's.
 */
struct ct_stack;
void ct_track_exit(const struct ct_stack *stack, struct ct_track *out);
bool ct_track_exit_step(struct ct_track *track, const uint8_t *bytes, size_t size);

/* Whether all bytes of a piece of the own frame have been written, or may have been. */
bool ct_track_written(const struct ct_track *track, int32_t at, uint32_t size);
/* Whether they have been, for sure. */
bool ct_track_stored(const struct ct_track *track, int32_t at, uint32_t size);

#endif
