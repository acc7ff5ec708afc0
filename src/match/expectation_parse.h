/* expectation_parse.h - what the files that read expectation files share. */
#ifndef CT_MATCH_EXPECTATION_PARSE_H
#define CT_MATCH_EXPECTATION_PARSE_H

#include "match/expectation.h"

enum { CT_EXPECT_PROBLEMS = 20, CT_EXPECT_DEPTH_MOST = 24, CT_EXPECT_TIMES_MOST = 65535 };

/* Where the reader is. Everything that is wrong is said once a line. */
struct ct_scan {
	const char *path;
	const char *at, *end; /* of the file, which ends in a NUL */
	const char *line_begin;
	unsigned line;
	unsigned brackets; /* that are open: a line may end within them */
	unsigned depth;    /* values within values */
	struct ct_arena *arena;
	struct ct_text *problems;
	unsigned problem_count;
	unsigned bad_line; /* that has had its problem */
	const char *names[64]; /* variables of the statement at hand */
	size_t name_count;
};

/* --- expectation_scan.c --- */

/* Past blanks and a comment, and past ends of lines within brackets. */
void ct_scan_space(struct ct_scan *s);
bool ct_scan_at_end(struct ct_scan *s); /* of the line */
/* Past the rest of the line, whatever it is. */
void ct_scan_skip_line(struct ct_scan *s);
/* Past the end of the line; false, and a problem: there is something else. */
bool ct_scan_line_end(struct ct_scan *s);
/* Whether this comes next; then it is behind us. A word ends where a word ends. */
bool ct_scan_sign(struct ct_scan *s, const char *sign);
bool ct_scan_word(struct ct_scan *s, const char *word);
/* Likewise, without going there. */
bool ct_scan_sees(struct ct_scan *s, const char *sign);
/* The next word of letters, digits, `_`, `.` and `::`, or NULL. */
const char *ct_scan_name(struct ct_scan *s);
/* "expected WHAT, found ..." at the place at hand. Returns false. */
bool ct_scan_expected(struct ct_scan *s, const char *what);
__attribute__((format(printf, 3, 4)))
bool ct_scan_problem(struct ct_scan *s, const char *at, const char *format, ...);
/* "..." or '...' with C's escapes; NULL and a problem: it does not end, or has a wrong escape. */
const char *ct_scan_string(struct ct_scan *s, size_t *length);
/* An integer, or NULL is false; `what` is for the problem. */
bool ct_scan_count(struct ct_scan *s, uint32_t most, const char *what, uint32_t *out);

static inline bool ct_scan_is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* --- expectation_value.c --- */

/* False: a problem was said. */
bool ct_scan_value(struct ct_scan *s, struct ct_matcher *out);
/* What stands between brackets, up to `close`: `of_call`: arguments, named or not; else members. */
bool ct_scan_list(struct ct_scan *s, char close, bool named_only, const struct ct_matcher **items, size_t *count);

/* --- expectation_call.c --- */

/* A function's name, as a pattern knows them. NULL: a problem was said. */
const char *ct_scan_function(struct ct_scan *s);
/* f(1, n = 2, ...) -> 3 from g in setup */
const struct ct_pattern *ct_scan_call(struct ct_scan *s);
/* x3, x2..5, x2.., x*, ? - or nothing: once. */
bool ct_scan_times(struct ct_scan *s, uint32_t *least, uint32_t *most);

#endif
