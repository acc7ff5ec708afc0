#include "runtime/tool.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/kernel.h"
#include "runtime/thread.h"

extern char **environ;

/* "<where this library is>/<relative>", if it can be executed. */
static bool beside_library(char *path, size_t size, const char *relative)
{
	Dl_info info;
	char *slash;

	path[0] = '\0';
	if (!dladdr((void *) ct_tool_run, &info) || !info.dli_fname
	    || !ct_append(path, size, info.dli_fname))
		return false;
	slash = strrchr(path, '/');
	if (!slash)
		return false;
	slash[1] = '\0';
	return ct_append(path, size, relative) && ct_access(path, X_OK) == 0;
}

static bool along_path(char *path, size_t size)
{
	const char *at = ct_getenv("PATH");

	for (at = at ? at : "/usr/local/bin:/usr/bin:/bin"; *at; at += *at == ':') {
		size_t n = strcspn(at, ":");

		if (n && n < size - sizeof "/calltrace") {
			memcpy(path, at, n);
			path[n] = '\0';
			ct_append(path, size, "/calltrace");
			if (ct_access(path, X_OK) == 0)
				return true;
		}
		at += n;
	}
	return false;
}

static bool find_program(char *path, size_t size)
{
	const char *named = ct_getenv("CALLTRACE_PROGRAM");

	if (named && *named) {
		path[0] = '\0';
		return ct_append(path, size, named) && ct_access(path, X_OK) == 0;
	}
	/* In a build folder; installed as lib/ and bin/, or lib/<triplet>/ and bin/. */
	return beside_library(path, size, "calltrace") || beside_library(path, size, "../bin/calltrace")
	       || beside_library(path, size, "../../bin/calltrace") || along_path(path, size);
}

static bool is_ours(const char *entry)
{
	static const char *const ours[] = { "LD_PRELOAD=", "CALLTRACE_", "BXFI_MAP=" };
	static const char *const its[] = { "CALLTRACE_CACHE=", "CALLTRACE_CRASH_REPORT=", "CALLTRACE_EXCLUDE=",
		                           "CALLTRACE_ONLY=" };

	for (unsigned i = 0; i < sizeof its / sizeof *its; i++)
		if (strncmp(entry, its[i], strlen(its[i])) == 0)
			return false;
	for (unsigned i = 0; i < sizeof ours / sizeof *ours; i++)
		if (strncmp(entry, ours[i], strlen(ours[i])) == 0)
			return true;
	return false;
}

/* The environment without what would trace the tool, or make it believe it is a worker. */
static char **clean_environment(size_t *size)
{
	size_t count = 0, kept = 0;
	char **env;

	while (environ && environ[count])
		count++;
	*size = (count + 1) * sizeof *env;
	env = ct_pages(*size);
	for (size_t i = 0; env && i < count; i++)
		if (!is_ours(environ[i]))
			env[kept++] = environ[i];
	return env;
}

/*
 * As vfork(), the child sending `signal` at its end, and continuing on a copy of nothing: it borrows
 * this very stack. The system call is made here because a function that makes it could not
 * return twice.
 */
static inline __attribute__((always_inline)) long borrow(long signal)
{
	long pid;

	__asm__ volatile("xorl %%r10d, %%r10d\n\txorl %%r8d, %%r8d\n\tsyscall"
	                 : "=a"(pid)
	                 : "a"(SYS_clone), "D"(CLONE_VM | CLONE_VFORK | signal), "S"(0L), "d"(0L)
	                 : "rcx", "r8", "r10", "r11", "memory");
	return pid;
}

/* Until the program's handlers are gone, no signal may come. The kernel's struct sigaction, all zero: SIG_DFL. */
static void drop_handlers(void)
{
	static const uint64_t none[4];

	for (int i = 1; i <= 64; i++)
		syscall(SYS_rt_sigaction, i, none, NULL, 8);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, 8);
}

static int wait_for(long pid)
{
	int status = 0;

	while (syscall(SYS_wait4, pid, &status, __WALL, NULL) < 0)
		if (errno != EINTR)
			return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

/* 127: it could not be run. */
static __attribute__((noinline)) void start(const char *program, char **argv, char **env)
{
	long pid;

	drop_handlers();
	pid = borrow(SIGCHLD);
	if (pid == 0) {
		syscall(SYS_execve, program, argv, env);
		syscall(SYS_exit, 127);
	}
	syscall(SYS_exit, pid < 0 ? 127 : wait_for(pid));
	__builtin_unreachable();
}

/*
 * What execs is a grandchild: exec makes a process one whose end sends SIGCHLD. The child in between
 * sends no signal, and is not found by a wait() without __WALL.
 */
static __attribute__((noinline)) int run(const char *program, char **argv, char **env)
{
	uint64_t old = ct_signals_block();
	long pid = borrow(0);

	if (pid == 0)
		start(program, argv, env);
	ct_signals_restore(old);
	return pid < 0 ? 127 : wait_for(pid);
}

int ct_tool_run(char **argv)
{
	char program[PATH_MAX];
	size_t size = 0;
	int saved = errno, status = 127;
	char **env;

	if (find_program(program, sizeof program)) {
		env = clean_environment(&size);
		if (env) {
			status = run(program, argv, env);
			ct_munmap(env, size);
		}
	}
	errno = saved;
	return status == 127 ? -1 : status;
}
