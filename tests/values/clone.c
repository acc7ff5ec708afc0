/* A clone without most of its parameters: gcc 12's debug information says that they are in registers they are not in. */
__attribute__((noinline)) long many(int a, int b, int c, int d, int e, int f, int g, char h, short i, int *n)
{
	__asm__ volatile("" ::: "memory");
	return g + h + i;
}

__attribute__((noinline)) long constants(int a, int b, int c, int d, int e, int f, int g, long i, short n)
{
	__asm__ volatile("" ::: "memory");
	return a * b + c + d + e + f;
}

__attribute__((noinline)) long once(int one)
{
	return constants(one, 2, 2 + one, 3 + one, 4 + one, 5 + one, 7, 201, -10);
}

__attribute__((noinline)) long twice(int one)
{
	return constants(one, 2, 2 + one, 3 + one, 4 + one, 5 + one, 7, 201, -10);
}

int main(int argc, char **argv)
{
	return many(1, 2, 3, 4, 5, 6, 7, 'h', -9, 0) + many(1, 2, 3, 4, 5, 6, 70 + argc, 'h', -9 - argc, 0) == 0 || once(argc) + twice(argc) == 0;
}
