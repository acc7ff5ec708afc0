/* crash.c - handlers for the signals that end a process, alternate stacks for them, and the end. */
#include "runtime/crash.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "runtime/convert.h"
#include "runtime/kernel.h"
#include "runtime/settings.h"
#include "runtime/thread.h"

#define BIT(signal) (1ull << ((signal) - 1))

/* What an instruction raises, and may in our handler, too. */
#define FAULTS (BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGILL) | BIT(SIGFPE) | BIT(SIGTRAP) | BIT(SIGSYS))

/* All whose default is to end the process, and that are in use for it. */
static const uint64_t watched =
	FAULTS | BIT(SIGABRT) | BIT(SIGQUIT) | BIT(SIGXCPU) | BIT(SIGXFSZ) | BIT(SIGINT)
	| BIT(SIGTERM) | BIT(SIGHUP) | BIT(SIGALRM) | BIT(SIGVTALRM) | BIT(SIGPROF) | BIT(SIGUSR1)
	| BIT(SIGUSR2) | BIT(SIGPIPE) | BIT(SIGIO) | BIT(SIGPWR) | BIT(SIGSTKFLT);

#define SIGNALS 32
static struct ct_sigaction shown[SIGNALS];
static bool watching;

static long action(int signal, const struct ct_sigaction *set, struct ct_sigaction *old)
{
	return syscall(SYS_rt_sigaction, signal, set, old, sizeof set->mask);
}

static void use_default(int signal)
{
	static const struct ct_sigaction none;

	action(signal, &none, NULL);
}

/* --- the end --- */

/*
 * Who came first: its process in the upper half, its thread in the lower. A child forked meanwhile
 * is another process.
 */
static _Atomic uint64_t first;
static siginfo_t first_info;
static uint32_t hits;         /* signals that hit its handler */
static pid_t recorded_pid;    /* the process that the session is of; kept here, for that may be unmapped */

static uint64_t me(void)
{
	return (uint64_t) ct_getpid() << 32 | (uint32_t) syscall(SYS_gettid);
}

/*
 * Dies of the signal as without us, once the handler returns: it is sent again, the same, and is the
 * only one that may come then, at the very instruction and with the registers that it came to
 * first. A fault that cannot be sent (a sandbox forbids it) happens again by itself.
 */
static void die(const siginfo_t *info, ucontext_t *context)
{
	uint64_t others = ~BIT(info->si_signo);
	uint64_t self = me();

	ct_signals_block(); /* not yet: in the handler the registers are the handler's */
	use_default(info->si_signo);
	memcpy(&context->uc_sigmask, &others, sizeof others);
	if (syscall(SYS_rt_tgsigqueueinfo, self >> 32, self & UINT32_MAX, info->si_signo, info) < 0
	    && info->si_code <= 0)
		syscall(SYS_tgkill, self >> 32, self & UINT32_MAX, info->si_signo);
}

/* Another thread is at it: the process dies when that is done. Not for ever. */
static void wait_for_death(void)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int i = 0; i < 30000; i++)
		syscall(SYS_nanosleep, &moment, NULL);
}

static bool is_recorded(void)
{
	const struct ct_recorder *r = ct_recorder;

	/* Not in a child that shares our memory (vfork), either. */
	return r && atomic_load(&r->state) == CT_STATE_ON && recorded_pid == ct_getpid();
}

static void on_signal(int signal, siginfo_t *info, void *context)
{
	uint64_t self = me(), owner = atomic_load(&first);
	int saved = errno;

	if (is_recorded()) {
		while (owner >> 32 != self >> 32 && !atomic_compare_exchange_strong(&first, &owner, self))
			;
		if (owner == self) { /* in this very handler */
			info = &first_info;
			if (hits++ == 0) /* else that is what it was hit by */
				ct_recorder->session->crash.flags |= CT_CRASH_AGAIN;
			use_default(signal);
		} else if (owner >> 32 == self >> 32) {
			wait_for_death();
		} else {
			first_info = *info;
			hits = 0;
			ct_crash_note(signal, info, context);
			ct_convert_at_exit();
		}
	}
	die(info, context);
	errno = saved;
}

/* --- where it stands --- */

bool ct_crash_is_ours(const void *handler)
{
	return handler == (void *) on_signal;
}

struct ct_sigaction ct_crash_shown(int signal)
{
	return shown[signal];
}

static bool is_watched(int signal)
{
	return signal > 0 && signal < SIGNALS && (watched & BIT(signal));
}

static void stand_in(int signal)
{
	/* Whatever comes while one of them is handled waits, but for what the handler itself does wrong. */
	const struct ct_sigaction ours = {
		.handler = (void *) on_signal,
		.flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | 0x04000000 /* SA_RESTORER */,
		.restorer = ct_sigreturn,
		.mask = ~FAULTS,
	};
	struct ct_sigaction before;

	if (action(signal, NULL, &before) < 0 || before.handler != (void *) SIG_DFL)
		return;
	shown[signal] = before;
	/* Another thread may have set its own in between. */
	if (action(signal, &ours, &before) == 0 && before.handler != (void *) SIG_DFL
	    && before.handler != ours.handler)
		action(signal, &before, NULL);
}

void ct_crash_stand_in(int signal)
{
	int saved = errno;

	if (watching && is_watched(signal))
		stand_in(signal);
	errno = saved;
}

void ct_crash_step_aside(int signal)
{
	struct ct_sigaction now;

	if (watching && is_watched(signal) && action(signal, NULL, &now) == 0
	    && ct_crash_is_ours(now.handler))
		action(signal, &shown[signal], NULL);
}

void ct_crash_begin(void)
{
	int saved = errno;

	recorded_pid = ct_getpid();
	if (!ct_settings.signals || recorded_pid == 1)
		return;
	for (int signal = 1; signal < SIGNALS; signal++)
		if (is_watched(signal))
			stand_in(signal);
	watching = true;
	errno = saved;
}

/* --- alternate stacks: the only place for a handler where a stack has ended --- */

#define ROOM (48u * 1024u) /* for the handler, which may start the `calltrace` program */

static __thread char *own_stack __attribute__((tls_model("initial-exec")));

/* With what the kernel puts there first: all vector registers. */
static size_t stack_size(void)
{
	size_t frame = getauxval(AT_MINSIGSTKSZ);

	return ROOM + ((frame + CT_PAGE - 1) & ~(size_t)(CT_PAGE - 1));
}

/* Behind a page that is not there. */
static char *make_stack(size_t size)
{
	char *memory = ct_pages(CT_PAGE + size);

	if (!memory)
		return NULL;
	syscall(SYS_mprotect, memory, CT_PAGE, PROT_NONE);
	return memory + CT_PAGE;
}

static bool set_stack(void *at, int flags)
{
	const stack_t stack = { .ss_sp = at, .ss_flags = flags, .ss_size = stack_size() };

	return syscall(SYS_sigaltstack, &stack, NULL) == 0;
}

void ct_crash_thread_begin(struct ct_thread *t)
{
	int saved = errno;
	stack_t now;

	if (watching && !own_stack && syscall(SYS_sigaltstack, NULL, &now) == 0
	    && now.ss_flags & SS_DISABLE) {
		if (!t->signal_stack)
			t->signal_stack = make_stack(stack_size());
		if (t->signal_stack && set_stack(t->signal_stack, 0))
			own_stack = t->signal_stack;
	}
	errno = saved;
}

void ct_crash_thread_end(struct ct_thread *t)
{
	int saved = errno;
	stack_t now;

	/* Where the thread is on it now, or the program has its own there: it stays. */
	if (own_stack && syscall(SYS_sigaltstack, NULL, &now) == 0 && now.ss_sp == own_stack
	    && !set_stack(NULL, SS_DISABLE))
		t->signal_stack = NULL;
	own_stack = NULL;
	errno = saved;
}

bool ct_crash_is_our_stack(const stack_t *stack)
{
	return own_stack && stack->ss_sp == own_stack && !(stack->ss_flags & SS_DISABLE);
}

void ct_crash_use_our_stack(void)
{
	if (own_stack)
		set_stack(own_stack, 0);
}
