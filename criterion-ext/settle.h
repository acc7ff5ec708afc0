/* settle.h - functions that a test names, and no index does. */
#ifndef CT_CRITERION_SETTLE_H
#define CT_CRITERION_SETTLE_H

#include "match/pattern.h"

/*
 * Where a pattern means a function that the dynamic linker knows and no index does, makes it known, as one
 * that cannot be seen: so that the engine can say which it is and why. Where it is a non-position-independent
 * program's own stub of a library's function, it becomes that function.
 */
void settle_pattern(struct ct_calls *calls, const struct ct_pattern *pattern);
void settle_elements(struct ct_calls *calls, const struct ct_element *list, size_t count);

#endif
