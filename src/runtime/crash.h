/*
 * crash.h - what is noted when a signal ends the process.
 *
 * The recorder's handler stands only where the program leaves a signal's default, which is to
 * die: so a handler of the program's is never replaced, never called through ours, and runs as it
 * would without us. Who asks what the action was is told the default. When the program sets the
 * default (again), ours stands in its place again (interpose_signals.c).
 *
 * The handler notes what is gone once the process is: the signal, registers, what every thread
 * is doing, the memory map, the tops of the stacks. All else is the reader's. Then the process dies of
 * the same signal, with the same registers and siginfo, as it would have.
 *
 * Not in process 1 of a pid namespace, for which the kernel has other defaults.
 */
#ifndef CT_RUNTIME_CRASH_H
#define CT_RUNTIME_CRASH_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_thread;

/* The kernel's struct sigaction. */
struct ct_sigaction {
	void *handler;
	uint64_t flags;
	void (*restorer)(void);
	uint64_t mask;
};

/* --- crash.c --- */
/* Recording begins. With signals blocked. */
void ct_crash_begin(void);
/* Whether ours is the handler of that signal, to whoever is told `handler`. */
bool ct_crash_is_ours(const void *handler);
/* The action of `signal` may be the default now: then ours stands in for it. Async-signal-safe. */
void ct_crash_stand_in(int signal);
/* Puts that default back, for a moment. */
void ct_crash_step_aside(int signal);
/* What the program believes the action of `signal` to be, where ours is. */
struct ct_sigaction ct_crash_shown(int signal);

/* A thread begins to be recorded, or ends: its alternate stack. With signals blocked. */
void ct_crash_thread_begin(struct ct_thread *t);
void ct_crash_thread_end(struct ct_thread *t);
/* Whether that is the alternate stack that the calling thread has from us. */
bool ct_crash_is_our_stack(const stack_t *stack);
/* The program disabled its own. */
void ct_crash_use_our_stack(void);

/* --- crash_note.c --- */
/* With all signals blocked but those that nobody can block, in the process that is recorded. */
void ct_crash_note(int signal, const siginfo_t *info, const ucontext_t *context);

/* --- arch/x86_64/signal.S --- */
void ct_sigreturn(void);

#endif
