/*
 * args.c - one function of four scalar arguments and a returned value, called in a loop; with -DTEXT it has
 * a string of 16 bytes besides. N: calls.
 */
#include <stdint.h>

#ifdef TEXT
#define MORE_TYPE , const char *text
#define MORE , "sixteen bytes ok"
#define LOOK text[3]
#else
#define MORE_TYPE
#define MORE
#define LOOK 0
#endif

__attribute__((noinline)) static long four(int a, long b, unsigned char c, double d MORE_TYPE)
{
	return a + b * c + (long) d + LOOK;
}

void work(uint64_t n);

__attribute__((no_instrument_function)) void work(uint64_t n)
{
	long x = 1;

	for (uint64_t i = 0; i < n; i++)
		x = four((int) i, x & 0xff, (unsigned char) i, 1.5 MORE);
	__asm__ volatile("" : : "r"(x));
}
