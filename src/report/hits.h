/*
 * hits.h - which traces reached a thing, and how often each: a list of (trace, calls)
 * in two or three bytes an entry, so that a thousand tests times ten thousand
 * functions stay in memory. Traces are added in ascending order only.
 */
#ifndef CT_REPORT_HITS_H
#define CT_REPORT_HITS_H

#include <stdbool.h>
#include <stdint.h>

struct ct_hits {
	uint8_t *data; /* entries: step from the trace before, then calls; both LEB128 */
	uint32_t length, capacity;
	uint32_t tail;   /* where the last entry's calls begin: they may still grow */
	uint32_t next;   /* the lowest trace that would be a new entry */
	uint32_t traces; /* entries */
	uint64_t last;   /* calls of the last entry */
	uint64_t calls;  /* of all entries; stays at UINT64_MAX rather than wrap */
};

/* Adds `calls` of `trace`, which is the last one added or a higher one. 0 calls add nothing. */
void ct_hits_add(struct ct_hits *hits, uint32_t trace, uint64_t calls);
void ct_hits_deinit(struct ct_hits *hits);

/* A walk: `struct ct_hits_at at = {0}; while (ct_hits_next(hits, &at)) ...` */
struct ct_hits_at {
	uint32_t offset, next; /* private */
	uint32_t trace;
	uint64_t calls;
};
bool ct_hits_next(const struct ct_hits *hits, struct ct_hits_at *at);

#endif
