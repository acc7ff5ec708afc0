/*
 * reader.h - bytes that may be damaged, read before libdw sees them: past the end is nothing, and `bad` says that it was tried.
 */
#ifndef CT_INDEX_READER_H
#define CT_INDEX_READER_H

#include <stdbool.h>
#include <stdint.h>

#define CT_LEB_BYTES 10 /* of a LEB128 of 64 bits */

struct ct_reader {
	const uint8_t *at, *end;
	bool bad;
};

static inline void ct_read_skip(struct ct_reader *r, uint64_t count)
{
	if (count > (uint64_t)(r->end - r->at)) {
		r->bad = true;
		r->at = r->end;
	} else {
		r->at += count;
	}
}

/* What does not fit into 64 bits is as large as can be. Of more bytes libdw reads no more than ten, and goes on in the middle: that is bad. */
static inline uint64_t ct_read_leb(struct ct_reader *r)
{
	uint64_t value = 0;
	unsigned count = 0;

	while (r->at < r->end && count < CT_LEB_BYTES) {
		uint8_t byte = *r->at++;

		if (count < CT_LEB_BYTES - 1)
			value |= (uint64_t)(byte & 0x7f) << 7 * count;
		else if (byte & 0x7f)
			value = UINT64_MAX;
		count++;
		if (!(byte & 0x80))
			return value;
	}
	r->bad = true;
	return 0;
}

#endif
