/*
 * limits.c - threads that each make a tree of calls which depends on their number only, so that two runs can be compared
 * call by call. Arguments: calls of each thread, threads at a time, rounds of them, what comes at the end.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLAIN __attribute__((no_instrument_function))

static __thread uint64_t state;
static __thread long left;
static __thread jmp_buf back;
static long calls;

static PLAIN unsigned draw(unsigned n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned) (state >> 33) % n;
}

static void some(unsigned depth);

#define FUNCTION(name, next)                              \
	static __attribute__((noinline)) int name(int depth) \
	{                                                    \
		if (left-- > 0 && depth > 0)                 \
			some((unsigned) depth - 1);          \
		return depth + next;                         \
	}
FUNCTION(first, 1)
FUNCTION(second, 2)
FUNCTION(third, 3)
FUNCTION(fourth, 4)

static __attribute__((noinline)) void jump(void)
{
	if (--left > 0 && draw(4) == 0)
		longjmp(back, 1);
}

static PLAIN void some(unsigned depth)
{
	static int (*const functions[])(int) = { first, second, third, fourth };

	for (unsigned i = draw(4); i > 0 && left > 0; i--) {
		if (draw(64) == 0)
			jump();
		functions[draw(4)]((int) depth);
	}
}

static void *work(void *number)
{
	state = (uint64_t)(uintptr_t) number * 77 + 5;
	left = calls;
	while (left > 0) {
		(void) setjmp(back);
		some(12);
	}
	return NULL;
}

static PLAIN void round_of(int threads, int first_number)
{
	pthread_t ids[64];

	for (int i = 0; i < threads; i++)
		if (pthread_create(&ids[i], NULL, work, (void *) (uintptr_t)(first_number + i)) != 0)
			abort();
	for (int i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
}

int main(int argc, char **argv)
{
	int threads = atoi(argv[2]), rounds = atoi(argv[3]);
	const char *end = argc > 4 ? argv[4] : "";

	calls = atol(argv[1]);
	if (strcmp(end, "fork") == 0 && fork() == 0) {
		work((void *) 99);
		return 0;
	}
	work((void *) 98);
	for (int i = 0; i < rounds; i++)
		round_of(threads, i * threads);
	while (wait(NULL) > 0)
		;
	if (strcmp(end, "forever") == 0)
		for (;;)
			work((void *) 97);
	if (strcmp(end, "kill") == 0)
		kill(getpid(), SIGKILL);
	return 0;
}
