/* show_name.h - names of functions as people can read them: C++ at the width of a terminal. */
#ifndef CT_CLI_SHOW_NAME_H
#define CT_CLI_SHOW_NAME_H

#include "base/text.h"

/*
 * Adds `name`, with "()" behind it where it has no parameters of its own. A demangled C++ name of
 * more than `width` columns loses, as far as needed: its return type, what is between angle brackets,
 * its parameters; std::string is always called that. 0: add it as it is.
 */
void ct_show_name(struct ct_text *out, const char *name, unsigned width);
/* The same without parameters, for values to stand there. */
void ct_show_bare_name(struct ct_text *out, const char *name, unsigned width);

/* Columns that a text takes: its code points. */
unsigned ct_show_width(const char *text);

#endif
