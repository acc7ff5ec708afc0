/* query.h - questions about single functions. */
#ifndef CT_REPORT_QUERY_H
#define CT_REPORT_QUERY_H

#include "report/output.h"

/*
 * A pattern means a function's whole name, or its name without C++ parameters; it may
 * be a glob. Each prints what it found and returns how many functions it found that
 * some trace reached, or 0.
 */

/* Which tests reach a function, with how many calls each. */
uint32_t ct_query_tests(const struct ct_coverage *model, const char *pattern, bool json,
                        const struct ct_output_options *options, FILE *to);
/* Its callers, its callees, made or not, and its tests. */
uint32_t ct_query_function(const struct ct_coverage *model, const char *pattern,
                           const struct ct_output_options *options, FILE *to);
/* How many functions have that name at all, reached or not. */
uint32_t ct_query_known(const struct ct_coverage *model, const char *pattern);

#endif
