/* excluded_crash.c - crashes three calls deep behind many others, if it has an argument. */
static volatile int sum;

__attribute__((noinline)) static int helper(int *p)
{
	return *p + 1;
}

__attribute__((noinline)) static void leaf(void)
{
	sum++;
}

__attribute__((noinline)) static int outer(int *p)
{
	for (int i = 0; i < 20000; i++)
		leaf();

	return helper(p) + sum;
}

int main(int argc, char **argv)
{
	(void) argv;
	return outer(argc > 1 ? (int *) 0 : &argc) == 0;
}
