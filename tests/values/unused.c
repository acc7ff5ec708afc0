/* Parameters that a function never uses: clang need not pass them to it where it sees that. */
__attribute__((noinline)) int dead(int a, int b, int unused, int c, int also, int f, int stacked, int s2)
{
	__asm__ volatile("" ::: "memory");
	return a + b + c + f + s2;
}

__attribute__((noinline)) int reused(int a, int b, int c)
{
	c = dead(a, b, 3, 4, 5, 6, 7, 8);
	__asm__ volatile("" ::"r"(c));
	return c + a + b;
}

int main(void)
{
	return dead(1, 2, 3, 4, 5, 6, 7, 8) + reused(1, 2, 33) != 29 + 26 + 3;
}
