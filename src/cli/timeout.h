/* timeout.h - `calltrace run --timeout`: a command that does not end, ended so that it tells where it was. */
#ifndef CT_CLI_TIMEOUT_H
#define CT_CLI_TIMEOUT_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Waits for the child `command`, but not longer than `seconds` (0: for ever). Then every traced process of
 * the run (its raw traces are in `directory`) gets SIGTERM, on which it notes where its threads are: what
 * the command started first, so that nothing dies with its parent. Who does not end of that is killed.
 * False: it had to be ended.
 */
bool ct_wait_for(pid_t command, int *status, unsigned seconds, const char *directory, const char *run);

#endif
