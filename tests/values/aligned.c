/* A frame of another alignment than the caller's. clang calls the hook before its parameters are there. */
__attribute__((noinline)) double aligned(int a, double d, int e, const char *s, long f, long g, long h, long i)
{
	_Alignas(64) double x[8];

	for (int k = 0; k < 8; k++)
		x[k] = d * k;
	__asm__ volatile("" ::"r"(x) : "memory");
	return x[7] + a + e + f + g + h + i + s[0];
}

int main(void)
{
	return aligned(1, 1.5, 2, "s", 3, 4, 5, 6) < 0;
}
