/* debug_name.h - the names that libdw takes for one section of debug information. */
#ifndef CT_INDEX_DEBUG_NAME_H
#define CT_INDEX_DEBUG_NAME_H

#include <stdbool.h>
#include <string.h>

/* `wanted` is "loc", say: .debug_loc, .debug_loc.dwo, .zdebug_loc, .gnu.debuglto_.debug_loc. */
static inline bool ct_is_debug_name(const char *name, const char *wanted)
{
	size_t length = strlen(wanted);
	const char *at = strstr(name, "debug_");

	return at && strncmp(at + 6, wanted, length) == 0 && (!at[6 + length] || strcmp(at + 6 + length, ".dwo") == 0);
}

#endif
