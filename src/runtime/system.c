/* system.c - the few things that the recorder asks of the system. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "runtime/kernel.h"
#include "runtime/settings.h"
#include "runtime/thread.h"

/* More than anything needs that runs with signals blocked, and less than a guard page. */
#define SLOW_STACK 2048

/*
 * Straight to the kernel: glibc's sigprocmask() leaves its own two signals (thread
 * cancellation, set*id) open, and a cancellation in the middle of a chunk would be as bad
 * as any other.
 */
uint64_t ct_signals_block(void)
{
	uint64_t all = ~0ull, old = 0;
	int saved = errno;

	/* Where the stack ends within the next steps it is to end now: a SIGSEGV that is blocked
	 * ends the process, even if the program has a handler for it. */
	(void) *((volatile char *) __builtin_frame_address(0) - SLOW_STACK);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof all);
	errno = saved;
	return old;
}

void ct_signals_restore(uint64_t old)
{
	int saved = errno;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof old);
	errno = saved;
}

void *ct_pages(size_t size)
{
	int saved = errno;
	void *memory = ct_mmap(NULL, size, PROT_READ | PROT_WRITE,
	                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	errno = saved;
	return memory == MAP_FAILED ? NULL : memory;
}

extern char **environ;

static bool is_named(const char *variable, const char *name, size_t n)
{
	return strncmp(variable, name, n) == 0 && variable[n] == '=';
}

/* The whole file, NUL behind it; never given back. NULL: there is none. */
static const char *read_whole(const char *path, size_t *size)
{
	for (size_t room = 16u << 10; room <= 4u << 20; room *= 2) {
		char *text = ct_pages(room);
		int fd = text ? ct_open(path, O_RDONLY | O_CLOEXEC, 0) : -1;
		ssize_t n = 1;

		for (*size = 0; fd >= 0 && n > 0 && *size < room - 1; *size += n > 0 ? (size_t) n : 0)
			n = ct_read(fd, text + *size, room - 1 - *size);
		if (fd >= 0)
			ct_close(fd);
		if (n == 0)
			return text;
		if (text)
			ct_munmap(text, room);
		if (fd < 0)
			break;
	}
	return NULL;
}

/* A resolver of an ifunc is called while the program is relocated: libc has no `environ` yet. */
static const char *getenv_early(const char *name)
{
	static const char *text;
	static size_t size;
	size_t n = strlen(name);

	if (!text)
		text = read_whole("/proc/self/environ", &size);
	for (const char *at = text; at && at < text + size; at += strlen(at) + 1)
		if (is_named(at, name, n))
			return at + n + 1;
	return NULL;
}

const char *ct_getenv(const char *name)
{
	size_t n = strlen(name);

	if (!environ)
		return getenv_early(name);
	for (char **at = environ; *at; at++)
		if (is_named(*at, name, n))
			return *at + n + 1;
	return NULL;
}

bool ct_append(char *to, size_t size, const char *more)
{
	size_t at = strlen(to), n = strlen(more);
	bool fits = n < size - at;

	if (!fits)
		n = size - at - 1;
	memcpy(to + at, more, n);
	to[at + n] = '\0';
	return fits;
}

bool ct_append_number(char *to, size_t size, uint64_t number)
{
	char digits[24];
	size_t at = sizeof digits - 1;

	digits[at] = '\0';
	do {
		digits[--at] = (char) ('0' + number % 10);
		number /= 10;
	} while (number);
	return ct_append(to, size, digits + at);
}

bool ct_write_line(int fd, const struct iovec *parts, int count, size_t size)
{
	const uint64_t fatal = 1ull << (SIGXFSZ - 1) | 1ull << (SIGPIPE - 1);
	int saved = errno;
	uint64_t old = ct_signals_block(), before = ct_sigpending() & fatal;
	bool ok = ct_writev(fd, parts, count) == (ssize_t) size;

	if (!ok && ct_sigpending() & fatal & ~before)
		ct_sigtake(fatal & ~before);
	ct_signals_restore(old);
	errno = saved;
	return ok;
}

static void print(const char *first, const char *second, const char *third)
{
	struct iovec parts[] = {
		{ (char *) "calltrace: ", 11 },
		{ (char *) first, strlen(first) },
		{ (char *) second, strlen(second) },
		{ (char *) third, strlen(third) },
		{ (char *) "\n", 1 },
	};
	size_t size = 0;

	for (int i = 0; i < 5; i++)
		size += parts[i].iov_len;
	ct_write_line(STDERR_FILENO, parts, 5, size);
}

void ct_say(const char *first, const char *second, const char *third)
{
	/* A worker's runner has the same settings and the same directory, and has said it. */
	if (!ct_settings.worker)
		print(first, second ? second : "", third ? third : "");
}

void ct_debug(const char *first, const char *second, const char *third)
{
	if (ct_settings.debug)
		print(first, second ? second : "", third ? third : "");
}
