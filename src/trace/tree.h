/* tree.h - the call tree of one thread as JSON, streamed, and the report of a crash. For write.c. */
#ifndef CT_TRACE_TREE_H
#define CT_TRACE_TREE_H

#include "base/text.h"
#include "trace/internal.h"
#include "trace/sink.h"

/*
 * Which of one thread's calls are written: those above `max_depth`, and of these `calls` ones; the
 * first or the last.
 */
struct ct_tree_part {
	uint32_t max_depth;
	uint64_t skip;  /* calls at the beginning that are not written */
	uint64_t calls; /* calls behind these that are */
	bool cut;       /* there are others */
};

/*
 * Shares out `max_calls` (0: any number) over the threads, by how many calls each has. Returns how
 * many calls are not written. Each of `parts` is one thread's.
 */
uint64_t ct_tree_share(struct ct_trace *trace, uint32_t max_depth, uint64_t max_calls,
                       struct ct_tree_part *parts);

/* The members "marks" (if there are any) and "calls" of the thread. */
void ct_tree_write(const struct ct_trace *trace, uint32_t thread, const struct ct_tree_part *part,
                   bool pretty, struct ct_sink *sink);

/* write_crash.c: the value of metadata.crash. */
struct ct_crash_report;
void ct_crash_write(struct ct_text *text, const struct ct_crash_report *report, bool pretty);

#endif
