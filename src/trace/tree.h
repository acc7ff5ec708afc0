/* tree.h - the call tree of one thread as JSON, streamed, and the report of a crash. For write.c. */
#ifndef CT_TRACE_TREE_H
#define CT_TRACE_TREE_H

#include "base/text.h"
#include "trace/internal.h"
#include "trace/sink.h"

/* How many calls of all threads a depth limit cuts. */
uint64_t ct_tree_truncated(struct ct_trace *trace, uint32_t max_depth);

/* The members "marks" (if there are any) and "calls" of the thread. */
void ct_tree_write(const struct ct_trace *trace, uint32_t thread, uint32_t max_depth, bool pretty,
                   struct ct_sink *sink);

/* write_crash.c: the value of metadata.crash. */
struct ct_crash_report;
void ct_crash_write(struct ct_text *text, const struct ct_crash_report *report, bool pretty);

#endif
