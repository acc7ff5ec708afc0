/* session.h - what the parts of the recorder say to each other about one recording. */
#ifndef CT_RUNTIME_SESSION_H
#define CT_RUNTIME_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/raw.h"

/* The runner tells its workers, by this variable, how many it started before them. */
#define CT_ORDINAL_VARIABLE "CALLTRACE_ORDINAL"

void ct_session_end(int status, bool known);
/* A record between calls, on the calling thread. Keeps errno; async-signal-safe. */
void ct_mark(enum ct_extended kind, const void *payload, uint32_t words);
/* Whether this process is BoxFort's for one test. Opens a file. */
bool ct_is_worker_process(void);

/* The directory for this process's traces, with '/' at its end, made if need be. */
bool ct_session_directory(char *to, size_t size);

/* Says, with errno's reason, that nothing can be written. */
void ct_session_complain(const char *output);

/* --- criterion.c --- */
void ct_criterion_number(struct ct_session *session);
void ct_criterion_identify(struct ct_session *session);
bool ct_criterion_is_runner(void);
void ct_criterion_at_load(void);
void ct_criterion_at_exit(void);

#endif
