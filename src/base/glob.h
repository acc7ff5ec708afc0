/* glob.h - patterns as users write them: `*`, `?`, `[a-z]`; `*` crosses slashes. */
#ifndef CT_BASE_GLOB_H
#define CT_BASE_GLOB_H

#include <stdbool.h>

bool ct_glob(const char *pattern, const char *string);

#endif
