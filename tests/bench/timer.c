/*
 * timer.c - main() of every workload: runs it, and prints the CPU time that it took, in ns, and, where
 * count.c is preloaded, how many calls it made in that time and in all. Never instrumented.
 *
 *     PROGRAM N [pause]      N: how much work; pause: with calltrace_pause() in force
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void work(uint64_t n);

/* Of all threads, the kernel's work for them included. */
static uint64_t cpu_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec;
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	const uint64_t *counter = dlsym(RTLD_DEFAULT, "bench_calls");
	uint64_t before, after, calls = 0;

	/* The first calls of everything are not what is measured here; tiny.c does that. */
	work(n < 10 ? n : n / 10);
	if (argc > 2 && strcmp(argv[2], "pause") == 0) {
		void (*pause)(void) = (void (*)(void)) dlsym(RTLD_DEFAULT, "calltrace_pause");

		if (!pause)
			return 3;
		pause();
	}
	if (counter)
		calls = *counter;
	before = cpu_time();
	work(n);
	after = cpu_time();
	printf("%llu %llu %llu\n", (unsigned long long) (after - before),
	       (unsigned long long) (counter ? *counter - calls : 0),
	       (unsigned long long) (counter ? *counter : 0));
	return 0;
}
