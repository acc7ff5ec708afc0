/*
 * words.h - what the header's words make: patterns, matchers, counts, as the engine has them
 * (src/match), in memory of the thread that says them.
 *
 * A word that is said within an assertion (calltrace_begin() comes first in its macro) is forgotten
 * when that is done, so that a million assertions take no more room than one; others stay until the test
 * ends, because the test may have kept them.
 */
#ifndef CT_CRITERION_WORDS_H
#define CT_CRITERION_WORDS_H

#include <stdarg.h>

#include <criterion/calltrace.h>

#include "match/pattern.h"

enum word_kind {
	WORD_PATTERN,
	WORD_TIMES,     /* element of a list, as all that follow but the last two */
	WORD_UNORDERED,
	WORD_GAP,
	WORD_NEVER,
	WORD_REASON,
	WORD_WRONG,     /* `text` says what is wrong with it */
};

struct calltrace_pattern {
	struct ct_pattern pattern;
	enum word_kind kind;
	uint32_t least, most;
	struct ct_element *items;
	size_t count;
	const char *text;
	const struct ct_pattern *plain; /* the pattern without arguments, for ct_assert_always() and its like */
};

struct calltrace_matcher {
	struct ct_matcher m;
	const char *reason; /* cr_because(): it is none */
};

struct calltrace_times {
	uint32_t least, most;
	bool exactly;
	bool wrong; /* negative, or nothing in between */
};

struct calltrace_reason {
	const char *text;
};

/* Room that lasts as said above. Never NULL. */
void *word_room(size_t size);
char *word_text(const char *text, size_t length);
char *word_printf(const char *format, va_list args);
/* An assertion is done with: what was said since its calltrace_begin() is forgotten. */
void word_forget(void);

/* The words up to NULL; a reason among them goes to `*reason`. Returns how many there are. */
size_t word_matchers(cr_value_matcher first, va_list rest, const struct ct_matcher **out, const char **reason);

/* The pattern with arguments; a new one. */
cr_call_pattern word_call(cr_call_pattern pattern, cr_value_matcher first, va_list rest);
/* As an element of a list; false: it is none, and `*wrong` says why. */
bool word_element(cr_call_pattern word, struct ct_element *out, const char **wrong);

#endif
