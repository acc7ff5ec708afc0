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
#include <stdint.h>
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

/*
 * Assertions will ask for arguments and returned values: they are captured from now on, unless
 * CALLTRACE_CAPTURE_ARGS says no. To be called in a constructor.
 */
CT_SEAM_EXPORT void calltrace_seam_want_values(void);
/*
 * `verify` is called at the end of the test's body, within it, if it returns. Any number of
 * times with the same one. False: this process runs no test's body, or its end is not seen.
 */
CT_SEAM_EXPORT bool calltrace_seam_at_end(void (*verify)(void));
/*
 * The file that is, or is to be, the index of a binary; false: it is not there, and was not wanted
 * to be made, or could not be.
 */
CT_SEAM_EXPORT bool calltrace_seam_index(const char *binary, const uint8_t *build_id,
                                         size_t build_id_size, bool make, char *to, size_t size);

/* Within libcalltrace.so: a linked seam does the work, so the interposed functions pass on. */
extern bool ct_seam_linked;
void ct_seam_reaped(pid_t pid, int status);

#endif
