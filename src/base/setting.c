#include "base/setting.h"

#include <string.h>

/* strcasecmp() wants a locale, which libc has none of while the program is relocated. */
static bool is_word(const char *text, const char *word)
{
	for (; *word; text++, word++)
		if ((*text >= 'A' && *text <= 'Z' ? *text + 'a' - 'A' : *text) != *word)
			return false;
	return *text == '\0';
}

bool ct_setting_bool(const char *text, bool *out)
{
	static const char *const words[] = { "false", "true", "0", "1", "no", "yes", "off", "on" };

	for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
		if (is_word(text, words[i])) {
			*out = i & 1;
			return true;
		}
	return false;
}

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
