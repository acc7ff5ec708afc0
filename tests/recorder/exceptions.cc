// Exceptions through frames with and without destructors, rethrown, in threads, and by the standard library's sort.
#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <thread>
#include <vector>

static int live;

struct guard {
	__attribute__((noinline)) guard() { live++; }
	__attribute__((noinline)) ~guard() { live--; }
};

__attribute__((noinline)) static int leaf(int number)
{
	return number + 1;
}

__attribute__((noinline)) static void thrower(int depth)
{
	guard here;

	if (depth == 0)
		throw std::runtime_error("at the end");
	thrower(depth - 1);
}

__attribute__((noinline)) static void rethrower()
{
	try {
		thrower(3);
	} catch (...) {
		leaf(1);
		throw;
	}
}

static void all()
{
	for (int i = 0; i < 3; i++) {
		try {
			rethrower();
		} catch (const std::exception &error) {
			leaf(2);
			std::printf("%s, %d live\n", error.what(), live);
		}
	}
}

struct by_leaf {
	bool operator()(int a, int b) const
	{
		if (a + b == 5)
			throw a;
		return leaf(a) < leaf(b);
	}
};

int main()
{
	std::vector<int> numbers = { 3, 2, 1, 0 };

	all();
	std::thread(all).join();
	try {
		std::sort(numbers.begin(), numbers.end(), by_leaf());
	} catch (int number) {
		std::printf("out of sort: %d\n", number);
	}
	leaf(0);
	return live;
}
