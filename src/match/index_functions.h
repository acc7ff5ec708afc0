/* index_functions.h - the functions that a binary's index knows, called or not, for matching. */
#ifndef CT_MATCH_INDEX_FUNCTIONS_H
#define CT_MATCH_INDEX_FUNCTIONS_H

#include "format/index.h"
#include "match/calls.h"

/*
 * Adds those that are not in `known` (struct ct_function_id -> row) yet. `bias` is added to
 * addresses: of the process that asks, else 0. `rows` gets the row of each of the index's; or NULL.
 */
void ct_calls_add_index(struct ct_calls *calls, const struct ct_index *index, uint32_t module, uint64_t bias,
                        struct ct_map *known, uint32_t *rows);

/* A function of a trace or an index by what it is: binary, and address in its file. */
struct ct_function_id {
	uint64_t address;
	uint32_t module, zero;
};

/* The row of a function's enter hook's plan, or CT_NONE. */
uint32_t ct_index_plan_of(const struct ct_index *index, uint64_t address);

#endif
