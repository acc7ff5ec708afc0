/* Uses other.c as a shared library: calls into it, and is called back by it. */
#include <stdio.h>

#include "other.h"

static int helper(int n)
{
	return n - 1;
}

static int each(int n)
{
	return n ? helper(n) + other(n) : 0;
}

int main(void)
{
	int (*through_pointer)(int) = other;

	printf("%d\n", visit(each, 7) + through_pointer(3) + visit(helper, 2));
	return 0;
}
