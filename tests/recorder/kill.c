/*
 * kill.c - is killed at any instant by test_kill.py. Each thread calls a function of its own, and after each call counts in
 * a shared file what it has done; that file survives, too, and says what must be in the trace.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PLAIN __attribute__((no_instrument_function))
#define THREADS 3

struct counter {
	_Atomic uint64_t calls;
	uint64_t reserved[7];
};
static struct counter *counters;

#define LEAF(n)                                              \
	__attribute__((noinline)) int leaf##n(int a, char *b) \
	{                                                    \
		b[0] = (char) a;                             \
		return a + n;                                \
	}
LEAF(0)
LEAF(1)
LEAF(2)

/* The calls lie below this one, so that a tree of depth 1 is short. */
__attribute__((noinline)) static void *run(void *argument)
{
	static int (*const leaves[THREADS])(int, char *) = { leaf0, leaf1, leaf2 };
	long number = (long) argument;
	char text[8] = "";

	for (int i = 0;; i++) {
		leaves[number](i, text);
		counters[number].calls++;
	}
	return NULL;
}

static PLAIN void *begin(void *number)
{
	char name[16];

	snprintf(name, sizeof name, "thread%ld", (long) number);
	pthread_setname_np(pthread_self(), name);
	return run(number);
}

PLAIN int main(int argc, char **argv)
{
	int fd = open(argv[1], O_RDWR | O_CREAT, 0600);
	pthread_t thread;

	(void) argc;
	if (fd < 0 || ftruncate(fd, THREADS * sizeof *counters) < 0)
		return 1;
	counters = mmap(NULL, THREADS * sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (counters == MAP_FAILED || write(STDOUT_FILENO, "begins\n", 7) != 7)
		return 1;
	for (long i = 1; i < THREADS; i++)
		pthread_create(&thread, NULL, begin, (void *) i);
	begin(NULL);
	return 0;
}
