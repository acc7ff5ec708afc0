#include "arch/x86_64/track.h"

#include <string.h>

#include "arch/x86_64/decode.h"
#include "arch/x86_64/decode_private.h"

enum { RSP = 7, RBP = 6, XMM = 17, MOST_WAYS = 24, MOST_INSTRUCTIONS = 600 };

/* A branch forward that was met, and what was known there. */
struct way {
	uint64_t target;
	struct ct_track state;
};

struct tracker {
	struct ct_track *now;
	uint64_t address, call;
	struct way ways[MOST_WAYS];
	unsigned way_count;
	ZydisDecodedInstruction in;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};

static const struct ct_tracked nothing;

/* --- registers --- */

static bool is_high_byte(ZydisRegister r)
{
	return r >= ZYDIS_REGISTER_AH && r <= ZYDIS_REGISTER_BH;
}

static void set(struct tracker *t, int reg, struct ct_tracked value)
{
	if (reg >= 0)
		t->now->regs[reg] = value;
}

static struct ct_tracked narrowed(struct ct_tracked value, unsigned bytes)
{
	if ((value.known == CT_KNOWN_FRAME || value.known == CT_KNOWN_OWN) && bytes < 8)
		return nothing;
	if (value.bytes > bytes)
		value.bytes = (uint8_t) bytes;
	return value;
}

/* --- the frame --- */

static bool overlap(const struct ct_tracked_slot *s, int64_t at, uint64_t size)
{
	return at < s->at + (int64_t) s->size && s->at < at + (int64_t) size;
}

static void forget_aligned(struct ct_track *s)
{
	for (unsigned i = 0; i < s->aligned_count; i++)
		s->aligned_slots[i].value = nothing;
}

/* Of what lies below what the stack pointer was when it was aligned, too: the aligned frame may be there. */
static void forget_below_aligned(struct ct_track *s)
{
	for (unsigned i = 0; i < s->slot_count; i++)
		if (s->slots[i].at < s->aligned_at)
			s->slots[i].value = nothing;
}

/* Forgets what is in memory: something was written there, who knows where. */
static void forget_memory(struct tracker *t)
{
	for (unsigned i = 0; i < t->now->slot_count; i++)
		t->now->slots[i].value = nothing;
	forget_aligned(t->now);
	t->now->wild = true;
}

/* False: there is no room for it. What it overlaps is not known any more. */
static bool note_slot(struct ct_tracked_slot *slots, uint8_t *count, unsigned most, int64_t at, uint32_t size,
                      struct ct_tracked value)
{
	for (unsigned i = 0; i < *count; i++)
		if (overlap(&slots[i], at, size))
			slots[i].value = nothing;
	for (unsigned i = 0; i < *count; i++)
		if (slots[i].at == at && slots[i].size == size) {
			slots[i].value = value;
			return true;
		}
	if (*count == most)
		return false;
	slots[(*count)++] = (struct ct_tracked_slot){ (int32_t) at, size, value };
	return true;
}

static void store(struct tracker *t, int64_t at, uint32_t size, struct ct_tracked value)
{
	struct ct_track *s = t->now;

	if (at + (int64_t) size > 0 || at < INT32_MIN / 2) { /* the caller's frame, or the return address */
		forget_memory(t);
		s->outside = true;
		return;
	}
	if (s->aligned && at < s->aligned_at)
		forget_aligned(s);
	if (!note_slot(s->slots, &s->slot_count, CT_TRACK_SLOTS, at, size, value))
		s->wild = true;
}

/*
 * Below what the stack pointer was aligned to. How far that is from what lies by the canonical frame address
 * is not known, but that it is not above where the stack pointer was then.
 */
static void store_aligned(struct tracker *t, int64_t at, uint32_t size, struct ct_tracked value)
{
	struct ct_track *s = t->now;

	if (at + (int64_t) size > 0 || at < INT32_MIN / 2) {
		forget_memory(t);
		return;
	}
	forget_below_aligned(s);
	s->wild = true; /* to who asks by the canonical frame address */
	note_slot(s->aligned_slots, &s->aligned_count, CT_TRACK_ALIGNED_SLOTS, at, size, value);
}

static struct ct_tracked slot_value(const struct ct_tracked_slot *slots, unsigned count, int64_t at, uint32_t size)
{
	for (unsigned i = 0; i < count; i++)
		if (slots[i].at == at && slots[i].value.known)
			return narrowed(slots[i].value, size);
	return nothing;
}

static struct ct_tracked load(const struct tracker *t, int64_t at, uint32_t size)
{
	const struct ct_track *s = t->now;

	/* Above the return address: the caller's; parameters are there. */
	if ((at >= 0 || (s->leaving && at > -(1 << 28))) && at < 1 << 20 && size <= 16 && !s->wild)
		return (struct ct_tracked){ CT_KNOWN_STACK, 0, (uint8_t) size, (int32_t) at };
	return slot_value(s->slots, s->slot_count, at, size);
}

static struct ct_tracked load_aligned(const struct tracker *t, int64_t at, uint32_t size)
{
	return slot_value(t->now->aligned_slots, t->now->aligned_count, at, size);
}

/* Whether a memory operand is at a known place, in the frame (CT_KNOWN_FRAME) or by the aligned stack pointer. */
static bool address_by(const struct tracker *t, const ZydisDecodedOperand *m, enum ct_known known, int64_t *at)
{
	int base = ct_dwarf_register(m->mem.base);

	if (m->mem.index != ZYDIS_REGISTER_NONE || m->mem.segment == ZYDIS_REGISTER_FS
	    || m->mem.segment == ZYDIS_REGISTER_GS || base < 0
	    || t->now->regs[base].known != known || t->now->regs[base].offset == CT_TRACK_SOMEWHERE)
		return false;
	*at = t->now->regs[base].offset + (m->mem.disp.has_displacement ? m->mem.disp.value : 0);
	return true;
}

static bool frame_address(const struct tracker *t, const ZydisDecodedOperand *m, int64_t *at)
{
	return address_by(t, m, CT_KNOWN_FRAME, at);
}

static void store_operand(struct tracker *t, const ZydisDecodedOperand *m, struct ct_tracked value)
{
	int64_t at;

	if (frame_address(t, m, &at) && m->size >= 8) {
		store(t, at, m->size / 8, value);
	} else if (address_by(t, m, CT_KNOWN_OWN, &at) && m->size >= 8) {
		store_aligned(t, at, m->size / 8, value);
	} else {
		int base = ct_dwarf_register(m->mem.base);

		forget_memory(t);
		/* Aligned: behind it is the own frame. */
		t->now->outside |= base != RSP && (base < 0 || t->now->regs[base].known != CT_KNOWN_OWN);
	}
}

/* --- what an instruction does --- */

static bool is_rsp_written(const struct tracker *t)
{
	return t->in.mnemonic == ZYDIS_MNEMONIC_ENTER || t->in.mnemonic == ZYDIS_MNEMONIC_PUSHF
	       || t->in.mnemonic == ZYDIS_MNEMONIC_PUSHFD || t->in.mnemonic == ZYDIS_MNEMONIC_PUSHFQ;
}

/* Anything that is not understood: what it writes is unknown from then on. */
static void forget_written(struct tracker *t)
{
	for (int i = 0; i < t->in.operand_count; i++) {
		const ZydisDecodedOperand *o = &t->operands[i];

		if (!(o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			continue;
		if (o->type == ZYDIS_OPERAND_TYPE_REGISTER)
			set(t, ct_dwarf_register(o->reg.value), nothing);
		else if (o->type == ZYDIS_OPERAND_TYPE_MEMORY)
			store_operand(t, o, nothing);
	}
	/* pushfq, enter: the stack grows by what is not said here */
	if (t->now->regs[RSP].known == CT_KNOWN_NOTHING && is_rsp_written(t))
		forget_memory(t);
	if (t->in.attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE)) {
		forget_memory(t);
		t->now->outside = true;
	}
}

/* Whether 32 bits are signed is up to the instruction; sign-extended or not, they are the same. */
static struct ct_tracked number(const ZydisDecodedOperand *o)
{
	int64_t value = o->size == 32 ? (int32_t) o->imm.value.u : o->imm.value.s;

	if (value < INT32_MIN || value > INT32_MAX)
		return nothing;
	return (struct ct_tracked){ CT_KNOWN_NUMBER, 0, 8, (int32_t) value };
}

static struct ct_tracked value_of(const struct tracker *t, const ZydisDecodedOperand *o)
{
	int64_t at;

	if (o->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
		return t->now->leaving ? number(o) : nothing;
	if (o->type == ZYDIS_OPERAND_TYPE_MEMORY)
		return frame_address(t, o, &at) ? load(t, at, o->size / 8)
		       : address_by(t, o, CT_KNOWN_OWN, &at) ? load_aligned(t, at, o->size / 8) : nothing;
	if (o->type == ZYDIS_OPERAND_TYPE_REGISTER && !is_high_byte(o->reg.value)
	    && ct_dwarf_register(o->reg.value) >= 0)
		return narrowed(t->now->regs[ct_dwarf_register(o->reg.value)], o->size / 8u);
	return nothing;
}

/*
 * Copies `bytes` low bytes from the second operand to the first. Whatever else the
 * first then has in it (zeros, signs, what was there) is not known.
 */
static void copy(struct tracker *t, unsigned bytes)
{
	const ZydisDecodedOperand *to = &t->operands[0];
	struct ct_tracked value = narrowed(value_of(t, &t->operands[1]), bytes);

	if (to->type == ZYDIS_OPERAND_TYPE_MEMORY)
		store_operand(t, to, value);
	else if (!is_high_byte(to->reg.value))
		set(t, ct_dwarf_register(to->reg.value), value);
	else
		forget_written(t);
}

/* Some address in the own frame: it is not known any more where. */
static const struct ct_tracked own = { .known = CT_KNOWN_OWN, .bytes = 8, .offset = CT_TRACK_SOMEWHERE };

static bool is_in_stack(const struct ct_tracked *value)
{
	return value->known == CT_KNOWN_FRAME || (value->known == CT_KNOWN_OWN && value->offset != CT_TRACK_SOMEWHERE);
}

static void push(struct tracker *t)
{
	struct ct_tracked *rsp = &t->now->regs[RSP];
	struct ct_tracked value = value_of(t, &t->operands[0]);

	if (t->in.operand_width == 16 || !is_in_stack(rsp)) {
		set(t, RSP, rsp->known == CT_KNOWN_OWN ? own : nothing);
		forget_memory(t);
		return;
	}
	rsp->offset -= 8;
	(rsp->known == CT_KNOWN_OWN ? store_aligned : store)(t, rsp->offset, 8, value);
}

static void pop(struct tracker *t)
{
	struct ct_tracked *rsp = &t->now->regs[RSP];
	struct ct_tracked value = nothing;

	if (t->operands[0].type != ZYDIS_OPERAND_TYPE_REGISTER || t->operands[0].size != 64
	    || !is_in_stack(rsp)) {
		forget_written(t);
		set(t, RSP, nothing);
		return;
	}
	value = (rsp->known == CT_KNOWN_OWN ? load_aligned : load)(t, rsp->offset, 8);
	rsp->offset += 8;
	set(t, ct_dwarf_register(t->operands[0].reg.value), value);
}

/* The whole register that an instruction changes by a number, or -1. */
static int changed_by_number(const struct tracker *t)
{
	const ZydisDecodedOperand *to = &t->operands[0];

	return to->type == ZYDIS_OPERAND_TYPE_REGISTER && to->size == 64
	       && t->operands[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE ? ct_dwarf_register(to->reg.value) : -1;
}

/* and: aligns the stack pointer. */
static void align(struct tracker *t)
{
	int reg = changed_by_number(t);

	if (reg < 0 || (t->now->regs[reg].known != CT_KNOWN_FRAME && t->now->regs[reg].known != CT_KNOWN_OWN)
	    || t->operands[1].imm.value.s >= 0) {
		forget_written(t);
	} else if (reg == RSP && t->now->regs[RSP].known == CT_KNOWN_FRAME && !t->now->aligned) {
		t->now->aligned = true;
		t->now->aligned_at = t->now->regs[RSP].offset;
		t->now->regs[RSP] = (struct ct_tracked){ CT_KNOWN_OWN, 0, 8, 0 };
		forget_below_aligned(t->now);
	} else {
		set(t, reg, own);
	}
}

static bool is_moderate(int64_t offset)
{
	return offset >= INT32_MIN / 4 && offset <= INT32_MAX / 4;
}

/* add or sub of a number, to a register that has an address in the frame. */
static void adjust(struct tracker *t, int sign)
{
	const ZydisDecodedOperand *by = &t->operands[1];
	int reg = changed_by_number(t);

	if (reg >= 0 && is_in_stack(&t->now->regs[reg]) && is_moderate(by->imm.value.s) && is_moderate(t->now->regs[reg].offset))
		t->now->regs[reg].offset += sign * (int32_t) by->imm.value.s;
	else if (reg >= 0 && t->now->regs[reg].known == CT_KNOWN_OWN)
		set(t, reg, own);
	else
		forget_written(t);
}

static void load_address(struct tracker *t)
{
	const ZydisDecodedOperand *to = &t->operands[0], *from = &t->operands[1];
	int base = ct_dwarf_register(from->mem.base);
	int64_t at;

	if (to->size == 64 && from->mem.index == ZYDIS_REGISTER_NONE && base >= 0
	    && t->now->regs[base].known == CT_KNOWN_OWN)
		set(t, ct_dwarf_register(to->reg.value),
		    address_by(t, from, CT_KNOWN_OWN, &at) && is_moderate(at)
		            ? (struct ct_tracked){ CT_KNOWN_OWN, 0, 8, (int32_t) at } : own);
	else if (to->size == 64 && frame_address(t, &t->operands[1], &at) && at > INT32_MIN / 2
	    && at < INT32_MAX / 2)
		set(t, ct_dwarf_register(to->reg.value),
		    (struct ct_tracked){ CT_KNOWN_FRAME, 0, 8, (int32_t) at });
	else
		forget_written(t);
}

/* Some function ran: what it need not keep is unknown, and so is memory it was shown. */
static void call(struct tracker *t)
{
	static const uint16_t kept = 1u << 3 | 1u << RBP | 1u << RSP | 0xf000u;

	for (int i = 0; i < CT_TRACK_REGS; i++)
		if (i > 15 || !(kept >> i & 1))
			t->now->regs[i] = nothing;
	forget_memory(t);
	t->now->outside = true;
}

static bool is_register(const ZydisDecodedOperand *o)
{
	return o->type == ZYDIS_OPERAND_TYPE_REGISTER;
}

/* Vector moves write 16 bytes at most here: those of ymm and zmm lose what they hold. */
static void copy_vector(struct tracker *t, unsigned bytes)
{
	if (t->operands[0].size > 128 || t->operands[1].size > 128)
		forget_written(t);
	else
		copy(t, bytes);
}

static void step(struct tracker *t)
{
	const ZydisDecodedOperand *to = &t->operands[0], *from = &t->operands[1];

	switch (t->in.mnemonic) {
	case ZYDIS_MNEMONIC_MOV:
		if (!is_register(to) || ct_dwarf_register(to->reg.value) >= 0)
			copy(t, to->size / 8u);
		else
			forget_written(t);
		break;
	case ZYDIS_MNEMONIC_MOVSX: case ZYDIS_MNEMONIC_MOVSXD: case ZYDIS_MNEMONIC_MOVZX:
		copy(t, from->size / 8u);
		break;
	case ZYDIS_MNEMONIC_MOVAPS: case ZYDIS_MNEMONIC_MOVAPD: case ZYDIS_MNEMONIC_MOVUPS:
	case ZYDIS_MNEMONIC_MOVUPD: case ZYDIS_MNEMONIC_MOVDQA: case ZYDIS_MNEMONIC_MOVDQU:
	case ZYDIS_MNEMONIC_VMOVAPS: case ZYDIS_MNEMONIC_VMOVAPD: case ZYDIS_MNEMONIC_VMOVUPS:
	case ZYDIS_MNEMONIC_VMOVUPD: case ZYDIS_MNEMONIC_VMOVDQA: case ZYDIS_MNEMONIC_VMOVDQU:
		copy_vector(t, 16);
		break;
	case ZYDIS_MNEMONIC_MOVSS: case ZYDIS_MNEMONIC_MOVD: case ZYDIS_MNEMONIC_VMOVD:
		copy_vector(t, 4);
		break;
	case ZYDIS_MNEMONIC_MOVSD: /* the string instruction of that name has hidden operands */
		if (t->in.operand_count_visible == 2)
			copy_vector(t, 8);
		else
			forget_written(t);
		break;
	case ZYDIS_MNEMONIC_MOVQ: case ZYDIS_MNEMONIC_VMOVQ:
		copy_vector(t, 8);
		break;
	case ZYDIS_MNEMONIC_VMOVSS: case ZYDIS_MNEMONIC_VMOVSD: /* three registers: not a plain copy */
		if (t->in.operand_count_visible == 2)
			copy_vector(t, t->in.mnemonic == ZYDIS_MNEMONIC_VMOVSS ? 4 : 8);
		else
			forget_written(t);
		break;
	case ZYDIS_MNEMONIC_PUSH: push(t); break;
	case ZYDIS_MNEMONIC_POP: pop(t); break;
	case ZYDIS_MNEMONIC_SUB: adjust(t, -1); break;
	case ZYDIS_MNEMONIC_ADD: adjust(t, 1); break;
	case ZYDIS_MNEMONIC_AND: align(t); break;
	case ZYDIS_MNEMONIC_LEA: load_address(t); break;
	case ZYDIS_MNEMONIC_CALL: case ZYDIS_MNEMONIC_SYSCALL: case ZYDIS_MNEMONIC_VZEROALL:
	case ZYDIS_MNEMONIC_XRSTOR: case ZYDIS_MNEMONIC_XRSTOR64: case ZYDIS_MNEMONIC_FXRSTOR:
	case ZYDIS_MNEMONIC_FXRSTOR64:
		call(t);
		break;
	default: forget_written(t); break;
	}
}

/* --- ways --- */

static bool same(const struct ct_tracked *x, const struct ct_tracked *y)
{
	return x->known == y->known && x->reg == y->reg && x->offset == y->offset;
}

static void merge_value(struct ct_tracked *into, const struct ct_tracked *other)
{
	if (!same(into, other))
		*into = into->known == CT_KNOWN_OWN && other->known == CT_KNOWN_OWN ? own : nothing;
	else if (other->bytes < into->bytes)
		into->bytes = other->bytes;
}

static const struct ct_tracked_slot *find_slot(const struct ct_tracked_slot *slots, unsigned count, int32_t at, uint32_t size)
{
	for (unsigned i = 0; i < count; i++)
		if (slots[i].at == at && slots[i].size == size)
			return &slots[i];
	return NULL;
}

/* Of what lies below the aligned stack pointer: where it was not aligned on both ways, nothing. */
static void merge_aligned(struct ct_track *s, const struct ct_track *other)
{
	bool both = s->aligned && other->aligned && s->aligned_at == other->aligned_at;

	for (unsigned i = 0; i < s->aligned_count; i++) {
		const struct ct_tracked_slot *there = find_slot(other->aligned_slots, other->aligned_count,
		                                                s->aligned_slots[i].at, s->aligned_slots[i].size);

		merge_value(&s->aligned_slots[i].value, both && there ? &there->value : &nothing);
	}
	for (unsigned j = 0; j < other->aligned_count; j++)
		if (!find_slot(s->aligned_slots, s->aligned_count, other->aligned_slots[j].at, other->aligned_slots[j].size))
			note_slot(s->aligned_slots, &s->aligned_count, CT_TRACK_ALIGNED_SLOTS, other->aligned_slots[j].at,
			          other->aligned_slots[j].size, nothing);
	for (int i = 0; !both && i < CT_TRACK_REGS; i++)
		if (s->regs[i].known == CT_KNOWN_OWN)
			s->regs[i] = own;
	s->aligned |= other->aligned;
}

/* What is known on both ways. A slot that one of them wrote is written on both, maybe. */
static void merge(struct tracker *t, const struct ct_track *other)
{
	struct ct_track *s = t->now;

	for (int i = 0; i < CT_TRACK_REGS; i++)
		merge_value(&s->regs[i], &other->regs[i]);
	for (unsigned i = 0; i < s->slot_count; i++) {
		const struct ct_tracked_slot *there = find_slot(other->slots, other->slot_count, s->slots[i].at, s->slots[i].size);

		merge_value(&s->slots[i].value, there ? &there->value : &nothing);
	}
	for (unsigned j = 0; j < other->slot_count; j++)
		if (!ct_track_written(s, other->slots[j].at, other->slots[j].size))
			store(t, other->slots[j].at, other->slots[j].size, nothing);
	s->wild |= other->wild;
	s->outside |= other->outside;
	merge_aligned(s, other);
}

static bool is_conditional(const ZydisDecodedInstruction *in)
{
	return in->meta.category == ZYDIS_CATEGORY_COND_BR;
}

/* A jump; false: it leads where nothing can be said of. */
static bool note_way(struct tracker *t, uint64_t next)
{
	uint64_t target;

	if (!t->in.raw.imm[0].is_relative)
		return false;
	target = next + (uint64_t) t->in.raw.imm[0].value.s;
	if (target < next || target > t->call || t->way_count == MOST_WAYS)
		return false;
	t->ways[t->way_count++] = (struct way){ target, *t->now };
	return true;
}

/* Takes up the ways that lead to `at`. `*live`: control comes here from before, too. */
static bool join(struct tracker *t, uint64_t at, bool *live)
{
	for (unsigned i = 0; i < t->way_count;) {
		if (t->ways[i].target > at) {
			i++;
			continue;
		}
		if (t->ways[i].target < at) /* into the middle of an instruction */
			return false;
		if (*live)
			merge(t, &t->ways[i].state);
		else
			*t->now = t->ways[i].state;
		*live = true;
		t->ways[i] = t->ways[--t->way_count];
	}
	return true;
}

static bool run(struct tracker *t, const uint8_t *bytes, size_t size)
{
	bool live = true;
	uint64_t at = t->address;

	for (int n = 0; n < MOST_INSTRUCTIONS; n++) {
		size_t offset = at - t->address;

		if (!join(t, at, &live) || at > t->call)
			return false;
		if (at == t->call)
			return live && t->way_count == 0;
		if (offset >= size
		    || !ZYAN_SUCCESS(ZydisDecoderDecodeFull(ct_zydis(true), bytes + offset, size - offset,
		                                            &t->in, t->operands)))
			return false;
		at += t->in.length;
		if (!live)
			continue;
		if (t->in.meta.category == ZYDIS_CATEGORY_RET)
			return false;
		if (is_conditional(&t->in) || t->in.meta.category == ZYDIS_CATEGORY_UNCOND_BR) {
			if (!note_way(t, at))
				return false;
			live = is_conditional(&t->in);
		} else {
			step(t);
		}
	}
	return false;
}

static void begin(struct ct_track *s)
{
	memset(s, 0, sizeof *s);
	for (int i = 0; i < CT_TRACK_REGS; i++)
		if (i != 16)
			s->regs[i] = (struct ct_tracked){ CT_KNOWN_ENTRY, (uint8_t) i, i < 16 ? 8 : 16, 0 };
	s->regs[RSP] = (struct ct_tracked){ CT_KNOWN_FRAME, 0, 8, -8 };
}

static void drop_below(struct ct_tracked_slot *slots, uint8_t *count, int32_t low)
{
	for (unsigned i = 0; i < *count;)
		if (slots[i].at < low)
			slots[i] = slots[--*count];
		else
			i++;
}

/* What lies below the stack pointer is overwritten by the call itself. */
static void forget_below(struct ct_track *s)
{
	const struct ct_tracked *rsp = &s->regs[RSP];

	if (rsp->known == CT_KNOWN_FRAME)
		drop_below(s->slots, &s->slot_count, rsp->offset);
	if (rsp->known == CT_KNOWN_OWN && is_in_stack(rsp))
		drop_below(s->aligned_slots, &s->aligned_count, rsp->offset);
	else
		s->aligned_count = 0;
}

void ct_track_entry(const uint8_t *bytes, size_t size, uint64_t address, uint64_t call_address,
                    struct ct_track *out)
{
	struct tracker t;

	begin(out);
	if (call_address < address)
		return;
	t.now = out;
	t.address = address;
	t.call = call_address;
	t.way_count = 0;
	out->valid = run(&t, bytes, size);
	forget_below(out);
	if (!out->valid)
		memset(out, 0, sizeof *out);
}

/* --- behind an exit hook --- */

void ct_track_exit(const struct ct_stack *stack, struct ct_track *out)
{
	static const uint8_t kept[] = { 3, RBP, 12, 13, 14, 15 };

	memset(out, 0, sizeof *out);
	out->valid = out->leaving = true;
	for (unsigned i = 0; i < sizeof kept; i++)
		out->regs[kept[i]] = (struct ct_tracked){ CT_KNOWN_ENTRY, kept[i], 8, 0 };
	if (stack->rsp_known)
		out->regs[RSP] = (struct ct_tracked){ CT_KNOWN_FRAME, 0, 8, (int32_t) stack->rsp };
	if (stack->rbp_known)
		out->regs[RBP] = (struct ct_tracked){ CT_KNOWN_FRAME, 0, 8, (int32_t) stack->rbp };
}

/* xor %eax, %eax and its like: 0, whatever the register held. */
static bool is_zeroing(const struct tracker *t)
{
	const ZydisDecodedOperand *from;

	if (t->in.operand_count_visible < 2)
		return false;
	from = &t->operands[t->in.operand_count_visible - 1];
	switch (t->in.mnemonic) {
	case ZYDIS_MNEMONIC_XOR: case ZYDIS_MNEMONIC_SUB: case ZYDIS_MNEMONIC_PXOR:
	case ZYDIS_MNEMONIC_XORPS: case ZYDIS_MNEMONIC_XORPD: case ZYDIS_MNEMONIC_VPXOR:
	case ZYDIS_MNEMONIC_VXORPS: case ZYDIS_MNEMONIC_VXORPD:
		break;
	default:
		return false;
	}
	return is_register(from) && is_register(from - 1)
	       && is_register(&t->operands[0]) && from->reg.value == from[-1].reg.value
	       && from->size >= 32 && from->size <= 128;
}

bool ct_track_exit_step(struct ct_track *track, const uint8_t *bytes, size_t size)
{
	struct tracker t;

	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(ct_zydis(true), bytes, size, &t.in, t.operands)))
		return false;
	for (int i = 0; i < t.in.operand_count; i++)
		if (t.operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY
		    && t.operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
			return false;
	t.now = track;
	if (is_zeroing(&t))
		set(&t, ct_dwarf_register(t.operands[0].reg.value),
		    (struct ct_tracked){ CT_KNOWN_NUMBER, 0, 16, 0 });
	else
		step(&t);
	return !track->wild && !track->outside;
}

bool ct_track_written(const struct ct_track *track, int32_t at, uint32_t size)
{
	return track->wild || ct_track_stored(track, at, size);
}

bool ct_track_stored(const struct ct_track *track, int32_t at, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++) {
		bool written = false;

		for (unsigned s = 0; s < track->slot_count && !written; s++)
			written = overlap(&track->slots[s], (int64_t) at + i, 1);
		if (!written)
			return false;
	}
	return true;
}
