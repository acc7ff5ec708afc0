/*
 * handlers.c - a program with signal handlers and alternate stacks of its own: it prints what happens to it, and
 * must print the same traced and untraced.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int count, zero;
static sigjmp_buf back;
extern char **environ;

/* Not instrumented, so that the first recorded call can come behind it. */
#define PLAIN __attribute__((no_instrument_function))

__attribute__((noinline)) static int record(int n)
{
	return n + 1;
}

__attribute__((noinline)) static void fault(void)
{
	*(volatile int *) 16 = 1;
}

static void say(const char *text)
{
	if (write(1, text, strlen(text)) < 0)
		_exit(99);
}

static void tell_action(const char *what, int signal)
{
	struct sigaction action;

	memset(&action, 0xee, sizeof action);
	sigaction(signal, NULL, &action);
	printf("%s: %s flags %#x mask %d%d%d\n", what,
	       action.sa_handler == SIG_DFL ? "default" : action.sa_handler == SIG_IGN ? "ignored" : "a handler",
	       (unsigned) action.sa_flags, sigismember(&action.sa_mask, SIGUSR1),
	       sigismember(&action.sa_mask, SIGSEGV), sigismember(&action.sa_mask, SIGTERM));
	fflush(stdout);
}

static void tell_stack(const char *what)
{
	stack_t stack;

	memset(&stack, 0xee, sizeof stack);
	sigaltstack(NULL, &stack);
	printf("%s: sp %s flags %d size %zu\n", what, stack.ss_sp ? "some" : "none", stack.ss_flags, stack.ss_size);
	fflush(stdout);
}

static bool is_on(const void *stack, size_t size)
{
	const char *here = __builtin_frame_address(0);

	return here >= (const char *) stack && here < (const char *) stack + size;
}

/* --- handlers --- */

static void with_info(int signal, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;
	char line[160];
	sigset_t blocked;

	sigprocmask(SIG_SETMASK, NULL, &blocked);
	snprintf(line, sizeof line, "signal %d code %d address %p blocked %d%d pc %d mask %d\n", signal, info->si_code,
	         info->si_addr, sigismember(&blocked, signal), sigismember(&blocked, SIGTERM),
	         uc->uc_mcontext.gregs[REG_RIP] != 0, sigismember(&uc->uc_sigmask, SIGTERM));
	say(line);
	record(1);
	_exit(7);
}

static void jumps(int signal)
{
	(void) signal;
	count++;
	record(2);
	siglongjmp(back, 1);
}

static void restores_and_raises(int signal)
{
	say("mine first\n");
	record(3);
	sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
	raise(signal);
}

static void restores_and_returns(int number)
{
	say("mine first\n");
	signal(number, SIG_DFL);
}

static void says(int number)
{
	(void) number;
	say("handled\n");
	count++;
}

static void crashes_too(int signal)
{
	(void) signal;
	say("in the handler\n");
	*(volatile int *) 32 = 1;
}

static char own[64 * 1024], *usual;

static void on_own_stack(int signal)
{
	(void) signal;
	say(is_on(own, sizeof own) ? "on the program's own stack\n"
	    : is_on(usual - 65536, 65536) ? "on the usual stack\n" : "elsewhere\n");
	_exit(8);
}

static void install(int signal, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigaddset(&action.sa_mask, SIGTERM);
	sigaction(signal, &action, NULL);
}

static void install_info(void)
{
	struct sigaction action = { .sa_sigaction = with_info, .sa_flags = SA_SIGINFO };

	sigaddset(&action.sa_mask, SIGTERM);
	sigaction(SIGSEGV, &action, NULL);
}

/* --- what is tried --- */

static void questions(void)
{
	struct sigaction action = { .sa_handler = says, .sa_flags = SA_RESTART };
	struct sigaction old;

	tell_action("at first", SIGSEGV);
	printf("signal() %d\n", signal(SIGTERM, says) == SIG_DFL);
	printf("signal() again %d\n", signal(SIGTERM, SIG_DFL) == says);
	printf("signal() at last %d\n", signal(SIGTERM, SIG_IGN) == SIG_DFL);
	printf("sysv_signal() %d\n", sysv_signal(SIGHUP, says) == SIG_DFL);
	printf("ssignal() %d\n", ssignal(SIGHUP, SIG_DFL) == says);
	printf("sigset() %d\n", sigset(SIGUSR2, says) == SIG_DFL);
	printf("sigset() again %d\n", sigset(SIGUSR2, SIG_DFL) == says);
	printf("wrong %d %d\n", sigaction(SIGKILL, &action, NULL), errno);
	printf("wrong %d %d\n", sigaction(1000, NULL, &old), errno);
	sigaddset(&action.sa_mask, SIGUSR1);
	sigaction(SIGSEGV, &action, &old);
	printf("was default %d\n", old.sa_handler == SIG_DFL);
	tell_action("handled", SIGSEGV);
	action.sa_handler = SIG_DFL;
	action.sa_flags = SA_NODEFER;
	sigaction(SIGSEGV, &action, &old);
	printf("was mine %d\n", old.sa_handler == says);
	tell_action("default with flags", SIGSEGV);
	siginterrupt(SIGALRM, 1);
	tell_action("interrupting", SIGALRM);
	tell_action("ignored", SIGTERM);
}

static void stacks(void)
{
	stack_t mine = { .ss_sp = own, .ss_size = sizeof own }, off = { .ss_flags = SS_DISABLE }, old;

	tell_stack("at first");
	sigaltstack(&mine, &old);
	printf("before mine: %d\n", old.ss_flags);
	tell_stack("mine");
	sigaltstack(&off, &old);
	printf("before none: %d %d\n", old.ss_flags, old.ss_sp == own);
	tell_stack("none");
	mine.ss_size = 10;
	printf("too small %d %d\n", sigaltstack(&mine, NULL), errno);
}

static void *stack_in_thread(void *unused)
{
	record(4);
	tell_stack("in a thread");
	return unused;
}

static void waits(void)
{
	const sigset_t none = {0};
	sigset_t set = none;
	struct signalfd_siginfo got;
	int signal, fd;

	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGTERM);
	sigwait(&set, &signal);
	printf("waited for %d\n", signal);
	fd = signalfd(-1, &set, 0);
	kill(getpid(), SIGUSR1);
	if (read(fd, &got, sizeof got) == sizeof got)
		printf("read %u\n", got.ssi_signo);
}

static void timers(void)
{
	const struct itimerval soon = { .it_value = { .tv_usec = 1000 }, .it_interval = { .tv_usec = 1000 } };

	install(SIGPROF, says, SA_RESTART);
	setitimer(ITIMER_PROF, &soon, NULL);
	record(5);
	while (count == 0) /* no recorded calls: there would be very many of them */
		zero = 0;
	setitimer(ITIMER_PROF, &(struct itimerval){0}, NULL);
	say("a timer came\n");
}

/* Children begin with the defaults that they would have. */
static void children(void)
{
	static char *const argv[] = { "sh", "-c", "grep -E 'Sig(Ign|Cgt)' /proc/self/status; kill -SEGV $$", NULL };
	pid_t pid;
	int status;

	fflush(stdout);
	posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ);
	waitpid(pid, &status, 0);
	printf("spawned: %#x\n", status & 0x7f);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		fault();
	waitpid(pid, &status, 0);
	printf("forked: %#x\n", status & 0x7f);
	fflush(stdout);
	pid = vfork();
	if (pid == 0) {
		raise(SIGTERM);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	printf("vforked: %#x\n", status & 0x7f);
}

static void jump_out(void)
{
	install(SIGSEGV, jumps, SA_NODEFER);
	for (int i = 0; i < 3; i++)
		if (sigsetjmp(back, 1) == 0)
			fault();
	printf("jumped %d times\n", count);
}

static void *block(void *unused)
{
	record(6);
	for (;;)
		pause();
	return unused;
}

static int overflow(int n)
{
	volatile char room[500];

	room[0] = (char) n;
	return overflow(n + 1) + room[0];
}

/* Takes away what the recorder's handler writes into; no recorded call may come behind it. */
PLAIN static void go_blind(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long start, end;
	char line[4200];

	while (fgets(line, sizeof line, maps))
		if (strstr(line, ".ct\n") && sscanf(line, "%lx-%lx", &start, &end) == 2)
			munmap((void *) start, end - start);
	zero = count / zero;
}

static void choose(const char *what)
{
	stack_t mine = { .ss_sp = own, .ss_size = sizeof own };
	pthread_t thread;

	if (strcmp(what, "questions") == 0)
		questions();
	else if (strcmp(what, "stacks") == 0) {
		stacks();
		pthread_create(&thread, NULL, stack_in_thread, NULL);
		pthread_join(thread, NULL);
	} else if (strcmp(what, "waits") == 0)
		waits();
	else if (strcmp(what, "timers") == 0)
		timers();
	else if (strcmp(what, "children") == 0)
		children();
	else if (strcmp(what, "blind") == 0)
		go_blind();
	else if (strcmp(what, "jump") == 0)
		jump_out();
	else if (strcmp(what, "info") == 0) {
		install_info();
		fault();
	} else if (strcmp(what, "raise-again") == 0) {
		install(SIGSEGV, restores_and_raises, 0);
		fault();
	} else if (strcmp(what, "return-again") == 0) {
		install(SIGSEGV, restores_and_returns, 0);
		fault();
	} else if (strcmp(what, "reset") == 0) {
		install(SIGSEGV, says, SA_RESETHAND);
		fault();
	} else if (strcmp(what, "abort") == 0) {
		install(SIGABRT, says, 0);
		abort();
	} else if (strcmp(what, "crash-in-handler") == 0) {
		install(SIGUSR1, crashes_too, 0);
		raise(SIGUSR1);
	} else if (strcmp(what, "own-stack") == 0) {
		install(SIGSEGV, on_own_stack, SA_ONSTACK);
		sigaltstack(&mine, NULL);
		tell_action("wished", SIGSEGV);
		overflow(0);
	} else if (strcmp(what, "onstack-without") == 0) {
		install(SIGUSR1, on_own_stack, SA_ONSTACK);
		tell_action("wished", SIGUSR1);
		raise(SIGUSR1);
	} else if (strcmp(what, "ignored") == 0) {
		signal(SIGTERM, SIG_IGN);
		raise(SIGTERM);
		say("ignored\n");
	} else if (strcmp(what, "threads") == 0) {
		pthread_create(&thread, NULL, block, NULL);
		pthread_kill(thread, SIGUSR2);
		pthread_join(thread, NULL);
	} else if (strcmp(what, "default") == 0)
		fault();
}

/* "first": handlers are there before anything is recorded. */
PLAIN int main(int argc, char **argv)
{
	bool first = argc > 2 && strcmp(argv[2], "first") == 0;

	usual = __builtin_frame_address(0);
	if (!first)
		record(0);
	choose(argv[1]);
	fflush(stdout);
	return 0;
}
