/*
 * trace_calls.h - the calls of a saved trace, raw or JSON, for matching. The trace must stay open
 * as long as the calls are used.
 *
 * Functions that were not called are known from the indexes of the trace's binaries, where those
 * can be had; else ct_calls.unknown_functions says why not.
 */
#ifndef CT_MATCH_TRACE_CALLS_H
#define CT_MATCH_TRACE_CALLS_H

#include "match/calls.h"
#include "trace/trace.h"

struct ct_trace_calls;

struct ct_trace_calls_options {
	/* Functions whose values will be asked for; NULL: all. Others have none, which is cheaper. */
	bool (*wanted)(const struct ct_calls_function *function, void *user);
	void *user;
};

struct ct_trace_calls *ct_trace_calls_new(struct ct_trace *trace, const struct ct_trace_calls_options *options,
                                          struct ct_error *err);
void ct_trace_calls_free(struct ct_trace_calls *tc);
struct ct_calls *ct_trace_calls_get(struct ct_trace_calls *tc);

#endif
