#include "base/glob.h"

#include <fnmatch.h>

bool ct_glob(const char *pattern, const char *string)
{
	return fnmatch(pattern, string, 0) == 0;
}
