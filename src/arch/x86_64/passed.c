#include "arch/x86_64/passed.h"

#include <string.h>

#include "arch/x86_64/decode_private.h"

enum { MOST_BACK = 48, RSP = 7 };

struct instruction {
	ZydisDecodedInstruction in;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	uint64_t address;
	uint32_t reads, writes; /* general registers, whole or in part */
	bool stores;            /* to memory */
};

/* What happens between an instruction and the call. */
struct between {
	uint32_t changed;   /* registers */
	int64_t stack;      /* the stack pointer there, from what it is at the call ... */
	bool stack_unknown; /* ... unless this */
	bool stored;        /* something was written to memory */
};

static uint32_t bit(ZydisRegister r)
{
	int reg = ct_dwarf_register(r);

	return reg >= 0 && reg < 16 ? 1u << reg : 0;
}

static bool decode(const struct ct_decoder *d, uint32_t number, struct instruction *i)
{
	size_t at = d->starts[number];

	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(ct_zydis(true), d->bytes + at, d->size - at, &i->in,
	                                         i->operands)))
		return false;
	i->address = d->address + at;
	i->reads = i->writes = 0;
	i->stores = false;
	for (int n = 0; n < i->in.operand_count; n++) {
		const ZydisDecodedOperand *o = &i->operands[n];

		if (o->type == ZYDIS_OPERAND_TYPE_MEMORY) {
			i->reads |= bit(o->mem.base) | bit(o->mem.index);
			i->stores |= (o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
		}
		if (o->type != ZYDIS_OPERAND_TYPE_REGISTER)
			continue;
		if (o->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
			i->reads |= bit(o->reg.value);
		if (o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
			i->writes |= bit(o->reg.value);
	}
	return true;
}

/* Whether control goes from it to the next instruction, and nowhere else. */
static bool goes_on(const ZydisDecodedInstruction *in)
{
	switch (in->meta.category) {
	case ZYDIS_CATEGORY_CALL: case ZYDIS_CATEGORY_RET: case ZYDIS_CATEGORY_COND_BR:
	case ZYDIS_CATEGORY_UNCOND_BR: case ZYDIS_CATEGORY_INTERRUPT: case ZYDIS_CATEGORY_SYSCALL:
	case ZYDIS_CATEGORY_SYSRET: case ZYDIS_CATEGORY_SYSTEM:
		return false;
	default:
		return in->mnemonic != ZYDIS_MNEMONIC_UD0 && in->mnemonic != ZYDIS_MNEMONIC_UD1
		       && in->mnemonic != ZYDIS_MNEMONIC_UD2;
	}
}

static struct ct_passed constant(int64_t number)
{
	return (struct ct_passed){ CT_PASSED_CONSTANT, 0, 8, number };
}

/* A copy of (part of) a register, or that plus a number. */
static struct ct_passed from_register(ZydisRegister r, unsigned bytes, int64_t number)
{
	static const struct ct_passed unknown;
	int reg = ct_dwarf_register(r);

	if (reg < 0 || reg > 15 || (r >= ZYDIS_REGISTER_AH && r <= ZYDIS_REGISTER_BH))
		return unknown;
	if (reg == RSP)
		return (struct ct_passed){ CT_PASSED_STACK, 0, (uint8_t) bytes, number };
	return (struct ct_passed){ CT_PASSED_REGISTER, (uint8_t) reg, (uint8_t) bytes, number };
}

/* An address that is computed; or, loaded, what is there: on the stack only. */
static struct ct_passed from_address(const struct instruction *i, unsigned bytes, bool loaded)
{
	static const struct ct_passed unknown;
	const ZydisDecodedOperandMem *m = &i->operands[1].mem;
	int64_t number = m->disp.has_displacement ? m->disp.value : 0;
	struct ct_passed found;

	if (m->index != ZYDIS_REGISTER_NONE || i->in.address_width != 64
	    || m->segment == ZYDIS_REGISTER_FS || m->segment == ZYDIS_REGISTER_GS)
		return unknown;
	if (m->base == ZYDIS_REGISTER_RIP && !loaded)
		return (struct ct_passed){ CT_PASSED_ADDRESS, 0, (uint8_t) bytes,
		                           (int64_t) (i->address + i->in.length) + number };
	found = from_register(m->base, bytes, number);
	if (loaded)
		found.kind = found.kind == CT_PASSED_STACK ? CT_PASSED_MEMORY : CT_PASSED_UNKNOWN;
	return found;
}

/* What the instruction that writes the register puts there. */
static struct ct_passed written(const struct instruction *i)
{
	static const struct ct_passed unknown;
	const ZydisDecodedOperand *to = &i->operands[0], *from = &i->operands[1];

	if (to->type != ZYDIS_OPERAND_TYPE_REGISTER || to->size < 32)
		return unknown; /* the rest of it stays */
	switch (i->in.mnemonic) {
	case ZYDIS_MNEMONIC_MOV:
		if (from->type == ZYDIS_OPERAND_TYPE_REGISTER)
			return from_register(from->reg.value, to->size / 8u, 0);
		if (from->type == ZYDIS_OPERAND_TYPE_MEMORY)
			return from_address(i, to->size / 8u, true);
		if (from->type != ZYDIS_OPERAND_TYPE_IMMEDIATE || from->imm.is_relative)
			return unknown;
		return constant(to->size == 32 ? (int64_t) (uint32_t) from->imm.value.u : from->imm.value.s);
	case ZYDIS_MNEMONIC_XOR:
		if (from->type == ZYDIS_OPERAND_TYPE_REGISTER && from->reg.value == to->reg.value)
			return constant(0);
		return unknown;
	case ZYDIS_MNEMONIC_MOVSX: case ZYDIS_MNEMONIC_MOVSXD: case ZYDIS_MNEMONIC_MOVZX:
		if (from->type == ZYDIS_OPERAND_TYPE_REGISTER)
			return from_register(from->reg.value, from->size / 8u, 0);
		return unknown;
	case ZYDIS_MNEMONIC_LEA: return from_address(i, to->size / 8u, false);
	default: return unknown;
	}
}

/* --- between it and the call --- */

/* Going back over an instruction that changes the stack pointer: by how much it lowers it. */
static bool lowers_stack(const struct instruction *i, int64_t *by)
{
	const ZydisDecodedOperand *to = &i->operands[0], *from = &i->operands[1];
	bool own = to->type == ZYDIS_OPERAND_TYPE_REGISTER && to->reg.value == ZYDIS_REGISTER_RSP;

	switch (i->in.mnemonic) {
	case ZYDIS_MNEMONIC_PUSH:
		*by = 8;
		return i->in.operand_width == 64;
	case ZYDIS_MNEMONIC_POP:
		*by = -8;
		return i->in.operand_width == 64 && !own;
	case ZYDIS_MNEMONIC_SUB:
		*by = from->imm.value.s;
		return own && from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
	case ZYDIS_MNEMONIC_ADD:
		*by = -from->imm.value.s;
		return own && from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
	case ZYDIS_MNEMONIC_LEA:
		*by = -(from->mem.disp.has_displacement ? from->mem.disp.value : 0);
		return own && from->mem.base == ZYDIS_REGISTER_RSP && from->mem.index == ZYDIS_REGISTER_NONE;
	default: return false;
	}
}

static void go_back(const struct instruction *i, struct between *b)
{
	int64_t by = 0;

	b->changed |= i->writes;
	b->stored |= i->stores;
	if (!(i->writes >> RSP & 1))
		return;
	b->stack_unknown |= !lowers_stack(i, &by) || by > INT32_MAX / 4 || by < INT32_MIN / 4;
	b->stack += by;
}

/* What the instruction wrote, as it is at the call. */
static struct ct_passed carried(const struct instruction *i, const struct between *b)
{
	static const struct ct_passed unknown;
	struct ct_passed p = written(i);

	if (p.kind == CT_PASSED_REGISTER && (b->changed | i->writes) >> p.reg & 1)
		return unknown;
	if (p.kind == CT_PASSED_STACK || p.kind == CT_PASSED_MEMORY) {
		p.number += b->stack;
		if (b->stack_unknown || (p.kind == CT_PASSED_MEMORY && (b->stored || p.number < 0)))
			return unknown;
	}
	return p;
}

/* The number of the instruction at an offset, or -1. */
static int64_t number_of(const struct ct_decoder *d, uint64_t offset)
{
	uint32_t low = 0, high = d->start_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (d->starts[middle] < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < d->start_count && d->starts[low] == offset ? (int64_t) low : -1;
}

/* Whether a jump leads behind `low`, up to `high`. */
static bool joins(const uint64_t *targets, uint32_t count, uint64_t low, uint64_t high)
{
	uint32_t first = 0, last = count;

	while (first < last) {
		uint32_t middle = first + (last - first) / 2;

		if (targets[middle] <= low)
			first = middle + 1;
		else
			last = middle;
	}
	return first < count && targets[first] <= high;
}

void ct_passed_at(const struct ct_decoder *d, uint64_t call, uint32_t regs, const uint64_t *targets,
                  uint32_t target_count, struct ct_passed out[16])
{
	struct between between = {0};
	struct instruction i;
	int64_t last = number_of(d, call - d->address);

	memset(out, 0, 16 * sizeof *out);
	for (int64_t n = last - 1; regs && n >= 0 && n >= last - MOST_BACK; n--) {
		uint64_t at = d->address + d->starts[n];

		if (!decode(d, (uint32_t) n, &i) || !goes_on(&i.in)
		    || d->starts[n] + i.in.length != d->starts[n + 1]
		    || joins(targets, target_count, at, call))
			return;
		for (unsigned reg = 0; reg < 16; reg++)
			if (regs & i.writes & 1u << reg)
				out[reg] = carried(&i, &between);
		regs &= ~(i.writes | i.reads);
		go_back(&i, &between);
	}
}
