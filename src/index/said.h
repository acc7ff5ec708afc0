/*
 * said.h - what the debug information of a call site says of a register that it passes
 * (DW_TAG_call_site_parameter): whether that is what the text before the call proves.
 */
#ifndef CT_INDEX_SAID_H
#define CT_INDEX_SAID_H

#include "arch/x86_64/passed.h"
#include "index/places.h"

/* The caller, as far as expressions are about it. */
struct ct_speaker {
	struct ct_build *b;
	bool base_is_cfa; /* DW_OP_fbreg is about the canonical frame address */
	uint64_t call;    /* the instruction under way */
};
void ct_speaker_begin(struct ct_build *b, Dwarf_Die *body, struct ct_speaker *speaker);

/* Which register the parameter is; false: none. */
bool ct_said_of(Dwarf_Die *parameter, uint8_t *reg);
/* Whether it says of the value what the text proves. */
bool ct_says_so(const struct ct_speaker *speaker, Dwarf_Die *parameter, const struct ct_passed *passed);

#endif
