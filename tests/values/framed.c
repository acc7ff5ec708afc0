/* Frames that are aligned and grow: the debug information names a place that is not written yet, or forgets to load from it. */
#include <stdbool.h>
#include <string.h>
volatile long zero;
static __attribute__((no_instrument_function, noinline)) void use(const void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

__attribute__((noinline)) long grows(int a, double d, bool flag)
{
	long wide[8] __attribute__((aligned(64)));
	char some[16 + (zero & 15)];

	use(wide);
	use(some);
	use(&some[flag]);
	return zero ? a + (long) d : a + flag;
}

/* So many that the flag is put into the frame. */
__attribute__((noinline)) long busy(double unused, char *p, bool flag)
{
	long wide[8] __attribute__((aligned(64))), n = zero, v0 = n + 11, v1 = n * 5 + 1, v2 = n - 3, v3 = n * 7;
	char *some = __builtin_alloca(16 + (n & 15));

	use(some);
	use(wide);
	use(&v3);
	use(&v0);
	n += v1 + v2;
	use(&n);
	if (__builtin_expect(zero != 0, 0))
		use(&flag);
	use(&v0);
	return n + v1 * v2 + v3;
}

/* The float came in as a double. */
__attribute__((noinline)) long old(f, unused)
	float f, unused;
{
	use(&f);
	return zero;
}

int main(void)
{
	return grows(1, 1.5, zero == 0) + busy(3.5, 0, zero == 0) + old(1.5f, 2.5f) == 77;
}
