/* A clone without most of its parameters: gcc 12's debug information says that they are in registers they are not in. */
__attribute__((noinline)) long many(int a, int b, int c, int d, int e, int f, int g, char h, short i, int *n)
{
	__asm__ volatile("" ::: "memory");
	return g + h + i;
}

int main(int argc, char **argv)
{
	return many(1, 2, 3, 4, 5, 6, 7, 'h', -9, 0) + many(1, 2, 3, 4, 5, 6, 70 + argc, 'h', -9 - argc, 0) == 0;
}
