#include "report/hits.h"

#include <assert.h>
#include <stdlib.h>

#include "base/text.h"

#define MAX_LEB 10

static uint64_t add_up(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static void put(struct ct_hits *hits, uint64_t value)
{
	if (hits->capacity - hits->length < MAX_LEB) {
		hits->capacity = hits->capacity ? hits->capacity * 2 : 24;
		hits->data = ct_realloc(hits->data, hits->capacity);
	}
	for (; value >= 0x80; value >>= 7)
		hits->data[hits->length++] = (uint8_t) (value | 0x80);
	hits->data[hits->length++] = (uint8_t) value;
}

static uint64_t get(const struct ct_hits *hits, uint32_t *offset)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = hits->data[(*offset)++];
		value |= (uint64_t) (byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return value;
}

void ct_hits_add(struct ct_hits *hits, uint32_t trace, uint64_t calls)
{
	if (calls == 0)
		return;
	assert(trace + 1 >= hits->next);
	if (trace + 1 == hits->next) {
		hits->length = hits->tail;
	} else {
		put(hits, trace - hits->next);
		hits->tail = hits->length;
		hits->next = trace + 1;
		hits->last = 0;
		hits->traces++;
	}
	hits->last = add_up(hits->last, calls);
	hits->calls = add_up(hits->calls, calls);
	put(hits, hits->last);
}

void ct_hits_deinit(struct ct_hits *hits)
{
	free(hits->data);
	*hits = (struct ct_hits){0};
}

bool ct_hits_next(const struct ct_hits *hits, struct ct_hits_at *at)
{
	if (at->offset >= hits->length)
		return false;
	at->trace = at->next + (uint32_t) get(hits, &at->offset);
	at->calls = get(hits, &at->offset);
	at->next = at->trace + 1;
	return true;
}
