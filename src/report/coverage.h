/*
 * coverage.h - what was called over what could be called: the model that every output
 * reads. Made by merge.h, read-only afterwards. docs/coverage.md has the definitions.
 *
 * A *function* is one of the source's, whatever binaries it is in. A *call pair* is
 * (caller, callee). A *call site* is one call in the source. Each thing is either
 * counted, and then part of a total, or left out for one reason; nothing is in
 * neither. Rows refer to each other by number; everything is sorted: files by name,
 * functions and call sites by file and line, call pairs by caller and callee, tests
 * by name.
 */
#ifndef CT_REPORT_COVERAGE_H
#define CT_REPORT_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "format/index.h"
#include "report/hits.h"
#include "trace/trace.h"

/* Why something is in no total. The first reason that applies is the one given. */
enum ct_left_out {
	CT_COUNTED,
	CT_OUT_UNKNOWN,          /* in a binary without an index: seen, but out of how many? */
	CT_OUT_NO_DEBUG,         /* neither instrumented nor described: start-up code, foreign objects */
	CT_OUT_NOT_INSTRUMENTED, /* function: it calls no hooks; site: its callee does not */
	CT_OUT_PLUMBING,
	CT_OUT_ARTIFICIAL,
	CT_OUT_SYSTEM,
	CT_OUT_TESTS,
	CT_OUT_FILTER,   /* --include, --exclude */
	CT_OUT_EXTERNAL, /* site: of a name that no traced binary defines */
	CT_OUT_JUMP,     /* site, pair: a jump, of which a trace cannot tell where it came from */
	CT_OUT_OBSERVED, /* pair, site: seen at run time, not in the code: indirect calls, callbacks */
	CT_OUT_REASONS
};

struct ct_count {
	uint64_t covered, total;
};

struct ct_totals {
	struct ct_count functions, pairs, sites, indirect;
	uint64_t targets; /* distinct callees seen at the indirect call sites */
};

struct ct_cover_file {
	const char *name;  /* "" for what has no source line */
	const char *shown; /* shortened for people */
	uint32_t flags;    /* CT_FILE_* */
	bool filtered;
	struct ct_totals totals;
};

struct ct_cover_function {
	const char *name;
	const char *linkage; /* the symbol, or "" */
	uint32_t file;       /* row of files */
	uint32_t line;       /* 0: not known */
	uint32_t flags;      /* CT_FUNCTION_* */
	uint32_t module;     /* the first that has it */
	enum ct_left_out left_out;
	bool indexed; /* an index knows it */
	struct ct_hits hits;
};

struct ct_cover_pair {
	uint32_t caller, callee;
	bool is_static;      /* some call site of the caller names the callee */
	bool jumps;          /* so does a jump */
	const char *through; /* code not instrumented that a call came through, or NULL */
	enum ct_left_out left_out;
	struct ct_hits hits;      /* calls made directly */
	struct ct_hits callbacks; /* calls that came through */
};

/* An indirect site's callee, or one that a direct site was not expected to have. */
struct ct_cover_target {
	uint32_t site, callee;
	uint64_t calls;
};

struct ct_cover_site {
	uint32_t caller;
	uint32_t callee; /* row of functions; CT_NONE: indirect, or not known */
	const char *callee_name; /* the symbol; "": indirect */
	uint32_t file, line;
	uint16_t column, ordinal;
	uint8_t kind; /* enum ct_site_kind */
	bool indexed;
	bool jump; /* the callee sees another call's return address: never matched, never covered */
	enum ct_left_out left_out;
	uint32_t targets, target_count; /* its rows of targets: the first, and how many */
	struct ct_hits hits; /* calls of the callee; INDIRECT: of any */
};

/* All traces of one test, or of one program, are one row. */
struct ct_cover_test {
	const char *name;          /* "suite::test[parameter]", or the program's */
	const char *suite, *test;  /* NULL: not a test */
	const char *program;       /* the executable, or NULL */
	const char *file;          /* or NULL */
	uint32_t line;
	int32_t parameter;
	enum ct_status status;     /* the worst of its traces */
	const char *ended;         /* or NULL */
	int signal;
	uint32_t traces;
	uint64_t calls;
	uint32_t functions, pairs, sites; /* counted ones that it reached */
	uint32_t only; /* counted functions that nothing else reached */
};

struct ct_cover_trace {
	const char *path;
	uint32_t test;
	bool complete;
	bool limited; /* its trees reached their size limit; counts are exact all the same */
	const char *problem; /* what is missing, or NULL */
};

struct ct_cover_module {
	const char *path;
	const char *build_id; /* hex, "" if it has none */
	const char *problem;  /* why its totals are unknown, or NULL */
	uint32_t index_flags; /* CT_INDEX_*; 0 without index */
	uint64_t functions;   /* reached, in a module without index */
};

struct ct_coverage {
	struct ct_cover_file *files;
	struct ct_cover_function *functions;
	struct ct_cover_pair *pairs;
	struct ct_cover_site *sites;
	struct ct_cover_target *targets;
	struct ct_cover_test *tests;
	struct ct_cover_trace *traces;
	struct ct_cover_module *modules;
	uint32_t file_count, function_count, pair_count, site_count, target_count, test_count,
		trace_count, module_count;
	struct ct_totals totals;
	uint64_t functions_out[CT_OUT_REASONS], pairs_out[CT_OUT_REASONS],
		sites_out[CT_OUT_REASONS], indirect_out[CT_OUT_REASONS];
	uint64_t calls;
	uint32_t duplicates; /* traces that were there already, and were not counted again */
	struct ct_index *indexes; /* the strings above may be theirs; a row a module */
	void (*close_index)(struct ct_index *index);
	struct ct_arena arena;
};

void ct_coverage_free(struct ct_coverage *coverage);

/* Covered: called at least once (a site: with its callee; a pair: not through others' code). */
static inline bool ct_covered(const struct ct_hits *hits)
{
	return hits->calls > 0;
}

/*
 * The tests behind a list of hits, as calls per row of tests. `calls` has room for
 * test_count numbers; returns how many are not 0.
 */
uint32_t ct_cover_tests(const struct ct_coverage *coverage, const struct ct_hits *hits,
                        uint64_t *calls);

/* "78.8%", cut and not rounded, so that 99.99 % never reads 100; "-" of nothing. */
struct ct_percent {
	char text[16];
};
struct ct_percent ct_percent(struct ct_count count);

/* A word for the JSON ("test_code"), and a phrase for people ("in test files"). */
const char *ct_left_out_key(enum ct_left_out reason);
const char *ct_left_out_text(enum ct_left_out reason);

const char *ct_site_kind_name(const struct ct_cover_site *site);

#endif
