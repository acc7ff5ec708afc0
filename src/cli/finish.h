/*
 * finish.h - raw traces of one run -> JSON files, named after their tests.
 */
#ifndef CT_CLI_FINISH_H
#define CT_CLI_FINISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <calltrace/error.h>

#include "base/map.h"
#include "trace/trace.h"

/* The user's patterns of all traces of a run, and which of them mean nothing in any. Zeroed: none. */
struct ct_unmatched {
	struct ct_map map;  /* list and text -> number */
	struct ct_trace_pattern *items;
	uint32_t count;
};
void ct_unmatched_add(struct ct_unmatched *u, const struct ct_trace *trace);
/* Says so, a line each; last what was to be hidden and was not. */
void ct_unmatched_warn(const struct ct_unmatched *u);
void ct_unmatched_deinit(struct ct_unmatched *u);

struct ct_finish {
	const char *directory; /* where the raw traces are and the JSON goes */
	const char *run;       /* only traces of this `calltrace run`; or NULL */
	uint32_t pid;          /* only this process's and its children's traces; or 0 */
	bool keep_raw;         /* as "x.ct" for "x.json"; else it is removed once its JSON is whole */
	bool progress;
	bool advise;           /* `calltrace run` is who reads what is said of limits */
	const char *exclude, *only; /* patterns that were in force, or NULL */
	bool crashes; /* reports them on standard error */
	uint32_t dead;   /* a process that is known to have ended ... */
	int dead_signal; /* ... by this signal; else 0 */

	/* Out: the JSON files, in order of name; free with ct_finish_deinit(). */
	char **written;
	size_t count;
	size_t found;  /* raw traces that belonged to the run */
	size_t failed; /* of these, not converted: complained about, raw kept */
	struct ct_unmatched unmatched;
};

/* False only if the directory cannot be read. */
bool ct_finish(struct ct_finish *finish, struct ct_error *err);
void ct_finish_deinit(struct ct_finish *finish);

/* Says why names are missing in a trace: each reason once for all traces that share `said`. */
void ct_warn_of_names(struct ct_map *said, const struct ct_trace *trace);

/* The few bytes that tell whose a raw trace is, without opening it whole. False: it is none. */
bool ct_read_session(const char *path, struct ct_session *session);

/* One trace whose session names a JSON file of its own (no directory). Returns an exit status. */
int ct_finish_file(const char *raw);

#endif
