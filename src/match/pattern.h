/*
 * pattern.h - which calls are meant: a function, and what else must be true of the call. Plain data,
 * as matchers are.
 *
 * Names: "f"; "parser.c:helper" (the end of a path, for one of several static functions); "ns::f"
 * (all overloads), "ns::f(int)" (one); with `*` or `?` a glob over all of these. A name must mean
 * something: see names.h.
 */
#ifndef CT_MATCH_PATTERN_H
#define CT_MATCH_PATTERN_H

#include "match/matcher.h"

enum ct_thread_choice { CT_THREAD_ANY, CT_THREAD_TEST, CT_THREAD_OTHER, CT_THREAD_NUMBER };

struct ct_pattern {
	const char *name;   /* NULL: by `address`, which is a pointer to the function in this process */
	uint64_t address;
	const char *source; /* as it was written ("&f", "f"), for messages; NULL: `name` */

	bool has_arguments; /* false: any */
	const struct ct_matcher *arguments; /* in order; NAMED ones in any; REST last or not at all */
	size_t argument_count;
	const struct ct_matcher *returned;  /* or NULL; only calls that have returned match then */

	const struct ct_pattern *from;   /* its caller matches, or NULL */
	const struct ct_pattern *within; /* a call that is open around it matches, or NULL */
	enum ct_thread_choice thread;
	uint32_t thread_number;          /* row of threads, for CT_THREAD_NUMBER */
	uint32_t phases;                 /* bits 1 << enum ct_phase; 0: those of the window */
	uint64_t since;                  /* not entered before; 0: as the window has it */
	int nth;                         /* only the nth such call, from 1; negative: from the end; 0: all */
};

/* An element of a list of calls. */
enum ct_element_kind {
	CT_ELEMENT_CALL,      /* `pattern`, `least` to `most` times */
	CT_ELEMENT_NEXT,      /* the same, each immediately behind its sibling before */
	CT_ELEMENT_UNORDERED, /* `items`, CALLs, in any order */
	CT_ELEMENT_NEVER,     /* `pattern` not between its neighbours */
	CT_ELEMENT_GAP,       /* exact lists: any calls of the functions named */
};

struct ct_element {
	enum ct_element_kind kind;
	const struct ct_pattern *pattern;
	uint32_t least, most; /* both 0: once; UINT32_MAX: any number */
	const struct ct_element *items;
	size_t count;
	const char *where;    /* "net.expect:6", or NULL: stands before it in messages */
};

/* open_socket(_, 80) -> 3, from connect_retry */
void ct_pattern_show(const struct ct_pattern *pattern, const struct ct_style *style, struct ct_text *out);

#endif
