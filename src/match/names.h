/*
 * names.h - which functions a pattern means, and whether calls of them could be seen at all. No
 * assertion passes because it asked for what cannot be observed: a name that means nothing is an
 * error that offers close ones; so is a function that is known but whose calls are not recorded, and a
 * name that means several static functions.
 */
#ifndef CT_MATCH_NAMES_H
#define CT_MATCH_NAMES_H

#include "match/pattern.h"

struct ct_functions {
	uint32_t *rows; /* of ct_calls.functions, ascending */
	size_t count;
};

/* Appends to `problem` and returns false where the pattern's function is not one that can be observed. */
bool ct_resolve(const struct ct_calls *calls, const struct ct_pattern *pattern,
                struct ct_functions *out, struct ct_text *problem);
void ct_functions_deinit(struct ct_functions *functions);

/* Whether a name (not only this spelling of it) is this function's. */
bool ct_name_matches(const char *name, const struct ct_calls_function *function);

#endif
