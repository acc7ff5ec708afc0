/*
 * value_strings.h - what the strings in the JSON of a value stand for. JSON has strings for text, but
 * also for names, for addresses, for characters and for numbers that it cannot write: {"kind":"RED"}.
 *
 * Mostly a look at one, and at the type that is written beside the outermost value, tells: that is what
 * ct_string_guess() does. Where it would be wrong for one of them, the value has `strings` beside
 * it: a letter for each, in their order; those in `address` and `bytes` and the names of members do not count.
 * So writer and readers agree by construction: the writer asks the same function. (In the outermost value a
 * word and a number are not told apart: both are shown as they stand.)
 */
#ifndef CT_TRACE_VALUE_STRINGS_H
#define CT_TRACE_VALUE_STRINGS_H

#include "trace/pull.h"

#define CT_STRING_TEXT 't'      /* what was text in the program */
#define CT_STRING_WORD 'w'      /* the name of an enumerator or a function, 5ms */
#define CT_STRING_CHARACTER 'c' /* one, of any width */
#define CT_STRING_NUMBER 'n'    /* beyond 2^53, nan */
#define CT_STRING_ADDRESS 'a'

/*
 * `text` is as it stands in the JSON. `type`: of the outermost value, and it is `text` itself; its data is NULL
 * for a string within another value.
 */
char ct_string_guess(struct ct_span type, bool has_address, struct ct_span text);

/* Whether it would be wrong for a string that is one of these. */
bool ct_string_misleads(struct ct_span type, bool has_address, struct ct_span text, char letter);

/*
 * The name of a structure's member from its key. Where all members' names are those of remarks on a value ({"value":1,"truncated":true}),
 * each has a dot before it.
 */
static inline struct ct_span ct_value_member(struct ct_span key)
{
	bool dot = key.length > 1 && key.data[0] == '.';

	return (struct ct_span){ key.data + dot, key.length - dot };
}

/* Letters, taken one by one; where there are none, guesses. */
struct ct_strings {
	struct ct_span letters;
	size_t at;
};
char ct_strings_next(struct ct_strings *s, struct ct_span type, bool has_address, struct ct_span text);

#endif
