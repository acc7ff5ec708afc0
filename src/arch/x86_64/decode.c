#include "arch/x86_64/decode.h"

#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/decode_private.h"
#include "base/text.h"


const ZydisDecoder *ct_zydis(bool full)
{
	static _Thread_local ZydisDecoder decoders[2];
	static _Thread_local bool ready;

	if (!ready) {
		for (int i = 0; i < 2; i++)
			ZydisDecoderInit(&decoders[i], ZYDIS_MACHINE_MODE_LONG_64,
			                 ZYDIS_STACK_WIDTH_64);
		ZydisDecoderEnableMode(&decoders[0], ZYDIS_DECODER_MODE_MINIMAL, ZYAN_TRUE);
		ready = true;
	}
	return &decoders[full];
}

int ct_dwarf_register(ZydisRegister r)
{
	static const int8_t general[16] = { 0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15 };
	ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, r);

	if (whole >= ZYDIS_REGISTER_RAX && whole <= ZYDIS_REGISTER_R15)
		return general[whole - ZYDIS_REGISTER_RAX];
	if (whole >= ZYDIS_REGISTER_ZMM0 && whole <= ZYDIS_REGISTER_ZMM15)
		return 17 + (int) (whole - ZYDIS_REGISTER_ZMM0);
	return -1;
}

static bool has_segment(const ZydisDecodedInstruction *in)
{
	for (int i = 0; i < in->raw.prefix_count; i++)
		if (in->raw.prefixes[i].value == 0x64 || in->raw.prefixes[i].value == 0x65)
			return true;
	return false;
}

/* The memory operand of `in`, if its address is in the instruction itself. */
static bool slot_of(const ZydisDecodedInstruction *in, uint64_t next, uint64_t *slot)
{
	if (in->raw.modrm.mod != 0 || has_segment(in))
		return false;
	if (in->raw.modrm.rm == 5) {
		*slot = next + (uint64_t) in->raw.disp.value;
		return true;
	}
	if (in->raw.modrm.rm == 4 && in->raw.sib.base == 5 && in->raw.sib.index == 4
	    && !(in->raw.rex.X)) {
		*slot = (uint64_t) in->raw.disp.value;
		return true;
	}
	return false;
}

static bool is_jump(ZydisMnemonic m)
{
	switch (m) {
	case ZYDIS_MNEMONIC_JMP:
	case ZYDIS_MNEMONIC_JB: case ZYDIS_MNEMONIC_JBE: case ZYDIS_MNEMONIC_JCXZ:
	case ZYDIS_MNEMONIC_JECXZ: case ZYDIS_MNEMONIC_JL: case ZYDIS_MNEMONIC_JLE:
	case ZYDIS_MNEMONIC_JNB: case ZYDIS_MNEMONIC_JNBE: case ZYDIS_MNEMONIC_JNL:
	case ZYDIS_MNEMONIC_JNLE: case ZYDIS_MNEMONIC_JNO: case ZYDIS_MNEMONIC_JNP:
	case ZYDIS_MNEMONIC_JNS: case ZYDIS_MNEMONIC_JNZ: case ZYDIS_MNEMONIC_JO:
	case ZYDIS_MNEMONIC_JP: case ZYDIS_MNEMONIC_JRCXZ: case ZYDIS_MNEMONIC_JS:
	case ZYDIS_MNEMONIC_JZ: case ZYDIS_MNEMONIC_LOOP: case ZYDIS_MNEMONIC_LOOPE:
	case ZYDIS_MNEMONIC_LOOPNE:
		return true;
	default:
		return false;
	}
}

/* Fills `out` if `in`, at `address`, is a call or a jump. */
static bool branch_of(const ZydisDecodedInstruction *in, uint64_t address,
                      struct ct_branch *out)
{
	bool call = in->mnemonic == ZYDIS_MNEMONIC_CALL;

	if (!call && !is_jump(in->mnemonic))
		return false;
	*out = (struct ct_branch){
		.address = address,
		.next = address + in->length,
		.how = CT_TARGET_POINTER,
		.reg = -1,
		.call = call,
	};
	if (in->raw.imm[0].is_relative) {
		out->how = CT_TARGET_ADDRESS;
		out->target = out->next + (uint64_t) in->raw.imm[0].value.s;
	} else if (slot_of(in, out->next, &out->target)) {
		out->how = CT_TARGET_SLOT;
	} else if (in->raw.modrm.mod == 3) {
		out->reg = (int8_t) (in->raw.modrm.rm | in->raw.rex.B << 3);
	}
	return true;
}

static void *grown(void *array, uint32_t count, uint32_t *capacity, size_t row_size)
{
	if (count < *capacity)
		return array;
	*capacity = *capacity ? *capacity * 2 : 256;
	return ct_realloc(array, *capacity * row_size);
}

static void add_start(struct ct_decoder *d, size_t offset)
{
	d->starts = grown(d->starts, d->start_count, &d->start_capacity, sizeof *d->starts);
	d->starts[d->start_count++] = (uint32_t) offset;
}

static void add_branch(struct ct_decoder *d, struct ct_branch *branch)
{
	uint64_t into = branch->target - d->address;

	branch->instruction = d->start_count - 1;
	if (branch->how == CT_TARGET_ADDRESS && into < d->size && !branch->call) {
		d->jumps = grown(d->jumps, d->jump_count, &d->jump_capacity, sizeof *d->jumps);
		d->jumps[d->jump_count++] = (struct ct_jump){ (uint32_t) into, branch->instruction };
		return;
	}
	d->open |= branch->how != CT_TARGET_ADDRESS && !branch->call;
	if (branch->how == CT_TARGET_POINTER && !branch->call)
		return;
	d->branches = grown(d->branches, d->branch_count, &d->branch_capacity,
	                    sizeof *d->branches);
	d->branches[d->branch_count++] = *branch;
}

void ct_decode(struct ct_decoder *d, const uint8_t *bytes, size_t size, uint64_t address)
{
	const ZydisDecoder *zydis = ct_zydis(false);
	ZydisDecodedInstruction in;
	struct ct_branch branch;

	if (size > UINT32_MAX)
		size = UINT32_MAX;
	d->bytes = bytes;
	d->size = size;
	d->address = address;
	d->branch_count = d->jump_count = d->start_count = 0;
	d->ready = d->open = false;
	for (size_t at = 0; at < size;) {
		if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(zydis, NULL, bytes + at,
		                                                size - at, &in))) {
			d->open = true;
			at++;
			continue;
		}
		add_start(d, at);
		d->open |= in.mnemonic == ZYDIS_MNEMONIC_XBEGIN;
		if (branch_of(&in, address + at, &branch))
			add_branch(d, &branch);
		at += in.length;
	}
}

/* --- one instruction --- */

/* A register that is a known place in the frame, or NULL. */
static const int64_t *in_frame(const struct ct_stack *stack, ZydisRegister r)
{
	if (r == ZYDIS_REGISTER_RSP)
		return stack->rsp_known ? &stack->rsp : NULL;
	return r == ZYDIS_REGISTER_RBP && stack->rbp_known ? &stack->rbp : NULL;
}

/* Whether an operand is memory in which the return address lies. */
static bool is_return_address(const struct ct_stack *stack, const ZydisDecodedOperand *o)
{
	const int64_t *base = in_frame(stack, o->mem.base);
	int64_t at;

	if (o->type != ZYDIS_OPERAND_TYPE_MEMORY || o->mem.type == ZYDIS_MEMOP_TYPE_AGEN || !base)
		return false;
	at = *base + (o->mem.disp.has_displacement ? o->mem.disp.value : 0);
	return o->mem.index != ZYDIS_REGISTER_NONE || (at < 0 && at + (o->size + 7) / 8 > -8);
}

static void assign(struct ct_stack *stack, ZydisRegister to, bool known, int64_t at)
{
	if (to == ZYDIS_REGISTER_RSP) {
		stack->rsp_known = known;
		stack->rsp = at;
	} else if (to == ZYDIS_REGISTER_RBP) {
		stack->rbp_known = known;
		stack->rbp = at;
	}
}

/* What a move, an addition or the like makes of rsp and rbp. False: it is none of those. */
static bool move_stack(const ZydisDecodedInstruction *in, const ZydisDecodedOperand *o,
                       struct ct_stack *stack)
{
	const int64_t *from;
	int sign = in->mnemonic == ZYDIS_MNEMONIC_SUB ? -1 : 1;

	if (in->operand_count_visible != 2 || o[0].type != ZYDIS_OPERAND_TYPE_REGISTER || o[0].size != 64)
		return false;
	switch (in->mnemonic) {
	case ZYDIS_MNEMONIC_MOV:
		from = o[1].type == ZYDIS_OPERAND_TYPE_REGISTER ? in_frame(stack, o[1].reg.value) : NULL;
		assign(stack, o[0].reg.value, from, from ? *from : 0);
		return true;
	case ZYDIS_MNEMONIC_LEA:
		from = o[1].mem.index == ZYDIS_REGISTER_NONE ? in_frame(stack, o[1].mem.base) : NULL;
		assign(stack, o[0].reg.value, from, from ? *from + o[1].mem.disp.value : 0);
		return true;
	case ZYDIS_MNEMONIC_ADD: case ZYDIS_MNEMONIC_SUB:
		from = in_frame(stack, o[0].reg.value);
		if (!from || o[1].type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
			return false;
		assign(stack, o[0].reg.value, true, *from + sign * o[1].imm.value.s);
		return true;
	default:
		return false;
	}
}

static void carry_stack(const ZydisDecodedInstruction *in, const ZydisDecodedOperand *o,
                        struct ct_stack *stack)
{
	int64_t rsp = stack->rsp, rbp = stack->rbp;
	bool rsp_known = stack->rsp_known, rbp_known = stack->rbp_known;

	if (move_stack(in, o, stack) || in->mnemonic == ZYDIS_MNEMONIC_CALL)
		return;
	for (int i = 0; i < in->operand_count; i++)
		if (o[i].type == ZYDIS_OPERAND_TYPE_REGISTER && o[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
			assign(stack, ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64,
			                                               o[i].reg.value), false, 0);
	if (in->operand_width == 16 && in->mnemonic != ZYDIS_MNEMONIC_LEAVE)
		return;
	if (in->mnemonic == ZYDIS_MNEMONIC_PUSH)
		assign(stack, ZYDIS_REGISTER_RSP, rsp_known, rsp - 8);
	else if (in->mnemonic == ZYDIS_MNEMONIC_POP && o[0].type == ZYDIS_OPERAND_TYPE_REGISTER
	         && o[0].reg.value != ZYDIS_REGISTER_RSP)
		assign(stack, ZYDIS_REGISTER_RSP, rsp_known, rsp + 8);
	else if (in->mnemonic == ZYDIS_MNEMONIC_LEAVE)
		assign(stack, ZYDIS_REGISTER_RSP, rbp_known, rbp + 8);
}

static int copied_register(const ZydisDecodedInstruction *in, const ZydisDecodedOperand *o)
{
	switch (in->mnemonic) {
	case ZYDIS_MNEMONIC_MOV: case ZYDIS_MNEMONIC_MOVD: case ZYDIS_MNEMONIC_MOVQ: case ZYDIS_MNEMONIC_MOVAPS:
	case ZYDIS_MNEMONIC_MOVAPD: case ZYDIS_MNEMONIC_VMOVD: case ZYDIS_MNEMONIC_VMOVQ:
	case ZYDIS_MNEMONIC_MOVZX: case ZYDIS_MNEMONIC_MOVSX: case ZYDIS_MNEMONIC_MOVSXD:
		return o[1].type == ZYDIS_OPERAND_TYPE_REGISTER ? ct_dwarf_register(o[1].reg.value) : -1;
	default:
		return -1;
	}
}

bool ct_decode_step(const uint8_t *bytes, size_t size, uint64_t address, struct ct_stack *stack,
                    struct ct_step *step)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction in;
	struct ct_branch branch;

	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(ct_zydis(true), bytes, size, &in, operands)))
		return false;
	*step = (struct ct_step){ .flow = CT_FLOW_ON, .next = address + in.length };
	step->no_value = has_segment(&in) || in.mnemonic == ZYDIS_MNEMONIC_POP;
	for (int i = 0; i < in.operand_count; i++) {
		if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER
		    && operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) {
			int reg = ct_dwarf_register(operands[i].reg.value);

			step->writes |= reg >= 0 ? 1ull << reg : 0;
		}
		step->at_return |= in.mnemonic != ZYDIS_MNEMONIC_RET && in.mnemonic != ZYDIS_MNEMONIC_CALL
		                   && is_return_address(stack, &operands[i]);
	}
	step->copied = (int8_t) copied_register(&in, operands);
	if (in.meta.category == ZYDIS_CATEGORY_X87_ALU)
		step->writes |= CT_WRITES_X87;
	if (in.mnemonic == ZYDIS_MNEMONIC_RET) {
		step->flow = CT_FLOW_RETURN;
		step->at_return = stack->rsp_known && stack->rsp != -8;
	} else if (in.mnemonic == ZYDIS_MNEMONIC_UD2 || in.mnemonic == ZYDIS_MNEMONIC_HLT
	           || in.mnemonic == ZYDIS_MNEMONIC_INT3) {
		step->flow = CT_FLOW_STOP;
	}
	carry_stack(&in, operands, stack);
	if (branch_of(&in, address, &branch)) {
		step->flow = branch.call ? CT_FLOW_CALL
		             : in.mnemonic == ZYDIS_MNEMONIC_JMP ? CT_FLOW_JUMP : CT_FLOW_BRANCH;
		step->how = branch.how;
		step->target = branch.target;
	}
	return true;
}

uint64_t ct_decode_jump(const struct ct_decoder *d, uint32_t number)
{
	return d->address + d->jumps[number].target;
}

void ct_decoder_deinit(struct ct_decoder *decoder)
{
	free(decoder->branches);
	free(decoder->jumps);
	free(decoder->starts);
	free(decoder->effects);
	*decoder = (struct ct_decoder){0};
}

bool ct_decode_stub(const uint8_t *bytes, size_t size, uint64_t address, uint64_t *slot)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	ZydisDecodedInstruction in;
	struct ct_branch branch;

	if (size >= sizeof endbr64 && memcmp(bytes, endbr64, sizeof endbr64) == 0) {
		bytes += sizeof endbr64;
		size -= sizeof endbr64;
		address += sizeof endbr64;
	}
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(ct_zydis(false), NULL, bytes, size, &in))
	    || in.mnemonic != ZYDIS_MNEMONIC_JMP || !branch_of(&in, address, &branch)
	    || branch.how != CT_TARGET_SLOT)
		return false;
	*slot = branch.target;
	return true;
}
