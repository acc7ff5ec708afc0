/*
 * callers.h - what call sites pass in a register: for arguments that the callee does not use,
 * whose register is overwritten when it calls the enter hook.
 */
#ifndef CT_INDEX_CALLERS_H
#define CT_INDEX_CALLERS_H

#include "index/places.h"

/* Where the registers that calls keep, as they were at entry, are at the hook; and the canonical frame address. */
void ct_kept_at(const struct ct_view *view, struct ct_plan *plan);

/*
 * Asked for a parameter of the plan that is made next, of which ct_kept_at() was told. If it is lost and some site knows what it passes,
 * adds the rows for all that do, makes of it one that the recorder has from there, and says true.
 */
bool ct_callers_tell(const struct ct_view *view, const struct ct_plan *plan, uint16_t argument, uint32_t size,
                     const struct ct_abi_place *abi, struct ct_found *found);

/*
 * Whether a direct call of a body stands where the compiler may have seen what the callee does with
 * its parameters: in the same unit, or the linker compiled. It then leaves out what the callee
 * does not read, of objects in memory too (seen with gcc 12: -fipa-modref, clang 14).
 */
bool ct_callers_know(struct ct_build *b, uint32_t body);

/* The rows in their order; once all plans are made. */
void ct_callers_settle(struct ct_build *b);
void ct_callers_free(struct ct_callers *callers);

#endif
