/*
 * output.h - the forms a report takes. A new one is a file out_NAME.c and a line in the
 * table of output.c. Writing to `to` needs no checks: who opened it looks at ferror().
 */
#ifndef CT_REPORT_OUTPUT_H
#define CT_REPORT_OUTPUT_H

#include <stdio.h>

#include "report/coverage.h"

/* What becomes a branch in a tracefile. */
enum ct_lcov_calls {
	CT_LCOV_BRANCH, /* call sites, as in the total of that name */
	CT_LCOV_ALL,    /* indirect call sites too */
	CT_LCOV_NONE,
};

struct ct_output_options {
	uint32_t uncovered; /* entries in each list of what is not covered */
	bool everything;    /* the lists have calls in functions that never ran, too */
	bool per_test;
	bool colour;
	bool fit;       /* long names are cut to the width, as on a terminal */
	uint32_t width; /* columns */
	enum ct_lcov_calls lcov_calls;
};

struct ct_output {
	const char *name, *help;
	void (*write)(const struct ct_coverage *model, const struct ct_output_options *options,
	              FILE *to);
};

extern const struct ct_output ct_outputs[]; /* ends with a NULL name */
const struct ct_output *ct_output_find(const char *name);

void ct_out_text(const struct ct_coverage *model, const struct ct_output_options *options,
                 FILE *to);
void ct_out_json(const struct ct_coverage *model, const struct ct_output_options *options,
                 FILE *to);
void ct_out_lcov(const struct ct_coverage *model, const struct ct_output_options *options,
                 FILE *to);

#endif
