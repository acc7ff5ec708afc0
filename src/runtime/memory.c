#include "runtime/memory.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/single_threaded.h>
#include <sys/wait.h>

#include "runtime/kernel.h"
#include "runtime/plans.h"
#include "runtime/thread.h"

#define MAIN_STACK (64ull << 20) /* the kernel keeps at least twice that free below a main stack */
#define NEAR_FRAMES 8
#define PIECE 256

extern void *__curbrk; /* glibc's: where brk() has put the end of the heap */

static uint64_t stack_end;  /* of the main thread */
static uint64_t heap_start; /* 0: not known */
static bool distrusted;

enum sandbox {
	SANDBOX_NONE,    /* none was there at the beginning */
	SANDBOX_ALLOWS,  /* one that lets process_vm_readv() pass, or return an error */
	SANDBOX_FORBIDS, /* or who knows */
};
static int sandbox;

void ct_memory_distrust(void)
{
	__atomic_store_n(&distrusted, true, __ATOMIC_RELEASE);
}

/* Field 47 of /proc/self/stat (proc(5)); the second, a name in parentheses, may hold anything. */
static uint64_t read_start_of_heap(void)
{
	char text[1024];
	int fd = ct_open("/proc/self/stat", O_RDONLY | O_CLOEXEC, 0), field = 2;
	ssize_t n = fd < 0 ? 0 : ct_read(fd, text, sizeof text - 1);
	uint64_t value = 0;
	const char *at;

	if (fd >= 0)
		ct_close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')');
	for (; at && *at && field < 47; at++)
		field += *at == ' ';
	for (; at && *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	return value;
}

static bool is_filtered(void)
{
	return syscall(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER;
}

/* A child that nobody is told of makes the call. */
static int try_sandbox(void)
{
	char byte = 1, copy = 0;
	const struct iovec local = { &copy, 1 }, remote = { &byte, 1 };
	int status = -1;
	long child = syscall(SYS_clone, 0, NULL, NULL, NULL, 0);

	if (child == 0) {
		syscall(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0); /* its death leaves no core */
		syscall(SYS_process_vm_readv, ct_getpid(), &local, 1, &remote, 1, 0);
		syscall(SYS_exit_group, 0);
	}
	while (child > 0 && syscall(SYS_wait4, child, &status, __WALL, NULL) < 0 && errno == EINTR)
		;
	return child > 0 && status == 0 ? SANDBOX_ALLOWS : SANDBOX_FORBIDS;
}

void ct_memory_begin(void)
{
	int saved = errno;

	if (!stack_end) {
		sandbox = is_filtered() ? try_sandbox() : SANDBOX_NONE;
		stack_end = getauxval(AT_EXECFN); /* at the stack's far end */
		heap_start = read_start_of_heap();
	}
	errno = saved;
}

/* The bytes from `from` on that are in [low, high). */
static inline size_t within(uint64_t from, uint64_t low, uint64_t high)
{
	return from >= low && from < high ? (size_t)(high - from) : 0;
}

static inline size_t on_stack(const struct ct_thread *t, uint64_t sp, uint64_t from)
{
	const struct ct_frame *f = t->top;

	if (from < sp)
		return 0;
	if (sp < stack_end && stack_end - sp < MAIN_STACK)
		return within(from, sp, stack_end);
	for (int i = 0; i < NEAR_FRAMES && f > t->frames; i++, f--)
		if (f->sp && within(from, f->sp & ~(uint64_t) CT_SILENT_SP, f->cfa))
			return within(from, f->sp & ~(uint64_t) CT_SILENT_SP, f->cfa);
	return 0;
}

/* A segment of the program itself that was read lately: most strings are in one. */
static __thread struct {
	uint64_t low, high;
} latest __attribute__((tls_model("initial-exec")));

static size_t in_segment(uint64_t from)
{
	uint64_t low, high;
	bool stays;

	if (from >= latest.low && from < latest.high)
		return (size_t)(latest.high - from);
	if (!ct_plans_segment(from, &low, &high, &stays))
		return 0;
	if (stays) {
		latest.high = 0;
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		latest.low = low;
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		latest.high = high;
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		if (latest.low != low) /* a handler's, in between */
			latest.high = 0;
	}
	return (size_t)(high - from);
}

/* How many bytes can be loaded from there without a doubt. */
static inline size_t certain(const struct ct_thread *t, uint64_t sp, uint64_t from)
{
	size_t n = on_stack(t, sp, from);

	if (n || __atomic_load_n(&distrusted, __ATOMIC_RELAXED))
		return n;
	if (heap_start && __libc_single_threaded)
		n = within(from, heap_start, (uint64_t) __curbrk);
	return n ? n : in_segment(from);
}

/*
 * Not memcpy() and strnlen(): a program with AddressSanitizer has its own ones, which report what
 * a bad pointer points to.
 */
static void copy(char *to, const char *from, size_t size)
{
	size_t done = 0;

	for (; size - done >= sizeof(uint64_t); done += sizeof(uint64_t)) {
		uint64_t word = *(const volatile uint64_t *) (from + done);

		__builtin_memcpy(to + done, &word, sizeof word);
	}
	for (; done < size; done++)
		to[done] = ((const volatile char *) from)[done];
}

static inline bool has_zero_byte(uint64_t word)
{
	return ((word - 0x0101010101010101ull) & ~word & 0x8080808080808080ull) != 0;
}

static inline size_t copy_string(char *to, const char *from, size_t size, bool *ended)
{
	size_t done = 0;

	for (; size - done >= sizeof(uint64_t); done += sizeof(uint64_t)) {
		uint64_t word = *(const volatile uint64_t *) (from + done);

		if (has_zero_byte(word))
			break;
		__builtin_memcpy(to + done, &word, sizeof word);
	}
	for (; done < size; done++) {
		char c = ((const volatile char *) from)[done];

		if (c == '\0') {
			*ended = true;
			break;
		}
		to[done] = c;
	}
	return done;
}

static bool may_ask(void)
{
	if (sandbox == SANDBOX_NONE && is_filtered())
		sandbox = SANDBOX_FORBIDS;
	return sandbox != SANDBOX_FORBIDS;
}

/* rt_sigprocmask() reads a set before it looks at `how`: so it says whether 8 bytes can be read, and does nothing. */
static size_t try_and_load(void *to, uint64_t from, size_t size)
{
	syscall(SYS_rt_sigprocmask, -1, from & ~7ull, NULL, 8);
	if (errno != EINVAL)
		return 0;
	copy(to, (const char *) from, size);
	return size;
}

/* Up to the end of the page: what lies behind may be another matter. */
static size_t ask_kernel(void *to, uint64_t from, size_t size)
{
	const struct iovec local = { to, size }, remote = { (void *) from, size };
	long n;

	if (!may_ask())
		return try_and_load(to, from, size);
	n = syscall(SYS_process_vm_readv, ct_getpid(), &local, 1, &remote, 1, 0);
	if (n < 0 && (errno == ENOSYS || errno == EPERM))
		return try_and_load(to, from, size);
	return n > 0 ? (size_t) n : 0;
}

static size_t page_rest(uint64_t address)
{
	return CT_PAGE - (size_t)(address & (CT_PAGE - 1));
}

size_t ct_memory_ask(void *to, uint64_t from, size_t size)
{
	int saved = errno;
	size_t done = 0;

	while (done < size && from + done >= CT_PAGE) {
		size_t want = size - done, rest = page_rest(from + done), n;

		n = ask_kernel((char *) to + done, from + done, want < rest ? want : rest);
		done += n;
		if (n < want && n < rest)
			break;
	}
	errno = saved;
	return done;
}

size_t ct_memory_read(const struct ct_thread *t, uint64_t sp, void *to, uint64_t from, size_t size)
{
	if (certain(t, sp, from) < size)
		return ct_memory_ask(to, from, size);
	copy(to, (const char *) from, size);
	return size;
}

static size_t read_string(char *to, uint64_t from, size_t size, bool *ended)
{
	size_t done = 0;

	while (done < size && from + done >= CT_PAGE) {
		size_t want = size - done < PIECE ? size - done : PIECE;
		size_t rest = page_rest(from + done), n, length;
		char piece[PIECE];

		want = want < rest ? want : rest;
		n = ask_kernel(piece, from + done, want);
		length = copy_string(to + done, piece, n, ended);
		done += length;
		if (n < want || *ended)
			break;
	}
	return done;
}

size_t ct_memory_string(const struct ct_thread *t, uint64_t sp, char *to, uint64_t from, size_t size,
                        bool *ended)
{
	size_t known = certain(t, sp, from), length;
	int saved = errno;

	*ended = false;
	known = known < size ? known : size;
	length = copy_string(to, (const char *) from, known, ended);
	if (!*ended && length < size) {
		length += read_string(to + length, from + length, size - length, ended);
		errno = saved;
	}
	return length;
}
