// excluded.cc - exceptions, guards, templates and operators, for test_exclude.py.
#include <cstdlib>

static volatile long sum;

static void leaf(int n)
{
	sum += n;
}

struct Guard {
	int n;
	explicit Guard(int number) : n(number)
	{
		leaf(n);
	}
	~Guard()
	{
		leaf(-n);
	}
};

struct Number {
	long value;
	Number operator*(const Number &other) const
	{
		return { value * other.value };
	}
	bool operator<(const Number &other) const
	{
		return value < other.value;
	}
	operator unsigned long() const
	{
		return (unsigned long) value;
	}
};

template <typename A, typename B> __attribute__((noinline)) long combined(A a, const B *b)
{
	sum += (long) (a * *b < a);
	return sum;
}

__attribute__((noinline)) static void thrower(int depth)
{
	Guard guard(depth);

	if (depth == 0)
		throw 5;
	thrower(depth - 1);
}

__attribute__((noinline)) static void catcher(int depth)
{
	try {
		Guard guard(100);
		thrower(depth);
	} catch (int) {
		leaf(1000);
	}
}

int main(int argc, char **argv)
{
	int times = argc > 1 ? atoi(argv[1]) : 3;

	for (int i = 0; i < times; i++) {
		Number number = { i };

		catcher(i % 5);
		combined<Number, Number>(number, &number);
		sum += (long) (unsigned long) number;
	}
	return 0;
}
