/*
 * value.c - what an argument register holds at a call: a search backward from it over
 * all ways that lead there, until each has met the instruction that made the value.
 */
#include "arch/x86_64/decode_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define MOST_STEPS 4096 /* instructions that one search looks at */
#define MOST_WAYS 64    /* ways still to go back at one time */

struct way {
	uint32_t instruction; /* the register's value before this one is asked for */
	int reg;
};

struct search {
	struct ct_decoder *d;
	struct way ways[MOST_WAYS];
	unsigned way_count;
	struct way visited[MOST_STEPS];
	unsigned step_count;
	struct ct_value value; /* found on the ways so far */
	bool failed;
};

/* The number of the whole register, or -1: not a general one. */
static int number_of(ZydisRegister r)
{
	r = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, r);
	if (r < ZYDIS_REGISTER_RAX || r > ZYDIS_REGISTER_R15)
		return -1;
	return (int) (r - ZYDIS_REGISTER_RAX);
}

/* rbx, rbp, r12 to r15, and rsp: calls keep them. */
static bool kept_by_calls(int reg)
{
	return 0xf038 >> reg & 1;
}

static bool decode_full(const struct ct_decoder *d, uint32_t i, ZydisDecodedInstruction *in,
                        ZydisDecodedOperand *operands)
{
	uint32_t at = d->starts[i];

	return ZYAN_SUCCESS(ZydisDecoderDecodeFull(ct_zydis(true), d->bytes + at, d->size - at,
	                                           in, operands));
}

static const struct ct_effect *effect_of(struct ct_decoder *d, uint32_t i)
{
	struct ct_effect *e = &d->effects[i];
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction in;

	if (e->known)
		return e;
	e->known = true;
	if (!decode_full(d, i, &in, operands)) {
		e->writes = UINT16_MAX;
		return e;
	}
	e->length = in.length;
	e->nop = in.mnemonic == ZYDIS_MNEMONIC_NOP;
	e->call = in.mnemonic == ZYDIS_MNEMONIC_CALL;
	e->ends = in.mnemonic == ZYDIS_MNEMONIC_JMP || in.mnemonic == ZYDIS_MNEMONIC_RET
	          || in.mnemonic == ZYDIS_MNEMONIC_UD2 || in.mnemonic == ZYDIS_MNEMONIC_HLT
	          || in.mnemonic == ZYDIS_MNEMONIC_INT3;
	for (int o = 0; o < in.operand_count; o++)
		if (operands[o].type == ZYDIS_OPERAND_TYPE_REGISTER
		    && operands[o].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) {
			int reg = number_of(operands[o].reg.value);

			if (reg >= 0)
				e->writes |= (uint16_t) (1u << reg);
		}
	return e;
}

static bool memory_address(const ZydisDecodedInstruction *in, const ZydisDecodedOperand *m,
                           uint64_t address, uint64_t *out)
{
	if (m->mem.index != ZYDIS_REGISTER_NONE || !m->mem.disp.has_displacement
	    || (m->mem.base != ZYDIS_REGISTER_RIP && m->mem.base != ZYDIS_REGISTER_NONE)
	    || m->mem.segment == ZYDIS_REGISTER_FS || m->mem.segment == ZYDIS_REGISTER_GS)
		return false;
	*out = (uint64_t) m->mem.disp.value
	       + (m->mem.base == ZYDIS_REGISTER_RIP ? address + in->length : 0);
	return true;
}

/*
 * What instruction `i`, which writes `reg`, puts there: *value; or the register whose
 * value it copies, which is returned; -1: there is nothing to copy.
 */
static int source_of(const struct ct_decoder *d, uint32_t i, int reg, struct ct_value *value)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	const ZydisDecodedOperand *to = &operands[0], *from = &operands[1];
	ZydisDecodedInstruction in;
	uint64_t address = d->address + d->starts[i];

	*value = (struct ct_value){ CT_VALUE_UNKNOWN, 0 };
	if (!decode_full(d, i, &in, operands) || in.operand_count_visible != 2
	    || to->type != ZYDIS_OPERAND_TYPE_REGISTER || number_of(to->reg.value) != reg
	    || to->size < 32)
		return -1;
	if (in.mnemonic == ZYDIS_MNEMONIC_LEA && to->size == 64
	    && memory_address(&in, from, address, &value->value)) {
		value->kind = CT_VALUE_CONSTANT;
	} else if (in.mnemonic == ZYDIS_MNEMONIC_MOV && from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
		value->kind = CT_VALUE_CONSTANT;
		value->value = to->size == 32 ? (uint32_t) from->imm.value.u : from->imm.value.u;
	} else if (in.mnemonic == ZYDIS_MNEMONIC_MOV && to->size == 64
	           && from->type == ZYDIS_OPERAND_TYPE_MEMORY
	           && memory_address(&in, from, address, &value->value)) {
		value->kind = CT_VALUE_LOADED;
	} else if (in.mnemonic == ZYDIS_MNEMONIC_MOV && to->size == 64
	           && from->type == ZYDIS_OPERAND_TYPE_REGISTER) {
		return number_of(from->reg.value);
	}
	return -1;
}

/* --- the search --- */

static void push(struct search *s, uint32_t instruction, int reg)
{
	struct ct_effect *e = &s->d->effects[instruction];

	if (e->seen >> reg & 1)
		return;
	if (s->way_count == MOST_WAYS || s->step_count == MOST_STEPS) {
		s->failed = true;
		return;
	}
	e->seen |= (uint16_t) (1u << reg);
	s->visited[s->step_count++] = (struct way){ instruction, reg };
	s->ways[s->way_count++] = (struct way){ instruction, reg };
}

static void found(struct search *s, const struct ct_value *value)
{
	if (value->kind == CT_VALUE_UNKNOWN
	    || (s->value.kind != CT_VALUE_UNKNOWN
	        && (s->value.kind != value->kind || s->value.value != value->value)))
		s->failed = true;
	s->value = *value;
}

/* Goes back through instruction `i`. */
static void back_through(struct search *s, uint32_t i, int reg)
{
	const struct ct_effect *e = effect_of(s->d, i);
	struct ct_value value;

	if (e->call && !kept_by_calls(reg)) {
		s->failed = true;
	} else if (e->writes >> reg & 1) {
		int source = source_of(s->d, i, reg, &value);

		if (source >= 0)
			push(s, i, source);
		else
			found(s, &value);
	} else {
		push(s, i, reg);
	}
}

static int by_target(const void *a, const void *b)
{
	const struct ct_jump *x = a, *y = b;

	if (x->target != y->target)
		return x->target < y->target ? -1 : 1;
	return (x->from > y->from) - (x->from < y->from);
}

/* The first of the jumps to an offset or behind it. */
static uint32_t first_jump_to(const struct ct_decoder *d, uint32_t target)
{
	uint32_t low = 0, high = d->jump_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (d->jumps[middle].target < target)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Goes back from before an instruction to all that may have run before it. */
static void step(struct search *s)
{
	struct way way = s->ways[--s->way_count];
	struct ct_decoder *d = s->d;
	uint32_t i = way.instruction, at = d->starts[i];
	bool any = false;

	for (uint32_t j = first_jump_to(d, at); j < d->jump_count && d->jumps[j].target == at; j++) {
		back_through(s, d->jumps[j].from, way.reg);
		any = true;
	}
	if (i > 0 && d->starts[i - 1] + effect_of(d, i - 1)->length == at
	    && !effect_of(d, i - 1)->ends) {
		back_through(s, i - 1, way.reg);
		any = true;
	}
	/* The beginning, or a place that a jump table leads to. Padding behind a jump is neither. */
	if (!any && !effect_of(d, i)->nop)
		s->failed = true;
}

static void prepare(struct ct_decoder *d)
{
	if (d->ready)
		return;
	if (d->jump_count)
		qsort(d->jumps, d->jump_count, sizeof *d->jumps, by_target);
	if (d->effect_capacity < d->start_count) {
		free(d->effects);
		d->effects = ct_alloc(d->start_count * sizeof *d->effects);
		d->effect_capacity = d->start_count;
	}
	memset(d->effects, 0, d->start_count * sizeof *d->effects);
	d->ready = true;
}

static struct ct_value value_at(struct ct_decoder *d, const struct ct_branch *branch, int reg)
{
	struct search s;

	prepare(d);
	s.d = d;
	s.way_count = s.step_count = 0;
	s.value = (struct ct_value){ CT_VALUE_UNKNOWN, 0 };
	s.failed = false;
	push(&s, branch->instruction, reg);
	while (s.way_count && !s.failed)
		step(&s);
	for (unsigned i = 0; i < s.step_count; i++)
		d->effects[s.visited[i].instruction].seen = 0;
	if (s.failed)
		s.value = (struct ct_value){ CT_VALUE_UNKNOWN, 0 };
	return s.value;
}

struct ct_value ct_decode_argument(struct ct_decoder *d, const struct ct_branch *branch,
                                   enum ct_argument argument)
{
	static const int registers[] = {
		[CT_ARGUMENT_1] = 7, [CT_ARGUMENT_2] = 6, [CT_ARGUMENT_3] = 2, /* rdi, rsi, rdx */
	};

	return value_at(d, branch, registers[argument]);
}

struct ct_value ct_decode_pointer(struct ct_decoder *d, const struct ct_branch *branch)
{
	if (branch->reg < 0)
		return (struct ct_value){ CT_VALUE_UNKNOWN, 0 };
	return value_at(d, branch, branch->reg);
}
