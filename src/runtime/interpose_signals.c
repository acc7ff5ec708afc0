/*
 * interpose_signals.c - the functions by which a program sets and asks for signal actions and
 * alternate stacks. Each passes on, so that the kernel has what the program says; then
 * ours stands in for what is the default, and is hidden from whoever asks (crash.h).
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/crash.h"
#include "runtime/interpose.h"

#define EXPORT __attribute__((visibility("default")))

typedef void (*handler_fn)(int);

static int (*real_sigaction)(int, const struct sigaction *, struct sigaction *);
static int (*real_sigaltstack)(const stack_t *, stack_t *);
static handler_fn (*real_signal)(int, handler_fn);

EXPORT int sigaction(int signal, const struct sigaction *action, struct sigaction *old);
EXPORT handler_fn signal(int signal, handler_fn handler);
EXPORT handler_fn bsd_signal(int signal, handler_fn handler);
EXPORT handler_fn ssignal(int signal, handler_fn handler);
EXPORT handler_fn sysv_signal(int signal, handler_fn handler);
EXPORT handler_fn __sysv_signal(int signal, handler_fn handler);
EXPORT handler_fn sigset(int signal, handler_fn disposition);
EXPORT int sigaltstack(const stack_t *stack, stack_t *old);

static void *next(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (!found)
		abort(); /* somebody called it, so somebody defines it */
	return found;
}

/* Before any handler may call them: dlsym() is not for handlers. */
void ct_interpose_signals_at_load(void)
{
	real_sigaction = (int (*)(int, const struct sigaction *, struct sigaction *)) dlsym(
		RTLD_NEXT, "sigaction");
	real_sigaltstack = (int (*)(const stack_t *, stack_t *)) dlsym(RTLD_NEXT, "sigaltstack");
	real_signal = (handler_fn (*)(int, handler_fn)) dlsym(RTLD_NEXT, "signal");
}

static void hide(int signal, struct sigaction *old)
{
	struct ct_sigaction shown = ct_crash_shown(signal);

	old->sa_handler = SIG_DFL;
	old->sa_flags = (int) shown.flags;
	old->sa_restorer = shown.restorer;
	memcpy(&old->sa_mask, &shown.mask, sizeof shown.mask);
}

EXPORT int sigaction(int signal, const struct sigaction *action, struct sigaction *old)
{
	int result;

	if (!real_sigaction)
		real_sigaction = (int (*)(int, const struct sigaction *, struct sigaction *)) next(
			"sigaction");
	result = real_sigaction(signal, action, old);
	if (result == 0 && old && ct_crash_is_ours((void *) old->sa_handler))
		hide(signal, old);
	if (result == 0 && action)
		ct_crash_stand_in(signal);
	return result;
}

static handler_fn settle(int signal, handler_fn old)
{
	if (old != SIG_ERR)
		ct_crash_stand_in(signal);
	return ct_crash_is_ours((void *) old) ? SIG_DFL : old;
}

EXPORT handler_fn signal(int number, handler_fn handler)
{
	if (!real_signal)
		real_signal = (handler_fn (*)(int, handler_fn)) next("signal");
	return settle(number, real_signal(number, handler));
}

static handler_fn pass(const char *name, int number, handler_fn handler)
{
	return settle(number, ((handler_fn (*)(int, handler_fn)) next(name))(number, handler));
}

EXPORT handler_fn bsd_signal(int number, handler_fn handler)
{
	return pass("bsd_signal", number, handler);
}

EXPORT handler_fn ssignal(int number, handler_fn handler)
{
	return pass("ssignal", number, handler);
}

EXPORT handler_fn sysv_signal(int number, handler_fn handler)
{
	return pass("sysv_signal", number, handler);
}

EXPORT handler_fn __sysv_signal(int number, handler_fn handler)
{
	return pass("__sysv_signal", number, handler);
}

EXPORT handler_fn sigset(int number, handler_fn disposition)
{
	return pass("sigset", number, disposition);
}

EXPORT int sigaltstack(const stack_t *stack, stack_t *old)
{
	stack_t before;
	int result;

	if (!real_sigaltstack)
		real_sigaltstack = (int (*)(const stack_t *, stack_t *)) next("sigaltstack");
	result = real_sigaltstack(stack, &before);
	if (result != 0)
		return result;
	if (old)
		*old = ct_crash_is_our_stack(&before) ? (stack_t){ .ss_flags = SS_DISABLE } : before;
	if (stack && stack->ss_flags & SS_DISABLE)
		ct_crash_use_our_stack();
	return result;
}
