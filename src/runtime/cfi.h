/*
 * cfi.h - where the machine frame around an address has its canonical frame address: the
 * stack pointer in the caller, just before its call instruction. From .eh_frame, which
 * compilers write for x86-64 by default, stripped binaries included.
 */
#ifndef CT_RUNTIME_CFI_H
#define CT_RUNTIME_CFI_H

#include <stdbool.h>
#include <stdint.h>

enum ct_cfa_base {
	CT_CFA_SP = 0,    /* sp + offset */
	CT_CFA_RBP = 1,   /* rbp + offset */
	CT_CFA_DEREF = 2, /* *(rbp + offset): gcc's realigned stacks */
};

struct ct_cfa {
	uint64_t start; /* of the text that the address is in; 0: no unwind table covers it */
	int32_t offset;
	uint8_t base; /* enum ct_cfa_base */
	bool known;
};

/* Takes no lock, allocates nothing, async-signal-safe; about a microsecond. */
struct ct_cfa ct_cfi_find(uint64_t address);

static inline uint64_t ct_cfa_value(const struct ct_cfa *cfa, uint64_t sp, uint64_t rbp)
{
	if (cfa->base == CT_CFA_SP)
		return sp + (uint64_t)(int64_t) cfa->offset;
	if (cfa->base == CT_CFA_RBP)
		return rbp + (uint64_t)(int64_t) cfa->offset;
	return *(const uint64_t *) (rbp + (uint64_t)(int64_t) cfa->offset);
}

#endif
