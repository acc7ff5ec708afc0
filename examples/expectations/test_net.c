#include <criterion/criterion.h>

#include "net.h"

Test(net, retry)
{
	cr_assert(net_open("db", 80, 3) >= 0);
}

Test(net, gives_up)
{
	cr_assert(net_open("db", 80, 2) < 0);
}
