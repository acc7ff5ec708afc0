/* decode_private.h - what decode.c and value.c share. */
#ifndef CT_ARCH_X86_64_DECODE_PRIVATE_H
#define CT_ARCH_X86_64_DECODE_PRIVATE_H

#include <Zydis/Zydis.h>

#include "arch/x86_64/decode.h"

struct ct_jump {
	uint32_t target; /* offset in the text */
	uint32_t from;   /* instruction */
};

/* What an instruction does to the general registers. */
struct ct_effect {
	uint16_t writes; /* a bit for each */
	uint16_t seen;   /* by the search under way: a bit for each register */
	uint8_t length;
	bool known;      /* else the other fields are not filled yet */
	bool nop;
	bool call;
	bool ends;       /* control never goes on behind it */
};

/* Decoders, set up once: the quick one knows lengths and raw fields, the full one operands too. */
const ZydisDecoder *ct_zydis(bool full);

/* DWARF's number of a register, of whatever width: 0-15 general, 17-32 xmm; -1: another. */
int ct_dwarf_register(ZydisRegister r);

#endif
