/*
 * interpose.c - functions of libcriterion, and waitpid(), that the dynamic linker finds here
 * first. Each passes on to the next definition; without Criterion none is ever called,
 * but for waitpid(), which is then libc's and one comparison.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "runtime/interpose.h"
#include "runtime/memory.h"
#include "runtime/plans.h"
#include "runtime/seam.h"
#include "format/raw.h"

#define EXPORT __attribute__((visibility("default")))

struct criterion_test;

static void *next(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	/* Somebody called it, so somebody defines it; the one case left is a library order
	 * in which we come last, and then nobody calls us. */
	if (!found)
		abort();
	return found;
}

static const struct criterion_test *current_test(void)
{
	const struct criterion_test **variable = dlsym(RTLD_DEFAULT, "criterion_current_test");

	return variable ? *variable : NULL;
}

void *ct_next_skip, *ct_next_die;

EXPORT void criterion_internal_test_setup(void);
EXPORT void criterion_internal_test_main(void (*function)(void));
EXPORT void criterion_internal_test_teardown(void);
EXPORT void criterion_abort_test(void);
EXPORT void criterion_continue_test(void);
EXPORT void cr_theory_main(struct criterion_datapoints *points, size_t count,
                           void (*function)(void));
EXPORT pid_t waitpid(pid_t pid, int *status, int options);
EXPORT int mprotect(void *address, size_t size, int protection);

EXPORT void criterion_internal_test_setup(void)
{
	void (*real)(void) = (void (*)(void)) next("criterion_internal_test_setup");

	if (ct_seam_linked)
		real();
	else
		calltrace_seam_setup(real, current_test());
}

EXPORT void criterion_internal_test_main(void (*function)(void))
{
	void (*real)(void (*)(void)) =
		(void (*)(void (*)(void))) next("criterion_internal_test_main");

	if (ct_seam_linked)
		real(function);
	else
		calltrace_seam_main(real, current_test(), function);
}

__attribute__((alias("criterion_internal_test_main"))) void ct_own_test_main(void (*function)(void));

EXPORT void criterion_internal_test_teardown(void)
{
	void (*real)(void) = (void (*)(void)) next("criterion_internal_test_teardown");

	if (ct_seam_linked)
		real();
	else
		calltrace_seam_teardown(real);
}

EXPORT void criterion_abort_test(void)
{
	if (!ct_seam_linked)
		calltrace_seam_failure(true);
	((void (*)(void)) next("criterion_abort_test"))();
	}

EXPORT void criterion_continue_test(void)
{
	if (!ct_seam_linked)
		calltrace_seam_failure(false);
	((void (*)(void)) next("criterion_continue_test"))();
}

EXPORT void cr_theory_main(struct criterion_datapoints *points, size_t count,
                           void (*function)(void))
{
	void (*real)(struct criterion_datapoints *, size_t, void (*)(void)) =
		(void (*)(struct criterion_datapoints *, size_t, void (*)(void))) next("cr_theory_main");

	if (ct_seam_linked)
		real(points, count, function);
	else
		calltrace_seam_theory(real, points, count, function);
}

/* Called by the stubs in arch/ of the two that take printf's arguments. */
void *ct_seam_skip(void)
{
	calltrace_seam_ended(CT_ENDED_SKIP);
	return next("criterion_skip_test");
}

void *ct_seam_die(void)
{
	calltrace_seam_ended(CT_ENDED_EXCEPTION);
	return next("criterion_test_die");
}

/* The recorder loads from memory that nobody takes away, and this does. */
EXPORT int mprotect(void *address, size_t size, int protection)
{
	if (!(protection & PROT_READ))
		ct_memory_distrust();
	return (int) syscall(SYS_mprotect, address, size, protection);
}

/* Another library may come to where this one was. */
EXPORT int dlclose(void *handle)
{
	int result = ((int (*)(void *)) next("dlclose"))(handle);

	ct_modules_unloaded();
	return result;
}

/*
 * The system call is waitpid()'s whole meaning but for cancellation: it is a cancellation
 * point, so the real one is called where there is one (always, in a dynamic program).
 */
EXPORT pid_t waitpid(pid_t pid, int *status, int options)
{
	static pid_t (*real)(pid_t, int *, int);
	int seen = 0;
	pid_t found;

	if (!real)
		real = (pid_t (*)(pid_t, int *, int)) next("waitpid");
	found = real(pid, &seen, options);
	if (found > 0) {
		if (status)
			*status = seen;
		ct_seam_reaped(found, seen);
	}
	return found;
}
