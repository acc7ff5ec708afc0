/*
 * show_value.h - the values of a call as people write them: read(fd=3, buf="GET / HT"...) -> 8.
 *
 * They come as JSON (docs/json-trace.md), maybe from somebody else's file: whatever is in
 * there, nothing gets out that moves a terminal's cursor.
 */
#ifndef CT_CLI_SHOW_VALUE_H
#define CT_CLI_SHOW_VALUE_H

#include <stdbool.h>

#include "base/text.h"

struct ct_show_values {
	bool unicode;   /* else ASCII only */
	bool addresses; /* else "ptr": they differ from run to run */
	unsigned width; /* columns of one value; 0: all of it */
};

/*
 * Adds "(n=3, s="abc")". `arguments` and `after` (which may be NULL) are arrays; what an
 * argument was afterwards stands behind an arrow. Of what a constructor of C++ makes only that, of
 * what a destructor ends only what was before: the other is what happens to lie in the memory.
 */
void ct_show_arguments(struct ct_text *out, const struct ct_show_values *style, const char *function,
                       const char *arguments, const char *after, bool variadic);
/* Adds "512" for a return_value. */
void ct_show_returned(struct ct_text *out, const struct ct_show_values *style, const char *returned);

#endif
