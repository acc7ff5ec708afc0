#include "arch/x86_64/passed.h"

#include "arch/x86_64/decode_private.h"

enum { MOST_BACK = 48 };
static const uint16_t kept = 1u << 3 | 1u << 6 | 0xf000u; /* rbx, rbp, r12-r15 */

struct instruction {
	ZydisDecodedInstruction in;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	uint32_t reads, writes; /* general registers, whole or in part */
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
	i->reads = i->writes = 0;
	for (int n = 0; n < i->in.operand_count; n++) {
		const ZydisDecodedOperand *o = &i->operands[n];

		if (o->type == ZYDIS_OPERAND_TYPE_MEMORY)
			i->reads |= bit(o->mem.base) | bit(o->mem.index);
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

/* A copy of (part of) a register that calls keep, or that plus a number. */
static struct ct_passed from_register(ZydisRegister r, unsigned bytes, int64_t number)
{
	static const struct ct_passed unknown;

	if (!(bit(r) & kept) || (r >= ZYDIS_REGISTER_AH && r <= ZYDIS_REGISTER_BH))
		return unknown;
	return (struct ct_passed){ CT_PASSED_REGISTER, (uint8_t) ct_dwarf_register(r), (uint8_t) bytes,
	                           number };
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
	case ZYDIS_MNEMONIC_LEA:
		if (from->mem.index != ZYDIS_REGISTER_NONE || i->in.address_width != 64)
			return unknown;
		return from_register(from->mem.base, to->size / 8u,
		                     from->mem.disp.has_displacement ? from->mem.disp.value : 0);
	default:
		return unknown;
	}
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

struct ct_passed ct_passed_at(const struct ct_decoder *d, uint64_t call, uint8_t reg,
                              const uint64_t *targets, uint32_t target_count)
{
	struct ct_passed unknown = {0}, found;
	struct instruction i;
	uint32_t changed = 0; /* registers, between there and the call */
	int64_t last = number_of(d, call - d->address);

	for (int64_t n = last - 1; n >= 0 && n >= last - MOST_BACK; n--) {
		uint64_t at = d->address + d->starts[n];

		if (!decode(d, (uint32_t) n, &i) || !goes_on(&i.in)
		    || d->starts[n] + i.in.length != d->starts[n + 1]
		    || joins(targets, target_count, at, call))
			return unknown;
		if (i.writes >> reg & 1) {
			found = written(&i);
			return found.kind == CT_PASSED_REGISTER && changed >> found.reg & 1 ? unknown : found;
		}
		if (i.reads >> reg & 1)
			return unknown;
		changed |= i.writes;
	}
	return unknown;
}
