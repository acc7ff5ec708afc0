/* crash_words.c - signals, their causes, system calls and states of threads in words. */
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/text.h"
#include "trace/crash_parts.h"

const char *ct_crash_register_name(int number)
{
	static const char *const names[CT_CRASH_REGISTERS] = {
		"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12",
		"r13", "r14", "r15", "rip", "eflags",
	};

	return names[number];
}

const char *ct_signal_name(struct ct_arena *arena, int signal)
{
	const char *name = sigabbrev_np(signal);

	if (name)
		return ct_arena_printf(arena, "SIG%s", name);
	return ct_arena_printf(arena, signal >= SIGRTMIN ? "real-time signal %d" : "signal %d", signal);
}

static const struct {
	int signal, code;
	const char *words;
} causes[] = {
	{ SIGSEGV, SEGV_MAPERR, "nothing is mapped there" },
	{ SIGSEGV, SEGV_ACCERR, "what is mapped there does not permit it" },
	{ SIGSEGV, SEGV_BNDERR, "outside the bounds of the object" },
	{ SIGSEGV, SEGV_PKUERR, "a memory protection key forbids it" },
	{ SIGSEGV, SI_KERNEL, "an address that no process can have (not canonical), or a forbidden instruction" },
	{ SIGBUS, BUS_ADRALN, "the address is not aligned" },
	{ SIGBUS, BUS_ADRERR, "the file that is mapped there is shorter, or there was no memory for it" },
	{ SIGBUS, BUS_OBJERR, "a hardware error" },
	{ SIGBUS, BUS_MCEERR_AR, "the memory is defective" },
	{ SIGBUS, BUS_MCEERR_AO, "the memory is defective" },
	{ SIGBUS, SI_KERNEL, "a stack segment fault: an address that no process can have" },
	{ SIGILL, ILL_ILLOPC, "an invalid instruction" },
	{ SIGILL, ILL_ILLOPN, "an invalid instruction (the compiler puts ud2 where __builtin_trap() or "
	                      "__builtin_unreachable() is)" },
	{ SIGILL, ILL_PRVOPC, "a privileged instruction" },
	{ SIGFPE, FPE_INTDIV, "integer division by zero, or with a result too large" },
	{ SIGFPE, FPE_INTOVF, "integer overflow" },
	{ SIGFPE, FPE_FLTDIV, "floating-point division by zero" },
	{ SIGFPE, FPE_FLTOVF, "floating-point overflow" },
	{ SIGFPE, FPE_FLTUND, "floating-point underflow" },
	{ SIGFPE, FPE_FLTRES, "an inexact floating-point result" },
	{ SIGFPE, FPE_FLTINV, "an invalid floating-point operation" },
	{ SIGTRAP, SI_KERNEL, "a breakpoint instruction" },
	{ SIGTRAP, TRAP_BRKPT, "a breakpoint" },
	{ SIGTRAP, TRAP_TRACE, "a single step" },
};

static const char *said_of_fault(int signal, int code)
{
	for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
		if (causes[i].signal == signal && causes[i].code == code)
			return causes[i].words;
	return NULL;
}

/* What nobody sent, but is no fault either. */
static const char *said_by_kernel(int signal)
{
	switch (signal) {
	case SIGALRM:
	case SIGVTALRM:
	case SIGPROF: return "a timer of the program ran out";
	case SIGINT: return "an interrupt from the terminal (Ctrl-C)";
	case SIGQUIT: return "a quit from the terminal (Ctrl-\\)";
	case SIGHUP: return "the terminal was closed";
	case SIGPIPE: return "written to a pipe or socket that nobody reads";
	case SIGXCPU: return "the limit of processor time was reached";
	case SIGXFSZ: return "the limit of a file's size was reached";
	default: return NULL;
	}
}

static bool is_fault(int signal, int code)
{
	return (signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE
	        || signal == SIGTRAP) && code > 0;
}

/* `self`: the process itself. */
static const char *said_of_sender(struct ct_arena *arena, const siginfo_t *info, uint32_t self)
{
	bool own = (uint32_t) info->si_pid == self;

	switch (info->si_code) {
	case SI_TKILL:
	case SI_USER:
		if (own && info->si_signo == SIGABRT)
			return "the program called abort(), or raised it";
		if (own)
			return "the program sent it to itself";
		return ct_arena_printf(arena, "sent by process %d (user %u)", info->si_pid, info->si_uid);
	case SI_QUEUE:
		return ct_arena_printf(arena, own ? "the program queued it"
		                                  : "queued by process %d (user %u)", info->si_pid, info->si_uid);
	case SI_TIMER: return "a timer of the program ran out";
	case SI_MESGQ: return "a message came";
	case SI_ASYNCIO: return "asynchronous input or output was done";
	default: return NULL;
	}
}

static const char *access_of(const struct ct_crash *crash)
{
	if (crash->trap != 14) /* a page fault */
		return NULL;
	return crash->trap_error & 16 ? "execute" : crash->trap_error & 2 ? "write" : "read";
}

void ct_crash_tell(struct ct_arena *arena, const struct ct_session *session,
                   struct ct_crash_report *report)
{
	const struct ct_crash *crash = &session->crash;
	siginfo_t info;

	memcpy(&info, crash->info, sizeof info);
	report->fault = is_fault(report->signal, info.si_code);
	if (report->fault) {
		report->cause = said_of_fault(report->signal, info.si_code);
		report->has_address = info.si_code != SI_KERNEL;
		report->address = (uint64_t) info.si_addr;
		report->access = access_of(crash);
	} else if (report->signal == SIGSYS && info.si_code > 0) {
		report->cause = ct_arena_printf(arena, "the system call %s is forbidden here",
		                                ct_system_call_name(arena, info.si_syscall));
	} else if (info.si_code > 0) {
		report->cause = said_by_kernel(report->signal);
	} else {
		if (info.si_code == SI_USER || info.si_code == SI_TKILL || info.si_code == SI_QUEUE)
			report->sender = (uint32_t) info.si_pid;
		report->cause = said_of_sender(arena, &info, session->pid);
	}
}

const char *ct_thread_state(uint32_t state)
{
	switch (state) {
	case 'R': return "running";
	case 'S': return "waiting";
	case 'D': return "waiting for the disk";
	case 'T': return "stopped";
	case 't': return "stopped by a debugger";
	case 'Z':
	case 'X': return "ending";
	default: return NULL;
	}
}

/* What threads are found in. */
static const struct {
	int number;
	const char *name;
} calls[] = {
#define CALL(name) { SYS_##name, #name }
	CALL(read), CALL(write), CALL(open), CALL(openat), CALL(close), CALL(poll), CALL(ppoll), CALL(select),
	CALL(pselect6), CALL(epoll_wait), CALL(epoll_pwait), CALL(futex), CALL(nanosleep),
	CALL(clock_nanosleep), CALL(pause), CALL(wait4), CALL(waitid), CALL(accept), CALL(accept4),
	CALL(connect), CALL(recvfrom), CALL(recvmsg), CALL(recvmmsg), CALL(sendto), CALL(sendmsg),
	CALL(sendmmsg), CALL(readv), CALL(writev), CALL(pread64), CALL(pwrite64), CALL(preadv), CALL(pwritev),
	CALL(rt_sigtimedwait), CALL(rt_sigsuspend), CALL(rt_sigreturn), CALL(restart_syscall), CALL(msgrcv),
	CALL(msgsnd), CALL(semop), CALL(semtimedop), CALL(mq_timedreceive), CALL(mq_timedsend), CALL(flock),
	CALL(fcntl), CALL(fsync), CALL(fdatasync), CALL(sync), CALL(io_getevents), CALL(io_uring_enter),
	CALL(splice), CALL(tee), CALL(vmsplice), CALL(sendfile), CALL(copy_file_range), CALL(sched_yield), CALL(mmap),
	CALL(munmap), CALL(mprotect), CALL(madvise), CALL(brk), CALL(execve), CALL(vfork), CALL(fork),
	CALL(clone), CALL(clone3), CALL(kill), CALL(tgkill), CALL(exit), CALL(exit_group), CALL(ioctl),
	CALL(ptrace), CALL(getrandom), CALL(stat), CALL(fstat), CALL(lstat), CALL(newfstatat), CALL(statx),
	CALL(getdents64), CALL(unlink), CALL(unlinkat), CALL(rename), CALL(mkdir), CALL(socket), CALL(bind),
	CALL(listen), CALL(setuid), CALL(getpid), CALL(gettid), CALL(uname), CALL(getcwd), CALL(chdir),
	CALL(socketpair), CALL(pipe2), CALL(dup3), CALL(fallocate), CALL(ftruncate), CALL(lseek), CALL(access),
#undef CALL
};

const char *ct_system_call_name(struct ct_arena *arena, int64_t number)
{
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (calls[i].number == number)
			return calls[i].name;
	return ct_arena_printf(arena, "number %lld", (long long) number);
}
