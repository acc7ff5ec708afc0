/* A program under test that has its own open(), getpid() and so on, to fake them for its code: nobody else may get them. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <time.h>

static int fakes;

int open(const char *path, int flags, ...);
int close(int fd);
ssize_t read(int fd, void *to, size_t size);
ssize_t pwritev(int fd, const void *parts, int count, off_t offset);
int fallocate(int fd, int mode, off_t offset, off_t size);
int fstat(int fd, void *st);
void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
pid_t getpid(void);
pid_t getppid(void);
int mkdir(const char *path, mode_t mode);
int access(const char *path, int mode);
ssize_t readlink(const char *path, char *to, size_t size);
char *getcwd(char *to, size_t size);
int sched_yield(void);

int open(const char *path, int flags, ...)
{
	(void) path, (void) flags;
	return fakes++, 17;
}

int close(int fd)
{
	return fakes++, fd - fd;
}

ssize_t read(int fd, void *to, size_t size)
{
	(void) fd, (void) to, (void) size;
	return fakes++, 0;
}

ssize_t pwritev(int fd, const void *parts, int count, off_t offset)
{
	(void) fd, (void) parts, (void) count, (void) offset;
	return fakes++, 1;
}

int fallocate(int fd, int mode, off_t offset, off_t size)
{
	(void) fd, (void) mode, (void) offset, (void) size;
	return fakes++, -1;
}

int fstat(int fd, void *st)
{
	(void) fd, (void) st;
	return fakes++, -1;
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
	(void) at, (void) size, (void) protection, (void) flags, (void) fd, (void) offset;
	return fakes++, (void *) -1;
}

pid_t getpid(void)
{
	return fakes++, 4711;
}

pid_t getppid(void)
{
	return fakes++, 4710;
}

int mkdir(const char *path, mode_t mode)
{
	(void) path, (void) mode;
	return fakes++, -1;
}

int access(const char *path, int mode)
{
	(void) path, (void) mode;
	return fakes++, -1;
}

ssize_t readlink(const char *path, char *to, size_t size)
{
	(void) path, (void) to, (void) size;
	return fakes++, -1;
}

char *getcwd(char *to, size_t size)
{
	(void) to, (void) size;
	return fakes++, NULL;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	(void) clock;
	*now = (struct timespec){ 0, 0 };
	return fakes++, 0;
}

char *getenv(const char *name)
{
	(void) name;
	return fakes++, NULL;
}

int sched_yield(void)
{
	return fakes++, 0;
}

static int work(int number)
{
	return number + 1;
}

int main(void)
{
	int sum = 0;

	for (int i = 0; i < 30000; i++)
		sum += work(i);
	sum += open("nothing", 0) + (int) getpid();
	printf("sum %d, fakes called %d times\n", sum, fakes);
	return 0;
}
