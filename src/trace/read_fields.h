/*
 * read_fields.h - values of a JSON trace as read.c and read_crash.c want them. As everywhere in
 * pull.h, what is of another type is skipped, as NULL or 0.
 */
#ifndef CT_TRACE_READ_FIELDS_H
#define CT_TRACE_READ_FIELDS_H

#include <stdlib.h>

#include "trace/read.h"

static inline const char *ct_json_text(struct ct_trace *trace)
{
	return ct_pull_string(&trace->json->pull, &trace->arena);
}

static inline uint32_t ct_json_number32(struct ct_pull *p)
{
	uint64_t value = ct_pull_number(p);

	return value < UINT32_MAX ? (uint32_t) value : UINT32_MAX;
}

/* "0x..." */
static inline uint64_t ct_json_address(struct ct_pull *p)
{
	struct ct_span raw = ct_pull_raw_string(p);
	char copy[32];

	if (raw.length >= sizeof copy)
		return 0;
	memcpy(copy, raw.data, raw.length);
	copy[raw.length] = '\0';
	return strtoull(copy, NULL, 16);
}

/* Room for one more item behind `count`, in the trace's arena: arrays end up twice there at worst. */
static inline void *ct_json_grow(struct ct_trace *trace, void *items, size_t count, size_t size)
{
	void *more;

	if (count & (count - 1) || count == 1)
		return items;
	more = ct_arena_alloc(&trace->arena, (count ? count * 2 : 2) * size);
	if (count)
		memcpy(more, items, count * size);
	return more;
}

#endif
