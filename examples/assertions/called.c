/* Was it called, and how often? Nothing is mocked: cache_get() is the real one. */
#include <criterion/criterion.h>
#include <criterion/calltrace.h>

static int cached = -1;

int read_disk(int key)
{
	return key * 10;
}

int cache_get(int key)
{
	if (cached < 0)
		cached = read_disk(key);
	return cached;
}

Test(called, the_disk_is_read_once)
{
	cache_get(7);
	cache_get(7);
	cr_assert_called_times(cache_get, 2);
	cr_assert_called_once(read_disk);
}

Test(called, fails)
{
	cache_get(7);
	cr_assert_not_called(read_disk, "key %d should have been in the cache", 7);
}
