/* Objects passed by hidden reference of which the function reads nothing, or a part: who calls it knows, and stores no more. */
struct moved {
	long a, b;
	__attribute__((no_instrument_function)) moved(long x) : a(x), b(x + 1) {}
	__attribute__((no_instrument_function)) moved(const moved &o) : a(o.a), b(o.b) {}
};
long zero;

__attribute__((noinline)) long nothing(int, int, moved p)
{
	__asm__ volatile("");
	return zero;
}

__attribute__((noinline)) long half(int, int, moved p)
{
	__asm__ volatile("");
	return p.b;
}

__attribute__((noinline)) long pass(long n)
{
	moved m(n);
	return nothing(1, 2, m) + half(1, 2, m) + nothing(1, 2, moved(n + 2)) + half(1, 2, moved(n + 3));
}

int main(int argc, char **argv)
{
	long junk[64];
	for (int i = 0; i < 64; i++)
		junk[i] = 0x5555;
	__asm__ volatile("" : : "r"(junk) : "memory");
	return pass(10 * argc) + pass(20 * argc) == 1;
}
