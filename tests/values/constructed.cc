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

/* Inherited: clang says of all parameters that the compiler made them. */
struct base {
	long b;
	__attribute__((noinline)) base(int first, double second) : b(first + (long) second) {}
};
struct heir : base {
	using base::base;
	~heir() { __asm__ volatile("" : : "r"(this) : "memory"); }
};
struct heir_of_both : virtual root, base {
	using base::base;
	~heir_of_both() { __asm__ volatile("" : : "r"(this) : "memory"); }
};

int main(int argc, char **argv)
{
	leaf l({ { 1, 2, 3, 4, 5 } }, argc * 1000);

	heir h(argc * 21, 2.5);
	heir_of_both both(argc * 31, 3.5);

	return l.x + h.b + both.b == 8;
}
