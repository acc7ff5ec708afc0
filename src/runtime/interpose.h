/* interpose.h - what the stubs in arch/ call before they pass a variadic call on. */
#ifndef CT_RUNTIME_INTERPOSE_H
#define CT_RUNTIME_INTERPOSE_H

/* --- interpose_signals.c --- */
void ct_interpose_signals_at_load(void);

/* criterion_internal_test_main() as defined here, whoever else's the program finds first. */
__attribute__((visibility("hidden"))) void ct_own_test_main(void (*function)(void));

/* Notes how the test ended; returns the function to go on to. */
void *ct_seam_skip(void);
void *ct_seam_die(void);

#endif
