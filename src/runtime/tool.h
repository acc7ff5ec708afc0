/* tool.h - the `calltrace` program, run from the traced process. */
#ifndef CT_RUNTIME_TOOL_H
#define CT_RUNTIME_TOOL_H

/*
 * Runs it with these arguments (argv[0] included), untraced, and waits for it. Returns its exit
 * status; -1: it could not be run, or did not end by itself. The program never learns of the child: it
 * is not among those that its wait() finds, and no SIGCHLD comes of it. Async-signal-safe.
 */
int ct_tool_run(char **argv);

#endif
