/* read.h - a JSON trace that is open: what read.c leaves for reread.c. */
#ifndef CT_TRACE_READ_H
#define CT_TRACE_READ_H

#include "base/map.h"
#include "trace/internal.h"
#include "trace/pull.h"

struct ct_json {
	struct ct_bytes bytes;
	struct ct_pull pull;
	size_t trees;      /* where the value of "call_trees" is, 0: there is none */
	size_t *thread_at; /* where each thread's value is; 0: not there; NULL: not looked yet */
	struct ct_map texts;      /* `through` */
	const char **text_list;
};

/* Fills `err` from what made the pull fail. Returns false. */
bool ct_json_damaged(const struct ct_trace *trace, struct ct_error *err);

/* read_crash.c: the value of metadata.crash. */
void ct_json_read_crash(struct ct_trace *trace);

#endif
