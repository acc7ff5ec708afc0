/*
 * passed.h - what a call passes in a register, as the instructions right before it prove.
 *
 * Goes back from the call to the instruction that wrote the register, as long as control cannot
 * have come from elsewhere. Nothing in between reads it: so it was written for this call, and
 * is not left over from something else, where the compiler knew that the callee does not care.
 */
#ifndef CT_ARCH_X86_64_PASSED_H
#define CT_ARCH_X86_64_PASSED_H

#include "arch/x86_64/decode.h"

enum ct_passed_kind {
	CT_PASSED_UNKNOWN,
	CT_PASSED_CONSTANT, /* `number` */
	CT_PASSED_REGISTER, /* what `reg` holds at the call, plus `number` */
	CT_PASSED_STACK,    /* the stack pointer at the call instruction, plus `number` */
	CT_PASSED_MEMORY,   /* what is in memory at that address, which is not below the stack pointer */
	CT_PASSED_ADDRESS,  /* the address `number` in the file, which moves with the binary */
};

struct ct_passed {
	enum ct_passed_kind kind;
	uint8_t reg;   /* REGISTER: a general one, but not rsp; DWARF's number */
	uint8_t bytes; /* so many low bytes of the argument's register are that */
	int64_t number;
};

/*
 * For each of `regs` (a bit for each general register, DWARF's number) what it is, to `out` by its number.
 * `decoder` has decoded the text around `call`, the address of the instruction. `targets` are where
 * jumps lead, sorted.
 */
void ct_passed_at(const struct ct_decoder *decoder, uint64_t call, uint32_t regs, const uint64_t *targets,
                  uint32_t target_count, struct ct_passed out[16]);

#endif
