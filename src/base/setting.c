#include "base/setting.h"

#include <string.h>

bool ct_setting_size(const char *at, uint64_t *out)
{
	static const char units[] = "KMGT";
	const char *unit;
	uint64_t number = 0;
	unsigned shift = 0;

	if (*at < '0' || *at > '9')
		return false;
	for (; *at >= '0' && *at <= '9' && number < 1ull << 40; at++)
		number = number * 10 + (uint64_t)(*at - '0');
	unit = *at ? strchr(units, *at & ~0x20) : NULL;
	if (unit)
		shift = 10 * (unsigned) (unit - units + 1);
	*out = number << shift;
	return at[unit != NULL] == '\0' && *out >> shift == number;
}
