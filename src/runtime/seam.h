/*
 * seam.h - between Criterion and the recorder. The functions are exported by
 * libcalltrace.so for its sibling libcalltrace-criterion only; they are no API, and may
 * change with every version. `real` is always the function of libcriterion that was
 * interposed.
 */
#ifndef CT_RUNTIME_SEAM_H
#define CT_RUNTIME_SEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CT_SEAM_EXPORT __attribute__((visibility("default")))

struct criterion_test;
struct criterion_datapoints;

/*
 * Criterion is linked into this program: for a static libcriterion, which nothing else shows.
 * Called with what criterion_internal_test_main() is behind the wrapper. Returns whether the
 * wrappers are to call us, else they only pass on.
 */
CT_SEAM_EXPORT bool calltrace_seam_attach(void (*real_main)(void (*)(void)));
CT_SEAM_EXPORT void calltrace_seam_setup(void (*real)(void), const struct criterion_test *test);
CT_SEAM_EXPORT void calltrace_seam_main(void (*real)(void (*)(void)),
                                        const struct criterion_test *test,
                                        void (*function)(void));
CT_SEAM_EXPORT void calltrace_seam_teardown(void (*real)(void));
/* An assertion failed; the real function is called behind it, and may not come back. */
CT_SEAM_EXPORT void calltrace_seam_failure(bool fatal);
CT_SEAM_EXPORT void calltrace_seam_theory(
	void (*real)(struct criterion_datapoints *, size_t, void (*)(void)),
	struct criterion_datapoints *points, size_t count, void (*function)(void));
/* `how`: enum ct_ended. */
CT_SEAM_EXPORT void calltrace_seam_ended(int how);

/* Within libcalltrace.so: a linked seam does the work, so the interposed functions pass on. */
extern bool ct_seam_linked;
void ct_seam_reaped(pid_t pid, int status);

#endif
