/* check_suggest.h - an expectation file of what did happen, for a person to cut down to what matters. */
#ifndef CT_CLI_CHECK_SUGGEST_H
#define CT_CLI_CHECK_SUGGEST_H

#include <stdio.h>

#include "trace/trace.h"

/*
 * Writes the block of one trace: the calls that the test's body made itself, in order, equal neighbours
 * once. Values that change from run to run (addresses) are left open; what one call returned and a later one
 * was given is a variable.
 */
bool ct_suggest(struct ct_trace *trace, FILE *out, struct ct_error *err);

#endif
