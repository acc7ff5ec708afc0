/*
 * remembered.h - answers that were given already. An assertion that is made again while nothing new was recorded
 * costs nothing but to say what it is: so a test may ask in a loop, behind a million calls too.
 *
 *     ct_key_number(&key, what); ct_key_pattern(&key, pattern); ...
 *     if (!ct_remembered(m, &key, v, &number))
 *             ... find it out ...
 *             ct_remember(m, &key, v, number);
 *
 * A key is all that an answer hangs on beside the calls (ct_calls.version) and the window of the matching: names, values, and
 * what is said of them in messages. Some questions have none: those that ask the user's own code.
 *
 * The newest few answers are kept, in bounded memory.
 */
#ifndef CT_MATCH_REMEMBERED_H
#define CT_MATCH_REMEMBERED_H

#include "match/verdict.h"

struct ct_key {
	struct ct_text bytes;
	bool none; /* the answer must be found anew each time */
};

void ct_key_number(struct ct_key *key, uint64_t number);
void ct_key_pattern(struct ct_key *key, const struct ct_pattern *pattern); /* or NULL */
void ct_key_elements(struct ct_key *key, const struct ct_element *list, size_t count);
void ct_key_deinit(struct ct_key *key);

/* Fills the verdict, and `number`, as ct_remember() was told them. */
bool ct_remembered(const struct ct_matching *m, const struct ct_key *key, struct ct_verdict *v, uint64_t *number);
void ct_remember(struct ct_matching *m, const struct ct_key *key, const struct ct_verdict *v, uint64_t number);

/* For ct_matching_deinit(). */
void ct_remembered_deinit(struct ct_matching *m);

#endif
