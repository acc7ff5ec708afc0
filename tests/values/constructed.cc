/* A constructor of a class with a virtual base: gcc names a parameter that this one is not passed, before the others. */
struct root {
	long r = 5;
};
struct big {
	long a[5];
};
struct leaf : virtual root {
	long x;
	leaf(struct big b, __int128 n);
};

__attribute__((noinline)) leaf::leaf(struct big b, __int128 n)
{
	__asm__ volatile("" : : : "memory");
	__int128 copy;
	__builtin_memcpy(&copy, &n, sizeof copy);
	__asm__ volatile("" : : "r"(&copy) : "memory");
	x = 7;
}

int main(int argc, char **argv)
{
	leaf l({ { 1, 2, 3, 4, 5 } }, argc * 1000);

	return l.x == 8;
}
