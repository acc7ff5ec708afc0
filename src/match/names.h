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

/*
 * The same of a name that a pointer's value is held against: calls of that function need not be seen. What a
 * std::function calls is shown by its type; then it is the one whose operator() there is.
 */
bool ct_resolve_value(const struct ct_calls *calls, const char *name, struct ct_text *problem);

/* Whether a name (not only this spelling of it) is this function's. */
bool ct_name_matches(const char *name, const struct ct_calls_function *function);
/*
 * Whether it is that of the function whose name is `value` and (0: not known) whose address is this: INCONCLUSIVE
 * where the name says in which file, and there are several.
 */
enum ct_answer ct_name_means(const struct ct_calls *calls, const char *name, const char *value, uint64_t address);

#endif
