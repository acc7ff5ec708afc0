/* convert.h - JSON at the end, without `calltrace run`: by starting `calltrace json`. */
#ifndef CT_RUNTIME_CONVERT_H
#define CT_RUNTIME_CONVERT_H

/*
 * Starts `calltrace json --finish` on this process's trace, or as a Criterion runner on all
 * traces of its directory, and waits for it. Does nothing under `calltrace run`, in a worker,
 * and where nothing was recorded. Where the program cannot be found, says once that the raw
 * trace stays, and how to turn it into JSON.
 */
void ct_convert_at_exit(void);

#endif
