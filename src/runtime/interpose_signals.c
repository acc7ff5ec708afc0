/*
 * interpose_signals.c - the functions by which a program sets and asks for signal actions and
 * alternate stacks. Each passes on, so that the kernel has what the program says; then
 * ours stands in for what is the default, and is hidden from whoever asks (crash.h).
 *
 * A handler that is to run on the alternate stack runs on the usual one where there is no other. Our
 * stacks must not change that: so until the program sets a stack of its own, the kernel is not told
 * of the wish.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/crash.h"
#include "runtime/kernel.h"
#include "runtime/settings.h"
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
EXPORT int siginterrupt(int signal, int interrupt);
EXPORT int sigaltstack(const stack_t *stack, stack_t *old);

static _Atomic uint64_t wishes; /* bit signal - 1: SA_ONSTACK, which the kernel was not told of */
static _Atomic bool has_stacks, has_handlers;

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

static uint64_t bit(int signal)
{
	return signal > 0 && signal <= 64 ? 1ull << (signal - 1) : 0;
}

/* Before the kernel is told of it. */
static void note_handler(handler_fn handler)
{
	if (handler != SIG_DFL && handler != SIG_IGN)
		has_handlers = true;
}

bool ct_has_handlers(void)
{
	return has_handlers;
}

/* The action to tell the kernel of, in `*changed` if it is not the program's. */
static const struct sigaction *without_stack(const struct sigaction *action, struct sigaction *changed)
{
	if (!action || !(action->sa_flags & SA_ONSTACK) || has_stacks || !ct_settings.signals
	    || action->sa_handler == SIG_DFL || action->sa_handler == SIG_IGN)
		return action;
	*changed = *action;
	changed->sa_flags &= ~SA_ONSTACK;
	return changed;
}

/* The program sets a stack: from now on as it wishes. */
static void grant_wishes(void)
{
	uint64_t left = atomic_exchange(&wishes, 0);

	has_stacks = true;
	for (int signal = 1; left; signal++, left >>= 1) {
		struct ct_sigaction action;

		if ((left & 1) && syscall(SYS_rt_sigaction, signal, NULL, &action, 8) == 0) {
			action.flags |= SA_ONSTACK;
			syscall(SYS_rt_sigaction, signal, &action, NULL, 8);
		}
	}
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
	struct sigaction changed;
	const struct sigaction *told = without_stack(action, &changed);
	bool wished = wishes & bit(signal);
	int result;

	if (!real_sigaction)
		real_sigaction = (int (*)(int, const struct sigaction *, struct sigaction *)) next(
			"sigaction");
	if (action)
		note_handler(action->sa_handler);
	result = real_sigaction(signal, told, old);
	if (result != 0)
		return result;
	if (old && wished)
		old->sa_flags |= SA_ONSTACK;
	if (action)
		told != action ? atomic_fetch_or(&wishes, bit(signal)) : atomic_fetch_and(&wishes, ~bit(signal));
	if (old && ct_crash_is_ours((void *) old->sa_handler))
		hide(signal, old);
	if (action)
		ct_crash_stand_in(signal);
	return result;
}

static handler_fn settle(int signal, handler_fn old)
{
	if (old != SIG_ERR) {
		atomic_fetch_and(&wishes, ~bit(signal)); /* none of these functions has flags */
		ct_crash_stand_in(signal);
	}
	return ct_crash_is_ours((void *) old) ? SIG_DFL : old;
}

EXPORT handler_fn signal(int number, handler_fn handler)
{
	if (!real_signal)
		real_signal = (handler_fn (*)(int, handler_fn)) next("signal");
	note_handler(handler);
	return settle(number, real_signal(number, handler));
}

static handler_fn pass(const char *name, int number, handler_fn handler)
{
	note_handler(handler);
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

/* It sets the action anew that it finds. */
EXPORT int siginterrupt(int number, int interrupt)
{
	int result;

	ct_crash_step_aside(number);
	result = ((int (*)(int, int)) next("siginterrupt"))(number, interrupt);
	ct_crash_stand_in(number);
	return result;
}

bool ct_alternate_stack(uint64_t *low, uint64_t *high)
{
	int saved = errno;
	stack_t now;
	bool is_there;

	if (!has_stacks)
		return false;
	is_there = syscall(SYS_sigaltstack, NULL, &now) == 0 && !(now.ss_flags & SS_DISABLE);
	if (is_there) {
		*low = (uint64_t) now.ss_sp;
		*high = *low + now.ss_size;
	}
	errno = saved;
	return is_there;
}

EXPORT int sigaltstack(const stack_t *stack, stack_t *old)
{
	stack_t before;
	int result;

	if (!real_sigaltstack)
		real_sigaltstack = (int (*)(const stack_t *, stack_t *)) next("sigaltstack");
	if (stack && !(stack->ss_flags & SS_DISABLE) && !has_stacks)
		grant_wishes();
	result = real_sigaltstack(stack, &before);
	if (result != 0)
		return result;
	if (old)
		*old = ct_crash_is_our_stack(&before) ? (stack_t){ .ss_flags = SS_DISABLE } : before;
	if (stack && stack->ss_flags & SS_DISABLE)
		ct_crash_use_our_stack();
	return result;
}
