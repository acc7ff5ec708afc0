/* print_crash.h - the report of a crash, or of a hang, as text for people. */
#ifndef CT_CLI_PRINT_CRASH_H
#define CT_CLI_PRINT_CRASH_H

#include <stdbool.h>
#include <stdio.h>

#include "trace/trace.h"

struct ct_crash_style {
	bool colour, unicode;
	bool full;      /* all threads, frames and registers; else what fits on a screen */
	bool no_values; /* without arguments */
	bool titled;    /* the program or test is named above */
};

/* Prints nothing, and is false, where there is nothing to report. */
bool ct_print_crash(FILE *out, struct ct_trace *trace, const struct ct_crash_style *style);

/* Whether it is worth a person's attention: a signal that nobody expected. */
bool ct_is_crash(struct ct_trace *trace);

/*
 * What the user wants at the end of a run: CALLTRACE_CRASH_REPORT, or else `otherwise`. For a `calltrace`
 * that nobody called by hand.
 */
bool ct_wants_crashes(bool otherwise);

/*
 * The crashes of many traces, the first few of them in short, on standard error. `where`: what to give
 * `calltrace show` for more.
 */
void ct_print_crashes(struct ct_trace **traces, size_t count, const char *where);

#endif
