/* interpose.h - what the stubs in arch/ call before they pass a variadic call on. */
#ifndef CT_RUNTIME_INTERPOSE_H
#define CT_RUNTIME_INTERPOSE_H

#include <stdbool.h>
#include <stdint.h>

/* --- interpose_signals.c --- */
void ct_interpose_signals_at_load(void);
/* Whether the program has ever set a handler. */
bool ct_has_handlers(void);
/* The alternate stack that the program has given the calling thread; `*low` and `*high` as long as it has one. Async-signal-safe. */
bool ct_alternate_stack(uint64_t *low, uint64_t *high);

/* criterion_internal_test_main() as defined here, whoever else's the program finds first. */
__attribute__((visibility("hidden"))) void ct_own_test_main(void (*function)(void));

/* Notes how the test ended; returns the function to go on to. */
void *ct_seam_skip(void);
void *ct_seam_die(void);

#endif
