/* Parameters that live in memory, and whose address is given to functions that do not look: nothing is stored there. */
struct big {
	long a[6];
};
volatile long zero;
#define INLINED static inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))

NOINLINE static long nothing(const void *p)
{
	__asm__ volatile("");
	return zero;
}

INLINED long whole(struct big b, int n)
{
	return nothing(&b) + n;
}

NOINLINE long outer(long x)
{
	struct big b = { { x, 2, 3, x + 4, x + 5, 6 } };

	return whole(b, 7);
}

INLINED long changed(long x, struct big b)
{
	b.a[2] = x;
	return nothing(&b);
}

NOINLINE long copies(long x, struct big *p)
{
	return changed(x + 1, *p) + x;
}

INLINED long scalar(int n)
{
	return nothing(&n);
}

NOINLINE long plain(long x, int unused, int third)
{
	nothing(&third);
	return scalar(3 * third + 1) + x;
}

NOINLINE long aligned(int n, int unused, int third)
{
	long wide[8] __attribute__((aligned(64)));

	__asm__ volatile("" : : "r"(wide) : "memory");
	return nothing(&n) + nothing(&third);
}

int main(int argc, char **argv)
{
	long junk[64];
	struct big b = { { 11, 12, 13, 14, 15, 16 } };

	for (int i = 0; i < 64; i++)
		junk[i] = 0x5555;
	__asm__ volatile("" : : "r"(junk), "r"(&b) : "memory");
	return plain(argc, 2, 33) + aligned(argc, 2, 44) + outer(argc * 100) + copies(argc, &b) == 1;
}
