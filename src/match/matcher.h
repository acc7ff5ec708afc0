/*
 * matcher.h - what a value has to be. Matchers are plain data: build them in static memory, on the
 * stack, as compound literals or in an arena. Nothing is owned by them; everything they point to
 * must live as long as they are used.
 *
 * The answer has three values. A value that was not recorded, or not all of it, is neither right nor
 * wrong: the match is inconclusive, and whoever asked fails with the reason. A fourth, `never`, is an
 * error of the one who asks: nothing of that type could match (300 for a uint8_t, a string for an int).
 *
 * What is expected is converted as if it were passed to the parameter: 0.1 matches a float that was
 * given 0.1f; -1 is 4294967295 in a uint32_t; 0xffffffff is -1 in an int32_t. Numbers that the type
 * cannot have in either way match never.
 */
#ifndef CT_MATCH_MATCHER_H
#define CT_MATCH_MATCHER_H

#include "match/calls.h"
#include "match/datum.h"

enum ct_operand_kind {
	CT_OPERAND_NONE,
	CT_OPERAND_INTEGER, /* `integer`; with is_unsigned beyond 2^127 too */
	CT_OPERAND_FLOAT,   /* `real` */
	CT_OPERAND_STRING,  /* `text`, `length` bytes */
	CT_OPERAND_ADDRESS, /* `address`; 0 is the null pointer */
	CT_OPERAND_WORD,    /* `text`: an enumerator (A, or A|B), true, false */
	CT_OPERAND_FUNCTION, /* `text`: a function's name; or `address` */
	CT_OPERAND_CHAR,    /* `integer`: a character */
};

struct ct_operand {
	enum ct_operand_kind kind;
	bool is_unsigned;
	__int128 integer;
	long double real;
	const char *text;
	size_t length;
	uint64_t address;
	const char *shown; /* in messages, instead of that; or NULL */
};

enum ct_matcher_kind {
	CT_MATCH_ANY,
	CT_MATCH_REST,     /* as the last argument: whatever others there are */
	CT_MATCH_NAMED,    /* argument or member `text` matches items[0] */
	CT_MATCH_EQ, CT_MATCH_NE, CT_MATCH_LT, CT_MATCH_LE, CT_MATCH_GT, CT_MATCH_GE, /* a */
	CT_MATCH_RANGE,    /* from a to b, both included */
	CT_MATCH_IN,       /* one of the `count` items matches: sets, too */
	CT_MATCH_FLAGS,    /* all bits of a are set */
	CT_MATCH_MASK,     /* value & a == b */
	CT_MATCH_EPSILON,  /* |value - a| <= b */
	CT_MATCH_ULP,      /* not more than b.integer representable numbers of the type from a */
	CT_MATCH_NAN,
	CT_MATCH_STRING,   /* content is a.text, a.length bytes, whatever kind of pointer to char it is */
	CT_MATCH_PREFIX, CT_MATCH_SUFFIX, CT_MATCH_CONTAINS, /* a.text */
	CT_MATCH_GLOB, CT_MATCH_REGEX, /* a.text; the latter POSIX extended, found anywhere */
	CT_MATCH_ADDRESS,  /* the pointer itself is a.address */
	CT_MATCH_NULL, CT_MATCH_NOT_NULL,
	CT_MATCH_FUNCTION, /* a pointer to this function: a.text or a.address */
	CT_MATCH_SAME_AS,  /* as the argument `text` of the same call */
	CT_MATCH_DEREF,    /* what it points to matches items[0] */
	CT_MATCH_BYTES,    /* what is (pointed to) there begins with these a.length bytes */
	CT_MATCH_ELEMENTS, /* an array: each item its element, CT_MATCH_REST last for more */
	CT_MATCH_FIELDS,   /* a structure: items are NAMED */
	CT_MATCH_ALL, CT_MATCH_NOT, /* of items; ANY of items is IN */
	CT_MATCH_PREDICATE, /* `predicate` says yes */
	CT_MATCH_CAPTURE,  /* `predicate` is called with the value once the whole call matches */
	CT_MATCH_VARIABLE, /* `text`: bound by the first match, equal later; see verdict.h */
	CT_MATCH_AFTER,    /* what the argument points to when the call ends matches items[0] */
};

struct ct_matcher {
	enum ct_matcher_kind kind;
	struct ct_operand a, b;
	const char *text;
	const struct ct_matcher *items;
	size_t count;
	bool (*predicate)(const struct ct_datum *datum, void *user);
	void *user;
	const char *source; /* as it was written, for messages; NULL: written from the above */
};

enum ct_answer { CT_ANSWER_NO, CT_ANSWER_YES, CT_ANSWER_INCONCLUSIVE, CT_ANSWER_NEVER };

/* What variables are bound to. Values are compared as ct_datum_equal() does. */
struct ct_binding {
	const char *name;
	const struct ct_datum *value;
};
struct ct_bindings {
	const struct ct_binding *items;
	size_t count;
};

/* What a match binds in addition: the values live as long as what was tested. */
enum { CT_FRESH_MOST = 8 };
struct ct_fresh {
	struct ct_binding items[CT_FRESH_MOST];
	size_t count;
};

/* Around a match. */
struct ct_match_context {
	const struct ct_calls *calls;     /* for functions; may be NULL */
	const struct ct_datum *arguments; /* of the same call, or NULL */
	const struct ct_datum *after;     /* likewise, or NULL */
	const struct ct_bindings *bound;  /* or NULL: an unbound variable matches anything */
	struct ct_fresh *fresh;           /* those that are not bound go here; or NULL */
};

/*
 * `reason` (which may be NULL) gets, unless the answer is yes, what is to be said of it:
 * "expected SYN|NODELAY (0x12), got SYN (0x2)", "its value is not available: optimised out".
 */
enum ct_answer ct_matcher_test(const struct ct_matcher *m, const struct ct_datum *datum,
                               const struct ct_match_context *context, const struct ct_style *style,
                               struct ct_text *reason);

/* As the user would write it: "> 0", "SYN|NODELAY", "_". */
void ct_matcher_show(const struct ct_matcher *m, const struct ct_style *style, struct ct_text *out);

/* Whether it is a regular expression at all. */
bool ct_regex_valid(const char *pattern);

/* Equal as values: numbers, content of strings, addresses where there is nothing else. */
bool ct_datum_equal(const struct ct_datum *a, const struct ct_datum *b);

/* The variables that a matcher names, one after the other. */
void ct_matcher_variables(const struct ct_matcher *m, void (*found)(const char *name, void *user), void *user);

#endif
