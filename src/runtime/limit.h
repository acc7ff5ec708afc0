/*
 * limit.h - how much of the disk a recording may take, and which chunks go when that is reached.
 *
 * The budget is counted in bytes of chunks: a piece of the file that was taken stays taken. When
 * there is no more, and the newest calls are to be kept, the places of full chunks are used again, the oldest
 * first (the ring). A place is claimed before it is written: a thread that is slow at it, because
 * another one runs, must not write over what came later.
 *
 * Half of the budget at most goes to windows, or one of them, so that there is a ring. A thread that gets none
 * has its calls counted and not recorded.
 */
#ifndef CT_RUNTIME_LIMIT_H
#define CT_RUNTIME_LIMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_ring {
	uint64_t max_size; /* 0: no limit */
	bool newest;       /* else the oldest calls are kept */
	uint32_t chunk;    /* bytes of one, a multiple of a page */
	_Atomic uint64_t windows;  /* bytes that are mapped, for good */
	_Atomic uint64_t *places;  /* in the file; the lowest bit: claimed; 0: not known yet */
	uint64_t room;             /* for so many of them */
	_Atomic uint64_t count, next;
};

#define CT_NO_PLACE UINT64_MAX

void ct_limit_begin(void);
/* Takes from the budget. False: there is not that much. */
bool ct_limit_take(uint64_t size);
void ct_limit_give_back(uint64_t size);
/* Whether so much may be mapped besides what is. Counts it if so. */
bool ct_limit_take_window(uint64_t size);

/* A chunk that was written lies at `offset`: its place may be used again. */
void ct_ring_add(uint64_t offset);
/* Claims the place of the oldest chunk; its number, or CT_NO_PLACE. */
uint64_t ct_ring_claim(void);
uint64_t ct_ring_offset(uint64_t place);
void ct_ring_release(uint64_t place);

#endif
