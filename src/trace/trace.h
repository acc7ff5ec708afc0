/*
 * trace.h - a trace as its readers see it, whichever file it came from: a raw trace
 * with its indexes, or a JSON trace. Opaque handle; everything reachable from it
 * lives until ct_trace_close(). Not thread-safe per handle; handles are independent.
 *
 * Two halves. The *summary* (functions, call pairs, call sites with exact counts) is
 * there as soon as the trace is open and never needs the records: depth limits and
 * damage do not touch it. The *calls* are walked in stream order, thread by thread.
 *
 * Terms. A call pair is (caller, callee), the caller being the innermost
 * instrumented call open on that thread. A call site is one row of an index (see
 * format/index.h); calls that arrive through code that is not instrumented (a
 * callback from qsort) have a pair but no site: `through` names the code.
 */
#ifndef CT_TRACE_TRACE_H
#define CT_TRACE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <calltrace/error.h>

#include "format/index.h"
#include "format/raw.h"

#define CT_NO_ROW UINT32_MAX

/* A binary that was traced. */
struct ct_trace_module {
	const char *path;
	char build_id[65]; /* hex; "" if it has none */
	uint64_t bias;     /* 0 in a trace that was read from JSON */
	const char *index_error; /* why names, or files and lines, are missing, or NULL */
	bool indexed;            /* yet there is an index; not known in a trace that was read from JSON */
};

struct ct_trace_function {
	const char *name; /* never NULL: source name, symbol, or "0x..." as last resort */
	const char *file; /* or NULL */
	uint32_t line;
	uint32_t module;  /* row of modules, or CT_NO_ROW */
	uint64_t address; /* in the module's file; with `module` the identity across traces */
	uint64_t calls;
	uint32_t flags;   /* CT_FUNCTION_* */
	bool excluded;    /* its calls are counted and not in the trees, as the user wished */
};

struct ct_trace_pair {
	uint32_t caller, callee; /* rows of functions */
	uint64_t calls;
	const char *through; /* code in between that is not instrumented: a module's name, or NULL */
};

struct ct_trace_site {
	uint32_t caller, callee;
	const char *file; /* of the call, or NULL */
	uint32_t line, column, ordinal;
	uint32_t module;
	uint64_t address; /* of the site in the module's file (see ct_index_site) */
	uint64_t calls;
};

/* metadata.test; Criterion's verdict, and how the test's code was left. */
enum ct_status { CT_STATUS_UNKNOWN, CT_STATUS_PASSED, CT_STATUS_FAILED, CT_STATUS_SKIPPED,
	         CT_STATUS_CRASHED, CT_STATUS_TIMED_OUT };
struct ct_trace_test {
	const char *suite, *name; /* NULL: not a test, nor started by one */
	const char *file;         /* or NULL */
	uint32_t line;
	int32_t parameter; /* index from 0, or -1 */
	enum ct_status status;
	const char *ended; /* returned assertion skip exit signal exception killed */
	int signal;        /* that ended the process, or 0 */
	int exit_status;   /* valid when signal is 0 and ended is known; else -1 */
	const char *executable; /* the test's, where this is a program that the test started; else NULL */
};

/* One of the user's lists (enum ct_choice_list) that were in force at some time. */
struct ct_trace_pattern {
	uint8_t list;
	bool unmatched; /* it means nothing in the binaries that were traced */
	const char *text;
};

struct ct_trace_meta {
	const char *version;    /* of the tool that recorded; JSON: that wrote it */
	const char *executable;
	const char *directory;
	uint32_t pid, parent_pid;
	const char *parent_trace; /* of the process that made this one, or was it before exec(); or NULL */
	uint32_t role;          /* enum ct_role */
	uint64_t realtime;      /* ns since 1970 of the beginning */
	uint64_t duration;      /* ns, to the last record */
	uint64_t total_calls;
	uint32_t max_depth;
	bool capture_args, complete; /* complete: nothing lost, nothing open by violence */
	bool has_limits;        /* the next three are known */
	uint32_t string_length, value_depth, call_bytes;
	struct ct_trace_pattern *patterns;
	size_t pattern_count;
	uint64_t lost[CT_LOSSES];
	uint64_t damaged;       /* words or extents that made no sense and were skipped */
	uint64_t excluded;      /* calls that are not in the trees, as the user wished */
	uint64_t truncated;     /* calls cut from the tree by max_depth and max_calls (JSON only) */
	uint64_t max_size, max_calls; /* 0: no limit, or not known */
	enum ct_keep keep;
	bool cut;               /* by max_calls (JSON only) */
	const char *stopped;    /* why recording ended early, or NULL */
};

struct ct_trace_thread {
	uint32_t index, tid;
	const char *name; /* or NULL */
	uint64_t calls;   /* in the records; the summary's counts are the exact ones */
};

struct ct_trace;

struct ct_trace_options {
	bool summary_only;   /* do not look at the records more than metadata needs */
	bool no_index_make;  /* use cached indexes only */
	const struct ct_clock *now; /* a pair taken lately on this boot, to be used for times; may be NULL */
};

/*
 * Opens a raw or a JSON trace, told apart by content. Damage is not an error as long
 * as something can be saved: see meta->damaged. Names the file in every error.
 */
bool ct_trace_open(const char *path, const struct ct_trace_options *options,
                   struct ct_trace **out, struct ct_error *err);
void ct_trace_close(struct ct_trace *trace);

const struct ct_trace_meta *ct_trace_meta(const struct ct_trace *trace);
/* Writable: who knows more (the results file, a rank) fills in status, signal, parameter. */
struct ct_trace_test *ct_trace_test(struct ct_trace *trace);
const struct ct_trace_module *ct_trace_modules(const struct ct_trace *trace, size_t *count);
/* What a module could call, as far as there is an index of that very build. NULL: `*why` says why not. */
const struct ct_index *ct_trace_index(const struct ct_trace *trace, uint32_t module, const char **why);
const struct ct_trace_function *ct_trace_functions(const struct ct_trace *trace, size_t *count);
const struct ct_trace_pair *ct_trace_pairs(const struct ct_trace *trace, size_t *count);
const struct ct_trace_site *ct_trace_sites(const struct ct_trace *trace, size_t *count);
const struct ct_trace_thread *ct_trace_threads(const struct ct_trace *trace, size_t *count);
/*
 * Whether there is an instrumented function in the traced binaries, called or not, of which `is_it`
 * says so; without an index, one that was called. `file` may be NULL.
 */
bool ct_trace_knows(const struct ct_trace *trace,
                    bool (*is_it)(const char *function, const char *file, void *user), void *user);
/* The session of a raw trace; NULL for one read from JSON. */
const struct ct_session *ct_trace_session(const struct ct_trace *trace);

/* How a call ended. */
enum ct_call_end {
	CT_CALL_RETURNED,
	CT_CALL_UNWOUND, /* left by longjmp, or an exception where the compiler runs no exit hooks */
	CT_CALL_OPEN,    /* still open when the thread's records end */
	CT_CALL_UNSEEN,  /* its end was not recorded: recording was off, or records are missing */
	CT_CALL_SWITCHED, /* its stack was switched away from, and later to again: see `continued` */
	CT_CALL_ENDS
};

struct ct_trace_call {
	uint32_t function; /* row */
	uint32_t site;     /* row, or CT_NO_ROW */
	uint32_t depth;    /* 0: a root */
	uint32_t phase;    /* enum ct_phase */
	uint32_t iteration; /* of a theory, from 1; 0: none */
	uint64_t address;  /* of the function as it was in the process */
	uint64_t start;    /* ns since the beginning of the session */
	bool unseen;       /* its beginning was not recorded: `start` is a bound */
	bool continued;    /* no call: one that was left before (CT_CALL_SWITCHED) goes on ... */
	uint64_t left;     /* ... whose `end` was then; 0: not known */
	uint64_t end;      /* valid in leave(); the last record's time for one left open */
	enum ct_call_end ended; /* valid in leave() */
	const char *through; /* or the excluded function that made the call */
	uint64_t truncated; /* valid in leave(): calls below it that a depth limit cut from a JSON trace */
	/*
	 * If the walker asks for values: members of the call as JSON, as docs/json-trace.md has
	 * them, gone when the callback returns. NULL: there are none. Text read from a JSON trace is
	 * somebody else's: what is within the outermost brackets may be anything.
	 */
	const char *arguments;             /* valid in enter() */
	const char *arguments_unavailable; /* likewise: not JSON, the reason itself */
	bool variadic;
	const char *return_value, *arguments_after; /* valid in leave() */
};

/*
 * Walks the calls of one thread (a row of ct_trace_threads). Every enter() has its leave(),
 * innermost first. A callback that returns false stops the walk, which is no error. mark()
 * gets what lies between calls: failed assertions (`text` "fatal" or "not fatal"), pauses
 * and resumes (NULL), notes, missing records (CT_MISSING); `depth` calls are open around it. Any callback may be NULL.
 */
struct ct_walker {
	bool (*enter)(const struct ct_trace_call *call, void *user);
	bool (*leave)(const struct ct_trace_call *call, void *user);
	bool (*mark)(enum ct_extended kind, uint64_t time, const char *text, uint32_t depth,
	             void *user);
	bool values; /* arguments and returned values are wanted; they cost time */
	/* Of these functions only: by row; NULL: of all. */
	const bool *values_of;
	bool typed; /* with what their types are, where the trace is a raw one: see value.h */
};
bool ct_trace_walk(struct ct_trace *trace, uint32_t thread, const struct ct_walker *walker,
                   void *user, struct ct_error *err);

/* The JSON trace: docs/trace.schema.json. */
struct ct_json_options {
	uint32_t max_depth; /* 0: the session's */
	int64_t max_calls;  /* -1: the session's; 0: any number */
	int pretty;         /* -1: the session's; 0; 1: one call a line, indented */
};
bool ct_trace_write_json(struct ct_trace *trace, const struct ct_json_options *options,
                         const char *path, struct ct_error *err);

/*
 * Status, signal and parameter index for all raw traces of one run: `directory` holds
 * the results file (CT_RESULTS_NAME). `traces` belong together (one run); sets
 * metadata.test of each.
 */
/* Links traces of one run with those of the processes that made theirs; `names` are their files'. */
void ct_results_link(struct ct_trace **traces, char *const *names, size_t count);
void ct_results_apply(const char *directory, struct ct_trace **traces, size_t count);

const char *ct_status_name(enum ct_status status);
const char *ct_phase_name(uint32_t phase);
const char *ct_loss_name(int loss); /* enum ct_loss, as the keys of metadata.lost */

#endif
