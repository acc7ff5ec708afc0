/*
 * report.h - from files to a coverage model, and the few lines that `calltrace run` ends with.
 */
#ifndef CT_REPORT_REPORT_H
#define CT_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <calltrace/error.h>

#include "report/merge.h"

/* Who loads is told how far it is, and of every file that could not be read. */
struct ct_load_watch {
	void (*progress)(size_t done, void *user); /* may be NULL */
	void (*failed)(const struct ct_error *err, void *user);
	void *user;
};

/* Merges traces, raw or JSON. Returns how many could not be read; the others are in. */
size_t ct_report_load(struct ct_merge *merge, char *const *paths, size_t count,
                      const struct ct_load_watch *watch);

/*
 * Prints what a run's traces cover: at most ten lines, 80 columns. `more` is what to
 * give `calltrace report` to see the rest, usually the trace directory. Traces that
 * cannot be read are left out; false, and nothing printed, if that is all of them:
 * `err` then has the last one's reason.
 */
bool ct_report_print_summary(char *const *paths, size_t count, const char *more, bool colour,
                             FILE *to, struct ct_error *err);

#endif
