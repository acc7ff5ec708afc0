/*
 * check_results.h - what `calltrace check` found, for all of its outputs: each statement of each
 * expectation file, for each trace that it was held against.
 */
#ifndef CT_CLI_CHECK_RESULTS_H
#define CT_CLI_CHECK_RESULTS_H

#include <stdio.h>

#include "base/arena.h"
#include "match/expectation.h"

enum ct_check_status { CT_CHECK_MET, CT_CHECK_UNMET, CT_CHECK_INCONCLUSIVE, CT_CHECK_ERROR, CT_CHECK_SKIPPED,
	               CT_CHECK_STATUSES };

struct ct_check_result {
	const char *file; /* of expectations */
	unsigned line;
	const char *statement; /* as written */
	const char *test;      /* "net::retry[2]", or a program's name */
	const char *trace;     /* its path */
	const char *thread;    /* or NULL */
	const char *cut;       /* how the trace ended early, or NULL */
	enum ct_check_status status;
	const char *message;   /* "" where it is met */
	uint32_t times;        /* text: of so many traces the same is said; 0: it was said with another one */
};

/* A block for which there was no trace. */
struct ct_check_stale {
	const char *file;
	unsigned line;
	const char *title;
	const char *close; /* tests that are called alike, or "" */
	bool is_program;
};

struct ct_check_results {
	struct ct_check_result *items;
	size_t count;
	struct ct_check_stale *stale;
	size_t stale_count;
	size_t counts[CT_CHECK_STATUSES];
	size_t traces;      /* that were held against something */
	size_t other_traces; /* for which no file has anything */
	size_t cut;         /* of `traces`: they end early */
	struct ct_arena arena;
};

void ct_check_add(struct ct_check_results *results, const struct ct_check_result *result);
void ct_check_add_stale(struct ct_check_results *results, const struct ct_check_stale *stale);
void ct_check_results_deinit(struct ct_check_results *results);
const char *ct_check_status_name(enum ct_check_status status);

/* Outputs. `verbose`: what is met, too. */
void ct_check_text(struct ct_check_results *results, bool verbose, bool colour, FILE *out);
void ct_check_json(const struct ct_check_results *results, FILE *out);
void ct_check_junit(const struct ct_check_results *results, FILE *out);

#endif
