/* report.h - what became of an assertion, told to Criterion as one of its own. */
#ifndef CT_CRITERION_REPORT_H
#define CT_CRITERION_REPORT_H

#include <stdbool.h>

struct report_place {
	const char *file;
	unsigned line;
	bool fatal;
	const char *text; /* the assertion as it was written, or NULL */
};

/* Counts it. */
void report_passed(const struct report_place *at);
/*
 * `message` of the user's, or NULL or ""; `explanation` of ours. Does not return if it is fatal and on the
 * test's thread.
 */
void report_failed(const struct report_place *at, const char *message, const char *explanation);

#endif
