/*
 * kernel.h - system calls without libc's functions around them.
 *
 * Those are cancellation points: a thread that somebody cancels would be unwound out of a
 * hook, or wait for ever in it, because hooks block the signal that glibc waits for. And a
 * test program may define open() or getpid() itself, to fake it for the code under test; the
 * dynamic linker would give us the fake.
 */
#ifndef CT_RUNTIME_KERNEL_H
#define CT_RUNTIME_KERNEL_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* As libc's: -1 and errno. */
static inline int ct_open(const char *path, int flags, unsigned mode)
{
	return (int) syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
static inline void ct_close(int fd)
{
	syscall(SYS_close, fd);
}
static inline ssize_t ct_read(int fd, void *to, size_t size)
{
	return syscall(SYS_read, fd, to, size);
}
static inline ssize_t ct_writev(int fd, const struct iovec *parts, int count)
{
	return syscall(SYS_writev, fd, parts, count);
}
static inline ssize_t ct_pwritev(int fd, const struct iovec *parts, int count, uint64_t offset)
{
	return syscall(SYS_pwritev, fd, parts, count, offset, 0);
}
static inline int ct_fallocate(int fd, uint64_t offset, size_t size)
{
	return (int) syscall(SYS_fallocate, fd, 0, offset, size);
}
static inline int ct_fstat(int fd, struct stat *st)
{
	return (int) syscall(SYS_fstat, fd, st);
}
static inline int ct_stat(const char *path, struct stat *st)
{
	return (int) syscall(SYS_stat, path, st);
}
static inline int ct_access(const char *path, int mode)
{
	return (int) syscall(SYS_access, path, mode);
}
static inline int ct_mkdir(const char *path, unsigned mode)
{
	return (int) syscall(SYS_mkdir, path, mode);
}
static inline void ct_unlink(const char *path)
{
	syscall(SYS_unlink, path);
}
static inline ssize_t ct_readlink(const char *path, char *to, size_t size)
{
	return syscall(SYS_readlink, path, to, size);
}
/* MAP_FAILED and errno. Where ThreadSanitizer looks at the recorder itself, it must know which memory is new. */
static inline void *ct_mmap(void *at, size_t size, int protection, int flags, int fd,
                            uint64_t offset)
{
#ifdef __SANITIZE_THREAD__
	return mmap(at, size, protection, flags, fd, (off_t) offset);
#endif
	return (void *) syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}
static inline void ct_munmap(void *memory, size_t size)
{
#ifdef __SANITIZE_THREAD__
	munmap(memory, size);
	return;
#endif
	syscall(SYS_munmap, memory, size);
}
static inline void ct_madvise(void *memory, size_t size, int advice)
{
	syscall(SYS_madvise, memory, size, advice);
}
static inline pid_t ct_getpid(void)
{
	return (pid_t) syscall(SYS_getpid);
}
static inline pid_t ct_getppid(void)
{
	return (pid_t) syscall(SYS_getppid);
}
static inline uint64_t ct_clock_ns(clockid_t clock)
{
	struct timespec ts = {0};

	syscall(SYS_clock_gettime, clock, &ts);
	return (uint64_t) ts.tv_sec * 1000000000u + (uint64_t) ts.tv_nsec;
}

/* Sets of signals as the kernel has them: bit number - 1. */
static inline uint64_t ct_sigpending(void)
{
	uint64_t pending = 0;

	syscall(SYS_rt_sigpending, &pending, sizeof pending);
	return pending;
}
/* Takes one of them that is pending; does not wait. */
static inline void ct_sigtake(uint64_t signals)
{
	struct timespec none = {0};

	syscall(SYS_rt_sigtimedwait, &signals, NULL, &none, sizeof signals);
}

/*
 * memset() and memcpy(). A program with ThreadSanitizer has its own ones, which would see a race
 * in that a thread goes on with what an ended one leaves.
 */
static inline void ct_zero(void *at, size_t size)
{
	__asm__ volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(0) : "memory");
}
static inline void ct_copy(void *to, const void *from, size_t size)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

/* getenv(), which is as easily faked. */
const char *ct_getenv(const char *name);

#endif
