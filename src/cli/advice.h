/*
 * advice.h - what `calltrace run` says of traces that were larger than they may be: how much is
 * missing in the trees, and which functions to exclude so that all of it fits.
 */
#ifndef CT_CLI_ADVICE_H
#define CT_CLI_ADVICE_H

#include "trace/trace.h"

/*
 * One line on standard error, if a limit was reached in any of the traces; `exclude` is what is excluded
 * already, or NULL. `option`: it is `calltrace run` whom the advice is for, else the environment.
 */
void ct_advise(struct ct_trace *const *traces, size_t count, const char *exclude, bool option);

/* A line for each pattern that is no function and no file of any of the traced binaries. `name`: where it was given. */
void ct_check_patterns(struct ct_trace *const *traces, size_t count, const char *name, const char *patterns);

#endif
