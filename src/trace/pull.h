/*
 * pull.h - JSON, read piece by piece from memory. Nothing is kept, nothing is nested on the
 * stack: what is not asked for is skipped.
 *
 *     ct_pull_open(p, '{');
 *     while (ct_pull_key(p, &key))
 *             if (ct_span_is(key, "calls"))
 *                     n = ct_pull_number(p);
 *             else
 *                     ct_pull_skip(p);
 *
 * The first thing that is wrong ends it: `failed` is set, `what` and `at` say what and where,
 * every loop ends, every value is 0. Values of another type than asked for are skipped
 * as NULL, 0 or false: what a later version writes is none of our business.
 */
#ifndef CT_TRACE_PULL_H
#define CT_TRACE_PULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

struct ct_span {
	const char *data;
	size_t length;
};

struct ct_pull {
	const char *data;
	size_t size, at;
	bool first; /* nothing was read yet in the innermost array or object */
	bool failed;
	const char *what;
	struct ct_text key; /* of a key with escapes */
};

void ct_pull_deinit(struct ct_pull *p);

/* Goes into an array or object; false: it is something else, which is skipped. */
bool ct_pull_open(struct ct_pull *p, char bracket);
/* Whether a further element or member follows; else the array or object is left. */
bool ct_pull_element(struct ct_pull *p);
bool ct_pull_key(struct ct_pull *p, struct ct_span *key); /* valid until the next one */

/* Values. */
char ct_pull_peek(struct ct_pull *p); /* first byte of the next value, 0 at the end */
uint64_t ct_pull_number(struct ct_pull *p); /* 0 to 2^64 - 1 exactly; others are cut to that */
bool ct_pull_bool(struct ct_pull *p);
const char *ct_pull_string(struct ct_pull *p, struct ct_arena *arena); /* or NULL */
/* The same with its length: there may be NULs in it. */
const char *ct_pull_string_n(struct ct_pull *p, struct ct_arena *arena, size_t *length);
/* As it stands in the file, escapes and all; for short words and look-ups. */
struct ct_span ct_pull_raw_string(struct ct_pull *p);
void ct_pull_skip(struct ct_pull *p);

void ct_pull_fail(struct ct_pull *p, const char *what);

/* "0x7f..." */
static inline uint64_t ct_span_address(struct ct_span raw)
{
	uint64_t value = 0;

	for (size_t i = 2; i < raw.length && i < 18; i++) {
		char c = raw.data[i];

		value = value << 4 | (uint64_t) (c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
	}
	return value;
}

static inline bool ct_span_is(struct ct_span span, const char *word)
{
	size_t n = strlen(word); /* a constant wherever this is used */

	return span.length == n && memcmp(span.data, word, n) == 0;
}

#endif
