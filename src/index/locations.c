/*
 * locations.c - DWARF location descriptions become places. A description is a program for a
 * stack machine; nearly all of them are "a register, or one plus a number", which is
 * found by running them with symbols instead of numbers.
 */
#include <dwarf.h>
#include <string.h>

#include "index/places.h"

/* In place of a register: a number, which does not move with the binary as CT_REG_NONE does. */
enum { DEEPEST = 16, NUMBER = CT_PLACE_NUMBER };

/* What is on the machine's stack. */
enum symbol_kind {
	SYMBOL_UNKNOWN, /* computed by more than addition */
	SYMBOL_LINEAR,  /* reg + offset */
	SYMBOL_ENTRY,   /* reg at entry */
	SYMBOL_LOADED,  /* 8 bytes of memory at reg + offset */
};
struct symbol {
	uint8_t kind, reg;
	int64_t offset;
};

struct machine {
	Dwarf_Attribute *attribute;
	const struct ct_frame *frame;
	uint64_t address;
	struct symbol stack[DEEPEST];
	int depth;
	bool failed;
	struct ct_place place; /* of the piece under way, if something other than the stack says it */
	bool placed, is_value;
};

static void run(struct machine *m, const Dwarf_Op *ops, size_t count, struct ct_location *out);

static void push(struct machine *m, uint8_t kind, uint8_t reg, int64_t offset)
{
	if (m->depth == DEEPEST)
		m->failed = true;
	else
		m->stack[m->depth++] = (struct symbol){ kind, reg, offset };
}

static struct symbol pop(struct machine *m)
{
	if (m->depth == 0) {
		m->failed = true;
		return (struct symbol){ SYMBOL_UNKNOWN, CT_REG_NONE, 0 };
	}
	return m->stack[--m->depth];
}

static void add(struct machine *m, int sign)
{
	struct symbol y = pop(m), x = pop(m);

	if (x.kind == SYMBOL_LINEAR && y.kind == SYMBOL_LINEAR && y.reg == NUMBER)
		push(m, SYMBOL_LINEAR, x.reg, x.offset + sign * y.offset);
	else if (sign > 0 && x.kind == SYMBOL_LINEAR && y.kind == SYMBOL_LINEAR
	         && x.reg == NUMBER)
		push(m, SYMBOL_LINEAR, y.reg, x.offset + y.offset);
	else
		push(m, SYMBOL_UNKNOWN, CT_REG_NONE, 0);
}

static void add_number(struct machine *m, int64_t number)
{
	struct symbol x = pop(m);

	if (x.kind == SYMBOL_LINEAR)
		x.offset += number;
	else
		x.kind = SYMBOL_UNKNOWN;
	push(m, x.kind, x.reg, x.offset);
}

static void load(struct machine *m)
{
	struct symbol x = pop(m);

	if (x.kind == SYMBOL_LINEAR)
		push(m, SYMBOL_LOADED, x.reg, x.offset);
	else
		push(m, SYMBOL_UNKNOWN, CT_REG_NONE, 0);
}

/* DW_OP_fbreg: the frame base is itself a location: a register, or the CFA. */
static void push_frame_base(struct machine *m, int64_t offset)
{
	struct ct_location base;
	const struct ct_frame none = { .lists = m->frame->lists };
	Dwarf_Attribute copy = m->frame->frame_base;
	const struct ct_place *p = &base.pieces[0];

	if (!m->frame->has_base || !ct_location_at(&copy, m->address, &none, &base) || base.count != 1) {
		push(m, SYMBOL_UNKNOWN, CT_REG_NONE, 0);
		return;
	}
	if (p->kind == CT_PLACE_REGISTER && p->reg < 16)
		push(m, SYMBOL_LINEAR, p->reg, offset);
	else if (p->kind == CT_PLACE_FRAME)
		push(m, SYMBOL_LINEAR, CT_REG_CFA, p->offset + offset);
	else if (p->kind == CT_PLACE_MEMORY && p->reg < 16)
		push(m, SYMBOL_LINEAR, p->reg, p->offset + offset);
	else
		push(m, SYMBOL_UNKNOWN, CT_REG_NONE, 0);
}

/* DW_OP_entry_value(DW_OP_reg): that register. Of anything else: unknown. */
static void push_entry_value(struct machine *m, const Dwarf_Op *op)
{
	Dwarf_Attribute inner;
	Dwarf_Op *ops;
	size_t count;

	if (dwarf_getlocation_attr(m->attribute, op, &inner) == 0
	    && dwarf_getlocation(&inner, &ops, &count) == 0 && count == 1) {
		if (ops[0].atom >= DW_OP_reg0 && ops[0].atom <= DW_OP_reg31) {
			push(m, SYMBOL_ENTRY, (uint8_t) (ops[0].atom - DW_OP_reg0), 0);
			return;
		}
		if (ops[0].atom == DW_OP_regx && ops[0].number <= 32) {
			push(m, SYMBOL_ENTRY, (uint8_t) ops[0].number, 0);
			return;
		}
	}
	push(m, SYMBOL_UNKNOWN, CT_REG_NONE, 0);
}

/* --- pieces --- */

/* What the machine has come to, as a place. */
static struct ct_place settle(struct machine *m)
{
	struct ct_place p = { .kind = CT_PLACE_UNKNOWN, .reg = CT_REG_NONE };
	struct symbol s;

	if (m->placed)
		return m->place;
	if (m->depth == 0 && !m->failed)
		return (struct ct_place){ .kind = CT_PLACE_LOST, .reg = CT_REG_NONE };
	s = pop(m);
	p.reg = s.reg;
	p.offset = s.offset;
	if (m->failed)
		return p;
	if (s.kind == SYMBOL_UNKNOWN)
		p.kind = m->is_value ? CT_PLACE_COMPUTED : CT_PLACE_UNKNOWN;
	else if (s.kind == SYMBOL_ENTRY)
		p.kind = m->is_value ? CT_PLACE_ENTRY : CT_PLACE_ENTRY_MEMORY;
	else if (s.kind == SYMBOL_LOADED && m->is_value)
		p.kind = s.reg == CT_REG_CFA ? CT_PLACE_FRAME : CT_PLACE_MEMORY;
	else if (s.kind == SYMBOL_LOADED)
		p.kind = s.reg == CT_REG_CFA ? CT_PLACE_POINTED : CT_PLACE_POINTED_MEMORY;
	else if (m->is_value)
		p.kind = CT_PLACE_VALUE;
	else
		p.kind = s.reg == CT_REG_CFA ? CT_PLACE_FRAME : CT_PLACE_MEMORY;
	return p;
}

static void end_piece(struct machine *m, uint64_t size, struct ct_location *out)
{
	struct ct_place p = settle(m);

	if (out->count == CT_PIECES || size > UINT32_MAX) {
		m->failed = true;
		return;
	}
	if (!size && m->is_value && (p.kind == CT_PLACE_FRAME || p.kind == CT_PLACE_MEMORY))
		size = 8; /* loaded: an address, no more */
	p.size = (uint32_t) size;
	out->pieces[out->count++] = p;
	m->placed = m->is_value = false;
	m->depth = 0;
}

static void place(struct machine *m, uint8_t kind, uint8_t reg)
{
	m->place = (struct ct_place){ .kind = kind, .reg = reg };
	m->placed = true;
}

static void implicit_value(struct machine *m, const Dwarf_Op *op)
{
	Dwarf_Block block;

	place(m, CT_PLACE_UNKNOWN, CT_REG_NONE);
	if (dwarf_getlocation_implicit_value(m->attribute, op, &block) != 0)
		return;
	m->place.kind = CT_PLACE_BYTES;
	m->place.bytes = block.data;
	m->place.byte_count = (uint32_t) block.length;
}

/* --- operations --- */

static bool run_number(struct machine *m, const Dwarf_Op *op)
{
	int64_t number = (int64_t) op->number;

	switch (op->atom) {
	case DW_OP_addr:
		push(m, SYMBOL_LINEAR, CT_REG_NONE, number);
		return true;
	case DW_OP_const8u: case DW_OP_const8s: case DW_OP_const1u: case DW_OP_const2u:
	case DW_OP_const4u: case DW_OP_constu: case DW_OP_consts:
		break;
	case DW_OP_const1s: number = (int8_t) number; break;
	case DW_OP_const2s: number = (int16_t) number; break;
	case DW_OP_const4s: number = (int32_t) number; break;
	default: return false;
	}
	push(m, SYMBOL_LINEAR, NUMBER, number);
	return true;
}

static void run_one(struct machine *m, const Dwarf_Op *op, struct ct_location *out)
{
	uint8_t atom = op->atom;

	if (run_number(m, op))
		return;
	if (atom >= DW_OP_lit0 && atom <= DW_OP_lit31)
		push(m, SYMBOL_LINEAR, NUMBER, atom - DW_OP_lit0);
	else if (atom >= DW_OP_reg0 && atom <= DW_OP_reg31)
		place(m, CT_PLACE_REGISTER, (uint8_t) (atom - DW_OP_reg0));
	else if (atom >= DW_OP_breg0 && atom <= DW_OP_breg31)
		push(m, SYMBOL_LINEAR, (uint8_t) (atom - DW_OP_breg0), (int64_t) op->number);
	else
		switch (atom) {
		case DW_OP_regx:
			place(m, op->number <= 32 ? CT_PLACE_REGISTER : CT_PLACE_UNKNOWN, (uint8_t) op->number);
			break;
		case DW_OP_fbreg: push_frame_base(m, (int64_t) op->number); break;
		case DW_OP_call_frame_cfa: push(m, SYMBOL_LINEAR, CT_REG_CFA, 0); break;
		case DW_OP_plus: add(m, 1); break;
		case DW_OP_minus: add(m, -1); break;
		case DW_OP_plus_uconst: add_number(m, (int64_t) op->number); break;
		case DW_OP_deref: load(m); break;
		case DW_OP_nop: break;
		case DW_OP_stack_value: m->is_value = true; break;
		case DW_OP_entry_value: case DW_OP_GNU_entry_value: push_entry_value(m, op); break;
		case DW_OP_implicit_value: implicit_value(m, op); break;
		case DW_OP_implicit_pointer: case DW_OP_GNU_implicit_pointer:
			place(m, CT_PLACE_LOST, CT_REG_NONE); /* it points to what is nowhere */
			break;
		case DW_OP_piece:
			m->failed |= op->number == 0;
			end_piece(m, op->number, out);
			break;
		case DW_OP_bit_piece:
			if (op->number && op->number % 8 == 0 && op->number2 == 0)
				end_piece(m, op->number / 8, out);
			else
				m->failed = true;
			break;
		default: /* whatever it pushes or pops, the outcome is computed, and by one value at most */
			m->depth = 0;
			push(m, SYMBOL_UNKNOWN, CT_REG_NONE, 0);
		}
}

static void run(struct machine *m, const Dwarf_Op *ops, size_t count, struct ct_location *out)
{
	bool odd = false; /* an operation came that is not followed: nothing behind it is, either */

	for (size_t i = 0; i < count && !m->failed; i++) {
		uint8_t atom = ops[i].atom;

		if (odd && atom != DW_OP_stack_value && atom != DW_OP_piece && atom != DW_OP_bit_piece)
			continue;
		run_one(m, &ops[i], out);
		odd = !m->placed && m->depth > 0 && m->stack[m->depth - 1].kind == SYMBOL_UNKNOWN;
	}
	if (out->count == 0)
		end_piece(m, 0, out);
	else if (m->depth || m->placed)
		m->failed = true;
}

bool ct_location_at(Dwarf_Attribute *attribute, uint64_t address, const struct ct_frame *frame,
                    struct ct_location *out)
{
	Dwarf_Op *ops[2] = {0};
	size_t counts[2] = {0};
	int found = ct_locations_are_sound(frame->lists, attribute) ? dwarf_getlocation_addr(attribute, address, ops, counts, 2) : 0;
	struct machine m = { .attribute = attribute, .frame = frame, .address = address };

	*out = (struct ct_location){0};
	if (found <= 0 || counts[0] == 0)
		return false;
	run(&m, ops[0], counts[0], out);
	if (m.failed) {
		*out = (struct ct_location){ .count = 1 };
		out->pieces[0] = (struct ct_place){ .kind = CT_PLACE_UNKNOWN, .reg = CT_REG_NONE };
	}
	out->attribute = *attribute;
	out->ops = ops[0];
	out->op_count = counts[0];
	return true;
}

/* --- expressions --- */

static void add_signed(struct ct_text *out, int64_t value)
{
	bool more;

	do {
		uint8_t byte = value & 0x7f;

		value >>= 7;
		more = !((value == 0 && !(byte & 0x40)) || (value == -1 && byte & 0x40));
		ct_text_add_char(out, (char) (byte | (more ? 0x80 : 0)));
	} while (more);
}

static bool add_register(const Dwarf_Op *op, struct ct_text *out, uint8_t *regs, uint32_t *count)
{
	uint8_t reg = (uint8_t) (op->atom - DW_OP_breg0);
	uint32_t word = 0;

	if (reg > 15 || reg == 4 || reg == 5 || reg == 10 || reg == 11)
		return false;
	while (word < *count && regs[word] != reg)
		word++;
	if (word == CT_PIECES)
		return false;
	if (word == *count)
		regs[(*count)++] = reg;
	ct_text_add_char(out, (char) (DW_OP_breg0 + word));
	add_signed(out, (int64_t) op->number);
	return true;
}

/* A conversion to an integer type, if nothing is computed behind it in that type. */
static bool add_conversion(const struct ct_location *l, size_t at, struct ct_text *out)
{
	Dwarf_Attribute attribute = l->attribute, encoding;
	Dwarf_Word how = DW_ATE_unsigned;
	uint64_t size = 8;
	Dwarf_Die type;

	for (size_t i = at + 1; i < l->op_count; i++)
		if (l->ops[i].atom != DW_OP_convert && l->ops[i].atom != DW_OP_GNU_convert
		    && l->ops[i].atom != DW_OP_stack_value)
			return false;
	if (l->ops[at].number != 0
	    && (dwarf_getlocation_die(&attribute, &l->ops[at], &type) != 0
	        || !ct_die_size(&type, &size)
	        || dwarf_formudata(dwarf_attr(&type, DW_AT_encoding, &encoding), &how) != 0))
		return false;
	if (size > 8 || size == 0 || (how != DW_ATE_signed && how != DW_ATE_unsigned
	    && how != DW_ATE_signed_char && how != DW_ATE_unsigned_char && how != DW_ATE_boolean))
		return false;
	ct_text_add_char(out, (char) DW_OP_convert);
	ct_text_add_char(out, (char) (size | (how == DW_ATE_signed || how == DW_ATE_signed_char ? 0x80 : 0)));
	return true;
}

static bool add_operation(const struct ct_location *l, size_t at, struct ct_text *out,
                          uint8_t *regs, uint32_t *count)
{
	static const struct ct_frame none;
	const Dwarf_Op *op = &l->ops[at];
	struct machine m = { .frame = &none };

	if ((op->atom >= DW_OP_lit0 && op->atom <= DW_OP_lit31)
	    || (op->atom >= DW_OP_dup && op->atom <= DW_OP_over)
	    || (op->atom >= DW_OP_swap && op->atom <= DW_OP_rot)
	    || (op->atom >= DW_OP_abs && op->atom <= DW_OP_plus)
	    || (op->atom >= DW_OP_shl && op->atom <= DW_OP_xor)
	    || (op->atom >= DW_OP_eq && op->atom <= DW_OP_ne)) {
		ct_text_add_char(out, (char) op->atom);
		return true;
	}
	if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31)
		return add_register(op, out, regs, count);
	if (op->atom == DW_OP_plus_uconst || (op->atom != DW_OP_addr && run_number(&m, op))) {
		ct_text_add_char(out, (char) DW_OP_consts);
		add_signed(out, op->atom == DW_OP_plus_uconst ? (int64_t) op->number : m.stack[0].offset);
		if (op->atom == DW_OP_plus_uconst)
			ct_text_add_char(out, (char) DW_OP_plus);
		return true;
	}
	if (op->atom == DW_OP_convert || op->atom == DW_OP_GNU_convert)
		return add_conversion(l, at, out);
	return op->atom == DW_OP_stack_value && at + 1 == l->op_count;
}

bool ct_location_expression(const struct ct_location *l, struct ct_text *out, uint8_t *regs,
                            uint32_t *reg_count)
{
	size_t before = out->length;

	*reg_count = 0;
	for (size_t i = 0; i < l->op_count; i++)
		if (!add_operation(l, i, out, regs, reg_count)) {
			out->length = before;
			return false;
		}
	ct_text_add_char(out, '\0');
	return true;
}
