/* exits.cc - functions that are left in every way; what they are called says how, for test_exits.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <alloca.h>

#define KEEP __attribute__((noinline))
#define VOID_KEEP KEEP
extern "C" {
volatile long sink;

KEEP int plain_constant(int a) { sink = a; return 7; }
KEEP long plain_sum(long a, long b) { sink = a; return a * b + sink; }
KEEP double plain_double(double a) { sink = (long) a; return a / 3; }
KEEP void plain_void(int a) { sink = a; }
KEEP long double plain_x87(long double a) { sink = (long) a; return a + 1; }
KEEP int plain_branches(int a)
{
	if (a == 1)
		return 5;
	sink = a;
	if (a == 2)
		return (int) sink;
	return a > 3 ? a * 2 : a * 3;
}
KEEP int plain_alloca(int n)
{
	char *p = (char *) alloca((size_t) n + 1);

	memset(p, n, (size_t) n + 1);
	sink = p[n / 2];
	return (int) sink + 1;
}
KEEP int plain_vla(int n)
{
	int numbers[n + 1];

	for (int i = 0; i <= n; i++)
		numbers[i] = (int) sink + i;
	return numbers[n];
}
KEEP int plain_realigned(int a)
{
	int __attribute__((aligned(64))) numbers[16];

	for (int i = 0; i < 16; i++)
		numbers[i] = a + i;
	__asm__ volatile("" : : "r"(numbers) : "memory");
	return numbers[a & 15];
}
KEEP int plain_guarded(int a)
{
	char buffer[64];

	memset(buffer, a, sizeof buffer);
	__asm__ volatile("" : : "r"(buffer) : "memory");
	return buffer[a & 63];
}
KEEP void *plain_own_return_address(void) { sink = 1; return __builtin_return_address(0); }
KEEP int never_returns(int a) { sink = a; abort(); }
static inline __attribute__((always_inline)) int inlined_one(int a) { sink += a; return a + 3; }
KEEP int plain_outer_of_inlined(int a) { return inlined_one(a) * 2; }
}

struct counted {
	KEEP counted() { sink++; }
	KEEP ~counted() { sink--; }
};
KEEP int throws(int a) { if (a > 1000) throw a; return a; }
KEEP int cleans_up(int a) { counted c; return throws(a) + 1; }
KEEP int catches(int a) { try { return cleans_up(a); } catch (int n) { return n - 1; } }

int main(int argc, char **argv)
{
	(void) argv;
	sink = plain_constant(argc) + plain_sum(argc, 3) + (long) plain_double(argc) + (long) plain_x87(argc)
	       + plain_branches(argc) + plain_alloca(argc) + plain_vla(argc) + plain_realigned(argc)
	       + plain_guarded(argc) + (plain_own_return_address() != 0) + plain_outer_of_inlined(argc) + catches(argc)
	       + catches(argc + 2000);
	plain_void(argc);
	if (sink == -1)
		never_returns(argc);
	return 0;
}
