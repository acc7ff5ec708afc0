/*
 * places.c - a parameter at an enter hook: which of the places that the debug information
 * and the text speak of is right.
 *
 * Three witnesses. The location at the call instruction. The location at the function's
 * first instruction, carried to the call by the decoder (track.h): the text itself proves
 * it, so it wins. And the psABI, also carried, for functions that cannot have been given
 * other parameters than their type says: clang's locations at -O0 are memory that is not
 * written yet and say nothing about the entry, and those of a structure in registers leave
 * out what is not used.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>
#include <string.h>

#include "index/places.h"

/* --- the view --- */

/* The rule for the canonical frame address, to be freed when its operations were looked at; NULL: none covers the address. */
static Dwarf_Frame *rule_at(Dwarf_CFI *cfi, uint64_t address, Dwarf_Op **ops, size_t *count)
{
	Dwarf_Frame *frame = NULL;

	if (!cfi || dwarf_cfi_addrframe(cfi, address, &frame) != 0)
		return NULL;
	if (dwarf_frame_cfa(frame, ops, count) != 0)
		*count = 0;
	return frame;
}

static bool frame_of(Dwarf_CFI *cfi, uint64_t address, struct ct_linear *cfa)
{
	Dwarf_Op *ops;
	size_t count;
	Dwarf_Frame *frame = rule_at(cfi, address, &ops, &count);
	bool known = frame && count == 1;

	if (known && (ops[0].atom == DW_OP_breg6 || ops[0].atom == DW_OP_breg7))
		*cfa = (struct ct_linear){ (uint8_t) (ops[0].atom - DW_OP_breg0), (int64_t) ops[0].number };
	else if (known && ops[0].atom == DW_OP_bregx && (ops[0].number == CT_REG_RBP || ops[0].number == CT_REG_RSP))
		*cfa = (struct ct_linear){ (uint8_t) ops[0].number, (int64_t) ops[0].number2 };
	else
		known = false;
	free(frame);
	return known;
}

bool ct_frame_at(struct ct_build *b, uint64_t address, struct ct_linear *cfa)
{
	return frame_of(b->values->cfi, address, cfa) || frame_of(b->values->debug_cfi, address, cfa);
}

/* Also where it lies in memory: *(rbp + n), in gcc's frames that are aligned. */
static bool frame_is_by_rbp(Dwarf_CFI *cfi, uint64_t address)
{
	Dwarf_Op *ops;
	size_t count;
	Dwarf_Frame *frame = rule_at(cfi, address, &ops, &count);
	bool found = frame && count > 0 && ops[0].atom == DW_OP_breg6;

	free(frame);
	return found;
}

/* The canonical frame address at the hook: as tracked, else as the unwind table has it. */
static struct ct_linear cfa_at(const struct ct_view *v)
{
	struct ct_linear cfa = { CT_REG_CFA, 0 };
	const struct ct_tracked *rsp = &v->track.regs[CT_REG_RSP], *rbp = &v->track.regs[CT_REG_RBP];

	if (rsp->known == CT_KNOWN_FRAME)
		return (struct ct_linear){ CT_REG_RSP, -rsp->offset };
	if (rbp->known == CT_KNOWN_FRAME)
		return (struct ct_linear){ CT_REG_RBP, -rbp->offset };
	ct_frame_at(v->b, v->hook->call, &cfa);
	return cfa;
}

static void track(struct ct_view *v)
{
	const struct ct_body *body = &v->b->bodies.items[v->hook->body];
	const struct ct_span *span = ct_span_at(v->b, v->hook->call);
	const uint8_t *bytes;
	size_t left;

	if (v->hook->depth > 0 || v->hook->tail || !span || span->low > body->entry
	    || span != ct_span_at(v->b, body->entry))
		return;
	bytes = ct_elf_at(&v->b->elf, body->entry, &left);
	if (!bytes)
		return;
	if (left > span->high - body->entry)
		left = span->high - body->entry;
	ct_track_entry(bytes, left, body->entry, v->hook->call, &v->track);
	if (v->track.valid)
		v->entry = body->entry;
}

static bool base_is_rbp(const struct ct_view *v)
{
	const struct ct_frame none = { .lists = v->frame.lists };
	Dwarf_Attribute base = v->frame.frame_base;
	struct ct_location l;

	return v->frame.has_base && ct_location_at(&base, v->hook->call, &none, &l) && l.count == 1
	       && l.pieces[0].kind == CT_PLACE_REGISTER && l.pieces[0].reg == CT_REG_RBP;
}

void ct_view_begin(struct ct_build *b, const struct ct_hook *hook, struct ct_view *v)
{
	Dwarf_Die die = b->bodies.items[hook->body].die;

	memset(v, 0, sizeof *v);
	v->b = b;
	v->hook = hook;
	v->frame.lists = &b->values->lists;
	v->frame.has_base = die.addr && dwarf_attr_integrate(&die, DW_AT_frame_base, &v->frame.frame_base);
	track(v);
	v->cfa = cfa_at(v);
	v->rbp_is_frame = v->cfa.reg == CT_REG_RBP || base_is_rbp(v)
	                  || v->track.regs[CT_REG_RBP].known == CT_KNOWN_FRAME
	                  || frame_is_by_rbp(b->values->cfi, hook->call) || frame_is_by_rbp(b->values->debug_cfi, hook->call);
}

/* --- one piece --- */

enum when { ON_CALL, ON_ENTRY };
enum { MOST_FRAME = 1 << 28 };

struct resolver {
	struct ct_view *v;
	enum when when;
	struct ct_found *out;
	uint8_t why; /* not */
	bool kept; /* only where the function has put it for later: that is a use */
};

static bool is_there(unsigned reg)
{
	return (reg < 16 && reg != 4 && reg != 5 && reg != 10 && reg != 11)
	       || (reg >= 17 && reg <= 32);
}

static bool fail(struct resolver *r, uint8_t why)
{
	r->why = why;
	return false;
}

static bool emit(struct resolver *r, struct ct_plan_op op, uint8_t entry)
{
	struct ct_found *f = r->out;

	if (f->op_count == sizeof f->ops / sizeof *f->ops)
		return fail(r, CT_HOW_UNSUPPORTED);
	f->entry_regs[f->op_count] = entry;
	f->ops[f->op_count++] = op;
	return true;
}

/* Registers that parameters come in. Of the others, functions know nothing at entry. */
static bool is_argument(unsigned reg)
{
	return reg < 32 && (0x01fe0336u >> reg & 1); /* rdx rcx rsi rdi r8 r9, xmm0-7 */
}

static bool emit_register(struct resolver *r, uint8_t reg, uint32_t at, uint32_t size, uint8_t entry)
{
	if (!is_there(reg))
		return fail(r, reg < 16 ? CT_HOW_OVERWRITTEN : CT_HOW_UNSUPPORTED);
	if (size > (reg < 16 ? 8 : 16))
		return fail(r, CT_HOW_UNSUPPORTED);
	/* Still what the caller had there: the debug information is ahead of the text. */
	if (r->v->track.regs[reg].known == CT_KNOWN_ENTRY && !is_argument(r->v->track.regs[reg].reg))
		return fail(r, CT_HOW_OPTIMISED_OUT);
	return emit(r, (struct ct_plan_op){ .op = CT_OP_REGISTER, .reg = reg, .at = at, .size = size }, entry);
}

/*
 * Memory at an address in the frame. What is larger than a value may be is left where it is.
 * Below rsp is nothing: the call of the hook writes there. No frame is that large.
 */
static bool emit_frame(struct resolver *r, int64_t offset, uint32_t at, uint32_t size, uint8_t entry)
{
	const struct ct_linear *cfa = &r->v->cfa;
	struct ct_plan_op op = { .op = CT_OP_FRAME, .reg = cfa->reg, .at = at, .size = size,
	                         .offset = cfa->offset + offset };

	if (offset < -MOST_FRAME || offset > MOST_FRAME || cfa->offset < -MOST_FRAME
	    || cfa->offset > MOST_FRAME || (cfa->reg == CT_REG_RSP && op.offset < 0))
		return fail(r, CT_HOW_UNSUPPORTED);
	if (size > CT_PLAN_VALUE_MAX) {
		if (at != 0)
			return fail(r, CT_HOW_TOO_LARGE);
		op.op = CT_OP_VALUE;
		op.size = 8;
		r->out->indirect = true;
	}
	return emit(r, op, entry);
}

/* Memory below what the stack pointer was aligned to: by what it is now (the tracker knows how far that is). */
static bool emit_aligned(struct resolver *r, int32_t offset, uint32_t at, uint32_t size, uint8_t entry)
{
	struct ct_plan_op op = { .op = CT_OP_FRAME, .reg = CT_REG_RSP, .at = at, .size = size,
	                         .offset = (int64_t) offset - r->v->track.regs[CT_REG_RSP].offset };

	return op.offset >= 0 && op.offset <= MOST_FRAME ? emit(r, op, entry) : fail(r, CT_HOW_UNSUPPORTED);
}

static bool has_entry(const struct ct_tracked *known, uint8_t reg, uint32_t size)
{
	return known->known == CT_KNOWN_ENTRY && known->reg == reg && known->bytes >= size;
}

static const struct ct_tracked_slot *slot_with(const struct ct_tracked_slot *slots, unsigned count, uint8_t reg, uint32_t size)
{
	for (unsigned i = 0; i < count; i++)
		if (has_entry(&slots[i].value, reg, size) && slots[i].size >= size)
			return &slots[i];
	return NULL;
}

/* Where what a register held at entry is now: best in a register that calls keep. */
static bool emit_entry(struct resolver *r, uint8_t reg, uint32_t at, uint32_t size)
{
	static const uint8_t order[] = { 3, 12, 13, 14, 15, 6, 8, 9, 1, 2, 0 };
	enum { KEPT = 6 }; /* of these: calls keep them */
	const struct ct_track *t = &r->v->track;
	const struct ct_tracked_slot *slot;

	if (!t->valid || !is_argument(reg))
		return fail(r, CT_HOW_OVERWRITTEN);
	for (unsigned i = 0; i < (r->kept ? KEPT : sizeof order + 16); i++) {
		uint8_t place = i < sizeof order ? order[i] : (uint8_t) (17 + i - sizeof order);
		if (has_entry(&t->regs[place], reg, size))
			return emit_register(r, place, at, size, reg);
	}
	slot = slot_with(t->slots, t->slot_count, reg, size);
	if (slot)
		return emit_frame(r, slot->at, at, size, reg);
	slot = slot_with(t->aligned_slots, t->aligned_count, reg, size);
	if (slot)
		return emit_aligned(r, slot->at, at, size, reg);
	return fail(r, CT_HOW_OVERWRITTEN);
}

/* An address relative to a register, as one relative to the canonical frame address. */
static bool in_frame(const struct resolver *r, uint8_t reg, int64_t *offset)
{
	const struct ct_view *v = r->v;

	if (reg == CT_REG_CFA)
		return true;
	if (r->when == ON_ENTRY) {
		*offset -= reg == CT_REG_RSP ? 8 : 0;
		return reg == CT_REG_RSP;
	}
	if (reg < 16 && v->track.regs[reg].known == CT_KNOWN_FRAME) {
		*offset += v->track.regs[reg].offset;
		return true;
	}
	if (reg == v->cfa.reg) {
		*offset -= v->cfa.offset;
		return true;
	}
	return false;
}

/*
 * Whether a parameter's memory in the own frame may hold it yet. gcc calls the hook once all
 * parameters are stored; so something must have been written there. clang calls it before,
 * and may have written there for another reason (a push that aligns the stack).
 */
static bool is_made(const struct ct_view *v, int64_t offset, uint32_t size)
{
	const struct ct_track *t = &v->track;

	if (v->gnu && v->optimised)
		return t->valid && offset > INT32_MIN && ct_track_stored(t, (int32_t) offset, size);
	if (v->gnu)
		return !t->valid || (offset > INT32_MIN && ct_track_written(t, (int32_t) offset, size));
	for (unsigned i = 0; i < t->slot_count; i++)
		if (t->slots[i].at == offset && t->slots[i].value.known == CT_KNOWN_ENTRY
		    && is_argument(t->slots[i].value.reg) && t->slots[i].value.bytes >= size)
			return true;
	return false;
}

/*
 * Whether only some low bytes of what is there came in. gcc 12 may say of a structure, and why not of others, that it is still in the
 * register over which one of its members was extended (seen at -O2: movsbl %bl, %ebx).
 */
static bool is_cut(const struct ct_tracked *known, uint32_t size)
{
	return known->known == CT_KNOWN_ENTRY && known->bytes < size;
}

static bool is_register_cut(const struct resolver *r, uint8_t reg, uint32_t size)
{
	return r->when == ON_CALL && reg < CT_TRACK_REGS && is_cut(&r->v->track.regs[reg], size);
}

static bool is_slot_cut(const struct ct_track *t, int64_t offset, uint32_t size)
{
	for (unsigned i = 0; i < t->slot_count; i++)
		if (t->slots[i].at == offset && is_cut(&t->slots[i].value, size < t->slots[i].size ? size : t->slots[i].size))
			return true;
	return false;
}

/* `size` bytes of memory at reg + offset that cannot fault, or the address of the value itself. */
static bool emit_memory(struct resolver *r, uint8_t reg, int64_t offset, uint32_t at, uint32_t size,
                        bool whole)
{
	struct ct_plan_op op = { .op = CT_OP_VALUE, .reg = reg, .at = at, .size = 8, .offset = offset };

	if (in_frame(r, reg, &offset)) {
		if (r->when == ON_ENTRY && (offset < 0 || r->v->track.outside))
			return fail(r, CT_HOW_OPTIMISED_OUT); /* its own frame was not there yet */
		if ((offset < 0 || (r->v->hook->depth && r->v->optimised)) && !is_made(r->v, offset, size))
			return fail(r, CT_HOW_OPTIMISED_OUT);
		if (r->when == ON_CALL && is_slot_cut(&r->v->track, offset, size))
			return fail(r, CT_HOW_OPTIMISED_OUT);
		return emit_frame(r, offset, at, size, CT_REG_NONE);
	}
	if (r->when == ON_CALL && (reg == CT_REG_RSP || (reg == CT_REG_RBP && r->v->rbp_is_frame))) {
		if (!r->v->gnu || r->v->optimised) /* a realigned frame: nothing tells whether it was written */
			return fail(r, CT_HOW_OPTIMISED_OUT);
		if (size > CT_PLAN_VALUE_MAX)
			return fail(r, CT_HOW_TOO_LARGE);
		if (op.offset < -MOST_FRAME || op.offset > MOST_FRAME
		    || (reg == CT_REG_RSP && op.offset < 0))
			return fail(r, CT_HOW_UNSUPPORTED);
		op.op = CT_OP_FRAME;
		op.size = size;
		return emit(r, op, CT_REG_NONE);
	}
	if (!whole)
		return fail(r, CT_HOW_UNSUPPORTED);
	/* clang's own frame, by another register (locals that are aligned, and alloca): not written yet. */
	if (!r->v->gnu && !r->v->by_memory && reg != CT_REG_NONE)
		return fail(r, CT_HOW_OPTIMISED_OUT);
	r->out->indirect = true;
	if (reg == CT_REG_NONE)
		return emit(r, op, CT_REG_NONE);
	if (r->when == ON_CALL)
		return is_there(reg) && reg < 16 ? emit(r, op, CT_REG_NONE) : fail(r, CT_HOW_OVERWRITTEN);
	return offset == 0 ? emit_entry(r, reg, at, 8) : fail(r, CT_HOW_UNSUPPORTED);
}

static bool emit_bytes(struct resolver *r, const struct ct_place *p, uint32_t at, uint32_t size)
{
	if (p->byte_count < size)
		return fail(r, CT_HOW_UNSUPPORTED);
	for (uint32_t i = 0; i < size; i += 8) {
		uint32_t n = size - i < 8 ? size - i : 8;
		struct ct_plan_op op = { .op = CT_OP_CONSTANT, .at = at + i, .size = n };

		memcpy(&op.offset, p->bytes + i, n);
		if (!emit(r, op, CT_REG_NONE))
			return false;
	}
	return true;
}

static bool emit_value(struct resolver *r, const struct ct_place *p, uint32_t at, uint32_t size)
{
	struct ct_plan_op op = { .op = CT_OP_VALUE, .reg = p->reg, .at = at, .size = size,
	                         .offset = p->offset };

	if (size > 8)
		return fail(r, CT_HOW_UNSUPPORTED);
	if (p->reg == CT_PLACE_NUMBER) {
		op.op = CT_OP_CONSTANT;
		op.reg = 0;
		return emit(r, op, CT_REG_NONE);
	}
	if (p->reg == CT_REG_CFA) {
		op.reg = r->v->cfa.reg;
		op.offset += r->v->cfa.offset;
		return emit(r, op, CT_REG_NONE);
	}
	if (p->reg == CT_REG_NONE)
		return emit(r, op, CT_REG_NONE);
	if (r->when == ON_ENTRY)
		return p->offset == 0 ? emit_entry(r, p->reg, at, size) : fail(r, CT_HOW_UNSUPPORTED);
	if (!is_there(p->reg) || p->reg > 15)
		return fail(r, CT_HOW_OVERWRITTEN);
	return emit(r, op, CT_REG_NONE);
}

/* The address of the value is in the frame: copied, then followed. */
static bool emit_pointed(struct resolver *r, uint8_t reg, int64_t offset, bool whole)
{
	if (!whole)
		return fail(r, CT_HOW_UNSUPPORTED);
	if (!emit_memory(r, reg, offset, 0, 8, false))
		return false;
	r->out->indirect = true;
	return true;
}

static bool emit_piece(struct resolver *r, const struct ct_place *p, uint32_t at, uint32_t size,
                       bool whole)
{
	switch (p->kind) {
	case CT_PLACE_REGISTER:
		if (is_register_cut(r, p->reg, size))
			return fail(r, CT_HOW_OPTIMISED_OUT);
		return r->when == ON_ENTRY ? emit_entry(r, p->reg, at, size)
		                           : emit_register(r, p->reg, at, size, CT_REG_NONE);
	case CT_PLACE_ENTRY:
		if (r->v->clone)
			return fail(r, CT_HOW_OPTIMISED_OUT);
		return emit_entry(r, p->reg, at, size);
	case CT_PLACE_FRAME: return emit_memory(r, CT_REG_CFA, p->offset, at, size, whole);
	case CT_PLACE_MEMORY: return emit_memory(r, p->reg, p->offset, at, size, whole);
	case CT_PLACE_ENTRY_MEMORY:
		if (r->v->clone)
			return fail(r, CT_HOW_OPTIMISED_OUT);
		if (!whole || p->offset)
			return fail(r, CT_HOW_UNSUPPORTED);
		r->out->indirect = true;
		return emit_entry(r, p->reg, 0, 8);
	case CT_PLACE_POINTED: return emit_pointed(r, CT_REG_CFA, p->offset, whole);
	case CT_PLACE_POINTED_MEMORY: return emit_pointed(r, p->reg, p->offset, whole);
	case CT_PLACE_VALUE:
		return is_register_cut(r, p->reg, size) ? fail(r, CT_HOW_OPTIMISED_OUT) : emit_value(r, p, at, size);
	case CT_PLACE_BYTES: return emit_bytes(r, p, at, size);
	case CT_PLACE_LOST: return fail(r, whole ? CT_HOW_OPTIMISED_OUT : CT_HOW_PARTIAL);
	default: return fail(r, CT_HOW_UNSUPPORTED);
	}
}

static bool computed(struct resolver *r, const struct ct_location *l, uint32_t size)
{
	struct ct_text *expressions = &r->v->b->values->expressions;
	uint8_t regs[CT_PIECES];
	uint32_t count;

	r->out->expression = (uint32_t) expressions->length;
	if (r->when == ON_ENTRY || size > 8 || !ct_location_expression(l, expressions, regs, &count))
		return fail(r, CT_HOW_UNSUPPORTED);
	for (uint32_t i = 0; i < count; i++)
		if (!emit_register(r, regs[i], 8 * i, 8, CT_REG_NONE))
			return false;
	r->out->words = count;
	r->out->how = CT_HOW_COMPUTED;
	return true;
}

/* Whether the debug information gives all of it: no piece comes from a register or memory. */
static bool is_constant(const struct ct_found *f)
{
	for (uint32_t i = 0; i < f->op_count; i++)
		if (f->ops[i].op != CT_OP_CONSTANT)
			return false;
	return f->op_count > 0;
}

/* Bytes that are no member's: zeros, for nobody need have passed any. False: they are some member's. */
static bool emit_padding(struct resolver *r, uint32_t at, uint32_t size)
{
	if (!ct_is_padding(r->v->b, r->v->type, at, size))
		return false;
	for (uint32_t i = 0; i < size; i += 8)
		if (!emit(r, (struct ct_plan_op){ .op = CT_OP_CONSTANT, .at = at + i, .size = size - i < 8 ? size - i : 8 }, CT_REG_NONE))
			return false;
	return true;
}

/* Turns a location into operations; all of the value, or nothing. */
static bool resolve(struct resolver *r, const struct ct_location *l, uint32_t size)
{
	uint32_t at = 0;

	*r->out = (struct ct_found){ .how = CT_HOW_PLAIN, .size = size };
	if (l->count == 1 && l->pieces[0].kind == CT_PLACE_COMPUTED)
		return computed(r, l, size);
	for (uint32_t i = 0; i < l->count; i++) {
		const struct ct_place *p = &l->pieces[i];
		uint32_t own = p->size ? p->size : size;

		if (at >= size)
			break;
		if (own > size - at)
			own = size - at;
		if (!(p->kind == CT_PLACE_LOST && l->count > 1 && emit_padding(r, at, own)) && !emit_piece(r, p, at, own, l->count == 1))
			return false;
		at += own;
	}
	if (is_constant(r->out))
		r->out->how = CT_HOW_CONSTANT;
	return at == size || (at > 0 && emit_padding(r, at, size - at)) || fail(r, CT_HOW_PARTIAL);
}

/* --- the choice --- */

/* A single location is said to hold everywhere: of the entry, it is not to be believed. */
static bool is_list(Dwarf_Attribute *attribute)
{
	switch (dwarf_whatform(attribute)) {
	case DW_FORM_sec_offset: case DW_FORM_loclistx: case DW_FORM_data4: case DW_FORM_data8:
		return true;
	default:
		return false;
	}
}

static bool resolve_at(struct ct_view *v, Dwarf_Attribute *attribute, enum when when, uint64_t address,
                       uint32_t size, struct ct_found *out, uint8_t *why)
{
	struct resolver r = { v, when, out, CT_HOW_OPTIMISED_OUT, false };
	struct ct_location l;
	bool ok;

	ok = ct_location_at(attribute, address, &v->frame, &l) && resolve(&r, &l, size);
	if (!ok && why)
		*why = r.why;
	return ok;
}

/* How many of the last bytes in a register are padding: clang spills what is before them (at -O0). Not all. */
static uint32_t behind(const struct resolver *r, const struct ct_abi_place *abi, uint32_t at, uint32_t size)
{
	uint32_t n = 0;

	while (!abi->reference && n + 1 < size && ct_is_padding(r->v->b, r->v->type, at + size - n - 1, 1))
		n++;
	return n;
}

/* What the psABI says, carried to the hook. `located`: the debug information knows it somewhere. */
static bool resolve_abi(struct ct_view *v, const struct ct_abi_place *abi, uint32_t size, bool located,
                        struct ct_found *out)
{
	struct resolver r = { v, ON_ENTRY, out, 0, v->only_used };
	uint32_t at = 0, all = abi->reference ? 8 : size, used;

	*out = (struct ct_found){ .how = CT_HOW_ENTRY, .size = size, .indirect = abi->reference };
	if (!abi->known || !v->track.valid)
		return false;
	if (abi->count == 0)
		return !v->track.outside && (located || !v->only_used)
		       && emit_frame(&r, abi->offset, 0, all, CT_REG_NONE);
	for (unsigned i = 0; i < abi->count; i++) {
		uint32_t most = abi->regs[i] >= 17 && abi->count == 1 && all == 16 ? 16 : 8;
		uint32_t own = all - at < most ? all - at : most;

		used = own - behind(&r, abi, at, own);
		if (!emit_entry(&r, abi->regs[i], at, used) || (used < own && !emit_padding(&r, at + used, own - used)))
			return false;
		at += own;
	}
	return at == all || (at > 0 && !abi->reference && emit_padding(&r, at, all - at));
}

/* What the tracker knows of a place that an operation reads. */
static const struct ct_tracked *known_at(const struct ct_view *v, const struct ct_plan_op *op)
{
	static const struct ct_tracked nothing;
	int64_t at = op->offset - v->cfa.offset;

	if (op->op == CT_OP_REGISTER)
		return &v->track.regs[op->reg];
	if (op->op == CT_OP_FRAME && op->reg == v->cfa.reg)
		for (unsigned i = 0; i < v->track.slot_count; i++)
			if (v->track.slots[i].at == at && v->track.slots[i].value.known)
				return &v->track.slots[i].value;
	return &nothing;
}

/* Whether a location at the hook reads the same entry values as the proven one. */
static bool agree(const struct ct_view *v, const struct ct_found *here, const struct ct_found *proven)
{
	if (here->op_count != proven->op_count || here->indirect != proven->indirect)
		return false;
	for (uint32_t i = 0; i < here->op_count; i++) {
		const struct ct_plan_op *x = &here->ops[i], *y = &proven->ops[i];
		const struct ct_tracked *known = known_at(v, x);

		if (x->op == y->op && x->reg == y->reg && x->offset == y->offset && x->size == y->size)
			continue;
		if (x->size != y->size || known->known != CT_KNOWN_ENTRY || known->bytes < x->size
		    || known->reg != proven->entry_regs[i])
			return false;
	}
	return true;
}

bool ct_contradicts_abi(struct ct_view *v, Dwarf_Die *die, const struct ct_abi_place *abi)
{
	Dwarf_Attribute attribute;
	struct ct_location l;
	uint32_t at = 0;

	if (!v->entry || !abi->known || !dwarf_attr(die, DW_AT_location, &attribute)
	    || !is_list(&attribute) || !ct_location_at(&attribute, v->entry, &v->frame, &l))
		return false;
	for (uint32_t i = 0; i < l.count; i++) {
		const struct ct_place *p = &l.pieces[i];

		if (p->kind == CT_PLACE_REGISTER && (at / 8 >= abi->count || abi->regs[at / 8] != p->reg))
			return true;
		at += p->size;
	}
	return false;
}

/* K&R: a float came in as a double. */
static bool is_widened(const struct ct_view *v, uint32_t type)
{
	uint32_t bare = ct_type_bare(v->b, type);

	return v->unprototyped && bare != CT_NONE
	       && v->b->values->types.items[bare].row.kind == CT_TYPE_FLOAT
	       && v->b->values->types.items[bare].row.size < 8;
}

/* Whether an operation reads memory of the caller's frame, where it passes what finds no register. */
static bool reads_caller(const struct ct_view *v, const struct ct_found *f)
{
	for (uint32_t i = 0; i < f->op_count; i++) {
		const struct ct_plan_op *op = &f->ops[i];
		int64_t cfa = op->reg == CT_REG_CFA ? 0 : op->reg == v->cfa.reg ? v->cfa.offset : 16; /* rbp */

		if (op->op == CT_OP_FRAME && op->offset + op->size > cfa)
			return true;
	}
	return false;
}

/* Whether an operation reads what came in, as it came. */
static bool reads_entry(const struct ct_view *v, const struct ct_found *f)
{
	for (uint32_t i = 0; i < f->op_count; i++) {
		uint8_t known = known_at(v, &f->ops[i])->known;

		if (known == CT_KNOWN_ENTRY || known == CT_KNOWN_STACK)
			return true;
	}
	return reads_caller(v, f);
}

/*
 * A value made of an address in the function's own frame cannot have come in. clang 14 says so
 * of a bool on the stack, which it forgot to load.
 */
static bool may_be_own(const struct ct_view *v, uint8_t reg)
{
	uint8_t known = reg < 16 ? v->track.regs[reg].known : CT_KNOWN_NOTHING;

	return reg == CT_REG_RSP || reg == CT_REG_CFA || (reg == CT_REG_RBP && v->rbp_is_frame)
	       || known == CT_KNOWN_FRAME || known == CT_KNOWN_OWN
	       || (!v->gnu && !v->track.valid && reg == 3); /* rbx: where it aligns the frame */
}

static bool is_own_address(const struct ct_view *v, const struct ct_found *f)
{
	if (f->indirect)
		return false;
	for (uint32_t i = 0; i < f->op_count; i++)
		if ((f->ops[i].op == CT_OP_VALUE || f->how == CT_HOW_COMPUTED) && may_be_own(v, f->ops[i].reg))
			return true;
	return false;
}

/* gcc writes what is not negative in as few bytes as it takes, without room for a sign. */
static bool constant_number(Dwarf_Attribute *attribute, Dwarf_Sword *number)
{
	Dwarf_Word word;

	switch (dwarf_whatform(attribute)) {
	case DW_FORM_data1: case DW_FORM_data2: case DW_FORM_data4: case DW_FORM_udata:
		if (dwarf_formudata(attribute, &word) != 0)
			return false;
		*number = (Dwarf_Sword) word;
		return true;
	default:
		return dwarf_formsdata(attribute, number) == 0;
	}
}

static bool constant(Dwarf_Die *die, uint32_t size, struct ct_found *out)
{
	Dwarf_Attribute attribute;
	Dwarf_Block block;
	Dwarf_Sword number;

	if (!dwarf_attr(die, DW_AT_const_value, &attribute) || size == 0 || size > CT_PIECES * 8)
		return false;
	*out = (struct ct_found){ .how = CT_HOW_CONSTANT, .size = size };
	if (dwarf_formblock(&attribute, &block) == 0) {
		struct resolver r = { NULL, ON_CALL, out, 0, false };
		struct ct_place p = { .bytes = block.data, .byte_count = (uint32_t) block.length };

		return emit_bytes(&r, &p, 0, size);
	}
	if (size > 8 || !constant_number(&attribute, &number))
		return false;
	out->ops[0] = (struct ct_plan_op){ .op = CT_OP_CONSTANT, .size = size, .offset = number };
	out->op_count = 1;
	return true;
}

/* An object of an empty class has one byte, which says nothing. It is not passed at all. */
static bool empty(const struct ct_view *v, uint32_t type, struct ct_found *out)
{
	uint8_t class[2];

	ct_abi_classify(v->b, type, class);
	if (class[0] != CT_CLASS_NONE || class[1] != CT_CLASS_NONE)
		return false;
	*out = (struct ct_found){ .how = CT_HOW_CONSTANT, .size = 1, .op_count = 1 };
	out->ops[0] = (struct ct_plan_op){ .op = CT_OP_CONSTANT, .size = 1 };
	return true;
}

static bool is_aggregate(const struct ct_view *v, uint32_t type)
{
	uint8_t kind;

	type = ct_type_bare(v->b, type);
	if (type == CT_NONE)
		return true;
	kind = v->b->values->types.items[type].row.kind;
	return kind == CT_TYPE_STRUCT || kind == CT_TYPE_UNION || kind == CT_TYPE_ARRAY
	       || kind >= CT_TYPE_STD_STRING;
}

static void find_parameter(struct ct_view *v, Dwarf_Die *die, uint32_t type, uint32_t size,
                           const struct ct_abi_place *abi, struct ct_found *out)
{
	struct ct_build_counts *counts = &v->b->counts;
	uint8_t why = CT_HOW_OPTIMISED_OUT;
	struct ct_found proven, here;
	Dwarf_Attribute attribute;
	bool has_here, has_proven;

	*out = (struct ct_found){ .how = CT_HOW_UNSUPPORTED };
	if (size == 0)
		return;
	if (constant(die, size, out) || (size == 1 && empty(v, type, out)))
		return;
	if (!dwarf_attr(die, DW_AT_location, &attribute)) {
		if (!v->abi_holds || is_widened(v, type) || !resolve_abi(v, abi, size, false, out))
			*out = (struct ct_found){ .how = CT_HOW_OPTIMISED_OUT };
		return;
	}
	has_proven = v->entry && is_list(&attribute) && !is_widened(v, type)
	             && resolve_at(v, &attribute, ON_ENTRY, v->entry, size, &proven, NULL);
	has_here = resolve_at(v, &attribute, ON_CALL, v->hook->call, size, &here, &why)
	           || resolve_at(v, &attribute, ON_CALL, v->hook->address - 1, size, &here, NULL);
	has_proven = has_proven && (!v->by_memory || proven.indirect);
	has_here = has_here && (v->hook->depth || ((!v->by_memory || here.indirect) && !is_own_address(v, &here)));
	/* gcc says of one that is not used that the float is where the double came in. */
	has_here = has_here && !(is_widened(v, type) && (!v->track.valid || reads_entry(v, &here)));
	if (has_proven) {
		counts->disputed += has_here && !agree(v, &here, &proven);
		*out = has_here && agree(v, &here, &proven) ? here : proven;
		if (!has_here)
			out->how = CT_HOW_ENTRY;
	} else if (has_here && (!v->only_constants || here.how == CT_HOW_CONSTANT)) {
		*out = here;
	} else if (v->abi_holds && !is_widened(v, type) && resolve_abi(v, abi, size, true, out)) {
		out->how = CT_HOW_ENTRY;
	} else {
		*out = (struct ct_found){ .how = why };
	}
}

/*
 * Callers that know the function do not fill what they pass in memory and it does not read: objects that
 * are passed by hidden reference; clang's also structures on the stack. The debug information says that it is there.
 */
static bool may_be_unfilled(const struct ct_view *v, uint32_t type, const struct ct_found *f)
{
	if (v->hook->depth > 0)
		return v->by_memory && v->optimised;
	return v->known && (v->by_memory || (v->only_used && is_aggregate(v, type) && reads_caller(v, f)));
}

void ct_find_parameter(struct ct_view *v, Dwarf_Die *die, uint32_t type, uint32_t size,
                       const struct ct_abi_place *abi, struct ct_found *out)
{
	v->by_memory = ct_is_by_memory(v->b, type);
	v->type = type;
	find_parameter(v, die, type, size, abi, out);
	if (out->how < CT_HOW_UNAVAILABLE && out->how != CT_HOW_CONSTANT && may_be_unfilled(v, type, out))
		*out = (struct ct_found){ .how = CT_HOW_OPTIMISED_OUT };
}
