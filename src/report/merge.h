/*
 * merge.h - builds a coverage model (coverage.h) out of any number of traces and the
 * indexes of the binaries they ran.
 *
 * Things of different binaries are the same if the source says so: a function by
 * (file, line, name), a call site by (caller, file, line, callee, ordinal). What has
 * no source line is told apart by binary and address. Traces may be added in any
 * order; memory grows with the distinct things seen, and by two or three bytes for
 * every one that a trace reached.
 */
#ifndef CT_REPORT_MERGE_H
#define CT_REPORT_MERGE_H

#include <calltrace/error.h>

#include "report/coverage.h"

struct ct_merge;

/* Where indexes come from: ct_index_get() in the program, tables in memory in a test. */
struct ct_index_source {
	/* `build_id` is in hex; "" or NULL: that of the file at `path`. */
	bool (*open)(const char *path, const char *build_id, struct ct_index *out,
	             struct ct_error *err);
	void (*close)(struct ct_index *index);
};
extern const struct ct_index_source ct_index_cache;

struct ct_merge *ct_merge_new(const struct ct_index_source *source);

/* What a merge needs of a trace. */
struct ct_trace_view {
	const char *path;
	const struct ct_trace_meta *meta;
	const struct ct_trace_test *test;
	const struct ct_trace_module *modules;
	const struct ct_trace_function *functions;
	const struct ct_trace_pair *pairs;
	const struct ct_trace_site *sites;
	size_t module_count, function_count, pair_count, site_count;
};
void ct_merge_view(struct ct_merge *merge, const struct ct_trace_view *view);
/* The same for an open trace, which may be closed afterwards. */
void ct_merge_trace(struct ct_merge *merge, const char *path, struct ct_trace *trace);
/* Counts a binary that no trace needs to have reached. */
bool ct_merge_binary(struct ct_merge *merge, const char *path, struct ct_error *err);

struct ct_merge_options {
	bool with_tests;          /* count test code too */
	char *const *include, *const *exclude; /* patterns for source paths */
	size_t include_count, exclude_count;
	const char *root;         /* paths below it are shown from there; NULL: found out */
};
/* Classifies, sorts and sums up. Frees `merge`; the model is the caller's. */
struct ct_coverage *ct_merge_finish(struct ct_merge *merge,
                                    const struct ct_merge_options *options);
void ct_merge_free(struct ct_merge *merge);

#endif
