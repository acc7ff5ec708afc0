/*
 * tiny.c - what a small test's process is: it starts, makes 74 calls that are all different, and ends.
 * N: rounds of 73 calls; 137 are 10,002.
 */
#include <stdlib.h>

static volatile int sink;

#define LEAF(name)                                               \
	__attribute__((noinline)) static int name(int a)         \
	{                                                        \
		return sink += a;                                \
	}
#define GROUP(name)                                              \
	LEAF(name##1) LEAF(name##2) LEAF(name##3) LEAF(name##4)  \
	LEAF(name##5) LEAF(name##6) LEAF(name##7) LEAF(name##8)  \
	__attribute__((noinline)) static int name(int a)         \
	{                                                        \
		a += name##1(a) + name##2(a) + name##3(a);       \
		a += name##4(a) + name##5(a) + name##6(a);       \
		return a + name##7(a) + name##8(a);              \
	}

GROUP(ada) GROUP(bob) GROUP(cid) GROUP(dan) GROUP(eve) GROUP(fay) GROUP(guy) GROUP(hal)

__attribute__((noinline)) static int all(int a)
{
	a += ada(a) + bob(a) + cid(a) + dan(a);
	return a + eve(a) + fay(a) + guy(a) + hal(a);
}

int main(int argc, char **argv)
{
	for (int rounds = argc > 1 ? atoi(argv[1]) : 1; rounds > 0; rounds--)
		all(rounds);
	return 0;
}
