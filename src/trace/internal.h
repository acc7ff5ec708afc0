/*
 * internal.h - what the files of src/trace share, and nobody else sees.
 *
 *     trace.c    open, close, accessors
 *     raw.c      opens a raw trace; the five below are its parts
 *     extents.c  a raw file -> session, modules, call tables, chunks in order
 *     clock.c    ticks -> ns
 *     indexes.c  build-id -> index, for all traces of this process
 *     places.c   an address of the process -> module, function, site
 *     resolve.c  call tables + indexes -> functions, pairs, sites
 *     live.c     the trace of this process, while it is written (live.h)
 *     stream.c   chunks -> events, one thread at a time (stream.h is its fast path)
 *     value.c    values of a call -> JSON (value.h); value_*.c are its parts (value_type.h)
 *     walk.c     events -> callbacks
 *     write.c    the JSON document; tree.c its call trees
 *     pull.c     JSON tokens; read.c the document; reread.c its call trees
 *     results.c  Criterion's verdicts
 *     choice.c   which values the user wanted
 *     crash.c    what a signal found (crash.h); crash_*.c are its parts (crash_parts.h)
 */
#ifndef CT_TRACE_INTERNAL_H
#define CT_TRACE_INTERNAL_H

#include "base/arena.h"
#include "base/file.h"
#include "format/index.h"
#include "format/raw.h"
#include "trace/trace.h"

/* A row of a thread's call table, and what it was found to mean. */
struct ct_row {
	uint64_t callee, hook, site_address, caller, count;
	const char *through;
	uint32_t function; /* row of ct_trace.functions; CT_NO_ROW while and if not known */
	uint32_t site;     /* row of ct_trace.sites, or CT_NO_ROW */
	uint32_t epoch;    /* whose modules its addresses are in */
	bool hidden;       /* Criterion's plumbing: walked through, never shown */
	const char *excluded_caller; /* that it was called by, and that the tree does not show; or NULL */
	bool excluded;     /* counted, and not in the records */
	bool plain;        /* neither hidden nor unknown: nothing special about it */
};

struct ct_chunk {
	const uint64_t *words; /* in the mapped file */
	size_t count;          /* trailing zeros cut off */
	size_t room;           /* those included: a payload may end in zeros */
	uint64_t start;        /* full counter */
	bool gap;              /* chunks before it are missing */
	bool last;             /* the size limit was reached behind it */
};

/* The records of one thread, and what one look at all of them told. */
/* Calls of a row that were left at that time, by a switch to another stack, and are continued later. */
struct ct_left {
	uint64_t ticks;
	uint32_t row;
};

struct ct_raw_thread {
	struct ct_row *rows;
	uint32_t row_count; /* one more is there: of calls that are known to be open, and no more */
	struct ct_chunk *chunks;
	size_t chunk_count;
	uint64_t gaps;
	uint64_t last;    /* counter at the last record, 0: none */
	uint32_t deepest; /* most visible calls open at once; valid if `looked` */
	uint64_t marks;   /* likewise; phases are none */
	bool looked;
	bool stopped;     /* the size limit was reached, and the thread's newer calls are missing */
	uint64_t seen;    /* calls that the records tell of, each once; valid if `looked` */
	struct ct_left *left; /* what went on later, sorted; valid if `looked`: as often as a call is continued */
	size_t left_count;
};

struct ct_raw_module {
	char *path;
	uint8_t build_id[32];
	uint32_t build_id_size;
	uint64_t bias, low, high;
	uint32_t first, gone; /* epochs: from the first on, up to the other one, if it is not 0 */
	uint32_t flags;
	uint64_t plans_hash; /* see struct ct_module */
	const struct ct_index *index; /* NULL: none; not owned */
	const char *index_error;
	uint32_t row; /* of ct_trace.modules, or CT_NO_ROW */
};

struct ct_timebase {
	uint64_t begin; /* ticks */
	uint64_t scale; /* ns per tick, times 2^CT_SCALE_BITS */
};
#define CT_SCALE_BITS 40

static inline uint64_t ct_ns(const struct ct_timebase *base, uint64_t ticks)
{
	if (ticks <= base->begin)
		return 0;
	return (uint64_t)((unsigned __int128)(ticks - base->begin) * base->scale >> CT_SCALE_BITS);
}

/* The test's phases as its main thread went through them, for threads that do not know. */
struct ct_phase_step {
	uint64_t ticks;
	uint32_t phase;
};

struct ct_raw {
	struct ct_bytes bytes;
	struct ct_session session;
	bool has_session;
	struct ct_raw_module *modules;
	size_t module_count;
	struct ct_raw_module **by_low; /* sorted by address */
	struct ct_raw_thread *threads; /* as ct_trace.threads */
	size_t thread_count;
	struct ct_timebase timebase;
	struct ct_phase_step *steps;
	size_t step_count;
	struct ct_bytes crash; /* the CRASH extent, in the mapped file; size 0: none */
	bool words_lost;    /* chunks may end early: trust no stack */
	uint32_t damaged;   /* extents that made no sense */
	uint64_t record_damage;
	uint64_t late_failures; /* assertions that failed behind the test's body; known once looked */
};

struct ct_json; /* read.c */

struct ct_trace {
	char *path;
	struct ct_arena arena;
	struct ct_trace_meta meta;
	struct ct_trace_test test;
	struct ct_trace_module *modules;
	struct ct_trace_function *functions;
	struct ct_trace_pair *pairs;
	struct ct_trace_site *sites;
	struct ct_trace_thread *threads;
	size_t module_count, function_count, pair_count, site_count, thread_count;
	struct ct_crash_report *crash; /* once asked for; NULL: none */
	bool looked_for_crash;
	struct ct_raw *raw;   /* one of the two */
	struct ct_json *json;
};

/* extents.c: fills raw->session, modules, threads' rows and chunks, and trace->threads. */
bool ct_raw_scan(struct ct_trace *trace, struct ct_error *err);

/* choice.c: one pattern; then an extent's payload -> metadata; false: it makes no sense. Then, with indexes, what is unmatched. */
void ct_choice_add(struct ct_trace *trace, unsigned list, const char *pattern, size_t size, bool unmatched);
bool ct_choice_keep(struct ct_trace *trace, const uint8_t *payload, uint64_t size);
void ct_choice_match(struct ct_trace *trace);

/* clock.c */
void ct_timebase_init(struct ct_timebase *base, const struct ct_session *session, uint64_t last,
                      const struct ct_clock *now);

/* indexes.c: lives as long as the process. NULL: `*why` says why, as long. Thread-safe. */
const struct ct_index *ct_indexes_get(const char *path, const uint8_t *build_id,
                                      size_t build_id_size, bool make, const char **why);

/* resolve.c */
void ct_raw_resolve(struct ct_trace *trace, const struct ct_trace_options *options);

/* places.c */
/* Fills raw->by_low, which the others need; again whenever there are more modules. */
void ct_raw_sort_modules(struct ct_raw *raw);
/*
 * The function that an enter hook reports: a row of `*module`'s index. CT_NONE: not known, and
 * `*module` is what `callee` lies in, or NULL.
 */
uint32_t ct_raw_function_of(const struct ct_raw *raw, uint64_t hook, uint64_t callee, uint32_t epoch,
                            const struct ct_raw_module **module);
/* The site of a call: of the inlined instance, or of the call instruction. NULL: it is none. */
const struct ct_index_site *ct_raw_site_of(const struct ct_raw *raw, const struct ct_row *row,
                                           const struct ct_raw_module **module);
/* What lies between caller and callee, when the call instruction is no site; NULL: not known. */
const char *ct_raw_through(const struct ct_raw *raw, uint64_t site, uint32_t epoch);
/*
 * The module that held `address` in an epoch, or NULL. Where several fit, traces of earlier versions, the
 * index tells which of them has a hook there.
 */
struct ct_raw_module *ct_raw_module_at(const struct ct_raw *raw, uint64_t address, uint32_t epoch, bool hook);
#define CT_LAST_EPOCH UINT32_MAX
/* One binary, wherever it lies. */
bool ct_raw_same_module(const struct ct_raw_module *a, const struct ct_raw_module *b);
/* The one that held it in all epochs; NULL: none did, or several, one after the other. */
struct ct_raw_module *ct_raw_module_only(const struct ct_raw *raw, uint64_t address);

/* stream.c: looks at all records once, for metadata that only they can tell. */
void ct_raw_look(struct ct_trace *trace);
/* Looks at each thread's last chunk only, for the time of the last record. */
void ct_raw_find_last(struct ct_raw *raw);

/* raw.c */
bool ct_raw_open(struct ct_trace *trace, const struct ct_trace_options *options,
                 struct ct_error *err);
void ct_raw_close(struct ct_raw *raw);
/* For what needs all of the metadata, or the marks, of a trace opened with summary_only. */
void ct_raw_need_look(struct ct_trace *trace);

/* walk.c, reread.c: the two halves of ct_trace_walk(). */
bool ct_raw_walk(struct ct_trace *trace, uint32_t thread, const struct ct_walker *walker,
                 void *user);
bool ct_json_walk(struct ct_trace *trace, uint32_t thread, const struct ct_walker *walker,
                  void *user, struct ct_error *err);

/* read.c */
struct ct_json *ct_json_new(struct ct_bytes bytes);
bool ct_json_open(struct ct_trace *trace, const struct ct_trace_options *options,
                  struct ct_error *err);
void ct_json_close(struct ct_json *json);

/* Names of enums as the JSON has them; NULL: no such. */
extern const char *const ct_loss_names[CT_LOSSES];
extern const char *const ct_role_names[3];
extern const char *const ct_keep_names[2]; /* by enum ct_keep */
extern const char *const ct_choice_names[3];
const char *ct_call_end_name(enum ct_call_end end);

#endif
