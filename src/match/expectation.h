/*
 * expectation.h - expectation files: which calls a test is to make, in the words of the assertions. For
 * `calltrace check`; docs/expectations.md has the language.
 *
 *     expectation_scan.c   characters, words, and what is wrong at which column
 *     expectation_value.c  values -> matchers
 *     expectation_call.c   calls -> patterns
 *     expectation.c        statements, blocks, files
 *     expectation_run.c    one block against the calls of one trace
 *
 * A file that is wrong somewhere is not used at all; all that is wrong with it is said at once.
 */
#ifndef CT_MATCH_EXPECTATION_H
#define CT_MATCH_EXPECTATION_H

#include <calltrace/error.h>

#include "match/verdict.h"

enum ct_expect_kind {
	CT_EXPECT_LIST,   /* call, next, not, unordered: in this order */
	CT_EXPECT_WITHIN, /* the same, within one call of `pattern` */
	CT_EXPECT_EXACT,  /* the calls of the functions named are these */
	CT_EXPECT_COUNT,  /* `least` to `most` calls of `pattern`; or as many as of `other` */
	CT_EXPECT_DEPTH,  /* not more than `most` of `pattern` at once */
	CT_EXPECT_NEVER,
	CT_EXPECT_ALWAYS, /* every call of the function is like `pattern` */
	CT_EXPECT_ONLY,   /* no calls but of `patterns` */
};

struct ct_expect_statement {
	enum ct_expect_kind kind;
	unsigned line;
	const char *text; /* as it was written, without what is around it */
	const struct ct_element *elements; /* LIST, WITHIN, EXACT */
	size_t element_count;
	const struct ct_pattern *pattern, *other;
	const struct ct_pattern *const *patterns;
	size_t pattern_count;
	uint32_t least, most;
	const char *const *variables; /* that it names, NULL-terminated */
};

/* "net::retry[2]" */
struct ct_expect_selector {
	const char *glob; /* of "suite::name"; of a program's path or name */
	int32_t parameter; /* -1: any */
};

enum ct_expect_threads { CT_EXPECT_TOGETHER, CT_EXPECT_ON_MAIN, CT_EXPECT_ON_OTHERS, CT_EXPECT_ON_EACH };

/* test ... end; program ... end */
struct ct_expect_block {
	unsigned line;
	bool is_program, optional;
	enum ct_expect_threads threads;
	const struct ct_expect_selector *selectors, *excepted;
	size_t selector_count, excepted_count;
	const char *title; /* the selectors as written */
	const struct ct_expect_statement *statements;
	size_t statement_count;
	uint32_t traces; /* how many it was held against: the reader's, to count */
};

struct ct_expect_file {
	const char *path;
	struct ct_expect_block *blocks;
	size_t block_count;
	struct ct_arena arena;
};

/*
 * `problems` gets a line for each thing that is wrong, "net.expect:6:14: expected ..., found ..."; then
 * false. `path` is for those, and not opened by the second.
 */
bool ct_expect_read(const char *path, struct ct_expect_file *out, struct ct_text *problems);
bool ct_expect_parse(const char *path, const char *text, size_t size, struct ct_expect_file *out,
                     struct ct_text *problems);
void ct_expect_deinit(struct ct_expect_file *file);

/* Calls `visit` with every pattern of a file. */
void ct_expect_patterns(const struct ct_expect_file *file,
                        void (*visit)(const struct ct_pattern *pattern, void *user), void *user);

/* Whether a block is for this test, or (suite NULL) for this program. */
bool ct_expect_selects(const struct ct_expect_block *block, const char *suite, const char *name,
                       int32_t parameter, const char *program);

struct ct_expect_result {
	const struct ct_expect_statement *statement;
	unsigned line; /* of it, or of the call in it that is missing */
	struct ct_verdict verdict;
	const char *thread; /* of a block `on each`, or NULL */
	bool skipped;       /* a variable that it names has no value, as a list before it is not met */
};
/* Holds all statements against the calls. */
void ct_expect_run(const struct ct_expect_block *block, struct ct_calls *calls, const struct ct_style *style,
                   void (*tell)(const struct ct_expect_result *result, void *user), void *user);

#endif
