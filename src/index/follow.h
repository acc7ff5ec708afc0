/* follow.h - operations that follow pointers, for one list of operations of a plan. */
#ifndef CT_INDEX_FOLLOW_H
#define CT_INDEX_FOLLOW_H

#include "index/values.h"

enum { CT_FOLLOW_LATER = 64 };

struct ct_follow_later {
	uint32_t type;
	uint16_t base, argument;
	uint32_t at;
	bool out;
};

struct ct_follow {
	struct ct_build *b;
	uint32_t first; /* the list's first operation */
	bool may_change; /* parameters: what they point to is followed again at the exit */
	uint16_t argument;
	unsigned count, later_count, visited;
	struct ct_follow_later later[CT_FOLLOW_LATER];
};

/* A value at `at` of the fixed part, and one whose address is there. */
void ct_follow_value(struct ct_follow *f, uint32_t type, uint16_t argument, uint32_t at);
void ct_follow_indirect(struct ct_follow *f, uint32_t type, uint16_t argument, uint32_t at);
/* A pointer at `at`, to as many bytes as the 8-byte number at `count` says. */
void ct_follow_counted(struct ct_follow *f, uint32_t type, uint16_t argument, uint32_t at, uint32_t count);
/* Then, once for the list. */
void ct_follow_deeper(struct ct_follow *f);

/* counted.c: whether the next parameter is the size of what parameter `number` points to, and where
 * in the fixed part it is as 8 bytes. Before anything of the list is followed. */
bool ct_find_count(struct ct_build *b, struct ct_plan *plan, uint32_t number, uint32_t *at);

#endif
