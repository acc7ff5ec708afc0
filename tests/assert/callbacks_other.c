/* A static function that is called like one in callbacks.c. */
#include "callbacks.h"

static void helper(int x)
{
	(void) x;
}

callback *other(void)
{
	return helper;
}
