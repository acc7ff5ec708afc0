/* fib.c - recursion: a call tree 30 deep. N: how often. */
#include <stdint.h>

void work(uint64_t n);

__attribute__((noinline)) static int fib(int n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

__attribute__((no_instrument_function)) void work(uint64_t n)
{
	static volatile int sink;

	while (n--)
		sink += fib(20);
}
