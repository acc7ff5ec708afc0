/*
 * matcher_private.h - what the files of matcher.h share.
 *
 *     matcher.c         kinds that hold others; whichever value
 *     matcher_equal.c   a value and one that is expected
 *     matcher_number.c  numbers of any type, converted and compared
 *     matcher_text.c    strings, bytes
 *     matcher_elements.c  arrays, and text by its bytes
 *     matcher_show.c    matchers as they would be written
 */
#ifndef CT_MATCH_MATCHER_PRIVATE_H
#define CT_MATCH_MATCHER_PRIVATE_H

#include "match/matcher.h"
#include "match/show.h"

/* One test, on its way down. */
struct ct_test {
	const struct ct_match_context *context;
	const struct ct_style *style;
	struct ct_text *reason; /* or NULL */
};

enum ct_answer ct_test(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d);

/* Says why and returns the answer. */
__attribute__((format(printf, 3, 4)))
enum ct_answer ct_because(const struct ct_test *t, enum ct_answer answer, const char *format, ...);
/* "expected WANTED, got VALUE". Returns NO. */
enum ct_answer ct_differs(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d);
/* What is asked for cannot be told: "not available: optimised out". */
enum ct_answer ct_unknown(const struct ct_test *t, const struct ct_datum *d);

/* A std::optional without a value: nothing but NULL, whatever its type. */
static inline bool ct_is_empty(const struct ct_datum *d)
{
	return d->is_optional && d->kind == CT_DATUM_NULL;
}

/* Whether each of the words A|B is an enumerator of the specimen's type, as far as that is known. Else it is said. */
bool ct_are_enumerators(const struct ct_test *t, const struct ct_datum *d, const char *words);

enum ct_answer ct_test_equal(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d);

/* --- numbers --- */

struct ct_number {
	bool is_float, negative;
	long double real;
	unsigned __int128 magnitude;
};

/* False: there is no number in it. */
bool ct_number_of_datum(const struct ct_datum *d, struct ct_number *out);
bool ct_number_of_operand(const struct ct_operand *o, struct ct_number *out);
/* -1, 0, 1; 2: one is not a number. */
int ct_number_compare(const struct ct_number *a, const struct ct_number *b);
/* As the type of `d` would hold it; false: it cannot. */
bool ct_number_convert(struct ct_number *n, const struct ct_datum *d);
/* EPSILON, ULP, NAN, FLAGS, MASK, RANGE, LT to GE. */
enum ct_answer ct_test_number(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d);

/* --- arrays --- */

enum ct_answer ct_test_elements(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d);

/* --- text --- */

/* Whether a list "A|B" of words has each of the other's; C++ scopes may be left out of `part`. */
bool ct_words_include(const char *whole, const char *part);
/* STRING to REGEX, BYTES. */
enum ct_answer ct_test_text(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d);

#endif
