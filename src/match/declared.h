/*
 * declared.h - what the debug information says of a function's parameters, whether it was called or not: by that a
 * question is known to make no sense before there is a value to hold it against, and numbers get the names that
 * they have in the source.
 *
 * A *specimen* is a datum of a type and no value: what matchers say of it beyond "it can never be" means nothing.
 * What is not known of a type (void *, what is too many pointers away, most of libstdc++) is CT_DATUM_NONE in it.
 */
#ifndef CT_MATCH_DECLARED_H
#define CT_MATCH_DECLARED_H

#include "format/index.h"
#include "match/calls.h"
#include "match/datum.h"
#include "match/pattern.h"

struct ct_declared {
	struct ct_datum parameters; /* an array of specimens, in order, with names and types */
	struct ct_datum returned;   /* a specimen; NONE: not known */
	bool returns_nothing;
};

/* Of the function at this address of the index; false: it is not known. */
bool ct_declared_of(const struct ct_index *index, uint64_t address, struct ct_arena *arena, struct ct_declared *out);

/*
 * What a specimen knows and a value of that type does not: a saved trace has the names of enumerators, and no numbers. Then either may
 * be asked for.
 */
void ct_declared_teach(const struct ct_datum *specimen, struct ct_datum *value);

/* A copy of the pattern whose operands are written in messages as the source would: RED, true, on_event. */
const struct ct_pattern *ct_declared_dress(const struct ct_calls *calls, const struct ct_declared *declared,
                                           const struct ct_pattern *p, struct ct_arena *arena);

#endif
