/*
 * leafy.c - eight tiny functions in a loop: the most that a tracer can cost, relative to the
 * work. With -DTHREADS=2, by two threads at once. N: rounds of eight calls, in all.
 */
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#ifndef THREADS
#define THREADS 1
#endif

#define LEAF __attribute__((noinline)) static

struct pair {
	int a, b;
};

LEAF int add(int a, int b) { return a + b; }
LEAF int swap_bits(int a) { return a << 1 ^ a >> 3; }
LEAF double scale(double x, double y) { return x * y + 1.0; }
LEAF double half(double x) { return x * 0.5; }
LEAF struct pair *pick(struct pair *p, int i) { return &p[i & 3]; }
LEAF void bump(struct pair *p) { p->a++; p->b--; }
LEAF char first(const char *s) { return s[0]; }
LEAF const char *skip(const char *s, int n) { return s + (n & 3); }

__attribute__((no_instrument_function)) static void *loop(void *rounds)
{
	static volatile double sink[2];
	struct pair pairs[4] = { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 } };
	double x = 1.0;
	int i = 0;

	for (uint64_t n = *(uint64_t *) rounds; n; n--) {
		i = add(i, 3);
		i = swap_bits(i);
		x = scale(x, 0.5);
		x = half(x);
		bump(pick(pairs, i));
		i += first(skip("alphabet", i));
	}
	sink[0] = x + i + sink[1];
	return NULL;
}

void work(uint64_t n);

__attribute__((no_instrument_function)) void work(uint64_t n)
{
	pthread_t others[THREADS];
	uint64_t rounds = n / THREADS + 1;

	for (int i = 1; i < THREADS; i++)
		pthread_create(&others[i], NULL, loop, &rounds);
	loop(&rounds);
	for (int i = 1; i < THREADS; i++)
		pthread_join(others[i], NULL);
}
