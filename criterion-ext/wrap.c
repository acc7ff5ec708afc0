/*
 * wrap.c - the seam by link: what `-Wl,--wrap=...` (wrap.list, in the pkg-config file) puts
 * before libcriterion's functions, shared or static. All that happens is in the recorder;
 * see src/runtime/criterion.c.
 *
 * Without the flags the real functions are not there by these names (they are weak), and the
 * wrappers are never called. Then, and where a shared libcriterion comes behind
 * libcalltrace.so, that one's own definitions serve.
 */
#include <criterion/types.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "format/raw.h"
#include "runtime/seam.h"

extern const struct criterion_test *criterion_current_test;

#define REAL __attribute__((weak))
REAL void __real_criterion_internal_test_setup(void);
REAL void __real_criterion_internal_test_main(void (*function)(void));
REAL void __real_criterion_internal_test_teardown(void);
REAL void __real_criterion_abort_test(void);
REAL void __real_criterion_continue_test(void);
REAL void __real_criterion_skip_test(const char *format, ...);
REAL void __real_criterion_test_die(const char *format, ...);
REAL void __real_cr_theory_main(struct criterion_datapoints *points, size_t count,
                                void (*function)(void));

void __wrap_criterion_internal_test_setup(void);
void __wrap_criterion_internal_test_main(void (*function)(void));
void __wrap_criterion_internal_test_teardown(void);
void __wrap_criterion_abort_test(void);
void __wrap_criterion_continue_test(void);
void __wrap_criterion_skip_test(const char *format, ...);
void __wrap_criterion_test_die(const char *format, ...);
void __wrap_cr_theory_main(struct criterion_datapoints *points, size_t count,
                           void (*function)(void));

static bool passes_on; /* what is behind the wrappers does our work: see attach() */

void __wrap_criterion_internal_test_setup(void)
{
	if (passes_on)
		__real_criterion_internal_test_setup();
	else
		calltrace_seam_setup(__real_criterion_internal_test_setup, criterion_current_test);
}

void __wrap_criterion_internal_test_main(void (*function)(void))
{
	if (passes_on)
		__real_criterion_internal_test_main(function);
	else
		calltrace_seam_main(__real_criterion_internal_test_main, criterion_current_test,
		                    function);
}

void __wrap_criterion_internal_test_teardown(void)
{
	if (passes_on)
		__real_criterion_internal_test_teardown();
	else
		calltrace_seam_teardown(__real_criterion_internal_test_teardown);
}

void __wrap_criterion_abort_test(void)
{
	if (!passes_on)
		calltrace_seam_failure(true);
	__real_criterion_abort_test();
}

void __wrap_criterion_continue_test(void)
{
	if (!passes_on)
		calltrace_seam_failure(false);
	__real_criterion_continue_test();
}

/* Passes a printf-like call on as one finished text: what the real one prints is the same. */
static void forward(void (*real)(const char *, ...), const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	real("%s", text ? text : format);
	free(text);
}

void __wrap_criterion_skip_test(const char *format, ...)
{
	va_list args;

	if (!passes_on)
		calltrace_seam_ended(CT_ENDED_SKIP);
	va_start(args, format);
	forward(__real_criterion_skip_test, format, args);
	va_end(args);
}

void __wrap_criterion_test_die(const char *format, ...)
{
	va_list args;

	if (!passes_on)
		calltrace_seam_ended(CT_ENDED_EXCEPTION);
	va_start(args, format);
	forward(__real_criterion_test_die, format, args);
	va_end(args);
}

void __wrap_cr_theory_main(struct criterion_datapoints *points, size_t count,
                           void (*function)(void))
{
	if (passes_on)
		__real_cr_theory_main(points, count, function);
	else
		calltrace_seam_theory(__real_cr_theory_main, points, count, function);
}

/* Before the program's own constructors, whose calls are recorded: see `role` in the trace. */
__attribute__((constructor(101))) static void attach(void)
{
	if (__real_criterion_internal_test_main)
		passes_on = !calltrace_seam_attach(__real_criterion_internal_test_main);
}
