#include "index/said.h"

#include <dwarf.h>

static bool single_op(Dwarf_Die *die, unsigned name, unsigned old_name, Dwarf_Op **ops, size_t *count)
{
	Dwarf_Attribute attribute;

	return (dwarf_attr(die, name, &attribute) || dwarf_attr(die, old_name, &attribute))
	       && dwarf_getlocation(&attribute, ops, count) == 0 && *count > 0;
}

static bool is_same_number(int64_t x, int64_t y, uint8_t bytes)
{
	return bytes >= 8 ? x == y : (uint32_t) x == (uint32_t) y;
}

void ct_speaker_begin(struct ct_build *b, Dwarf_Die *body, struct ct_speaker *s)
{
	Dwarf_Attribute base;
	Dwarf_Op *ops;
	size_t count;

	*s = (struct ct_speaker){ .b = b };
	s->base_is_cfa = dwarf_attr_integrate(body, DW_AT_frame_base, &base)
	                 && dwarf_getlocation(&base, &ops, &count) == 0 && count == 1
	                 && ops[0].atom == DW_OP_call_frame_cfa;
}

/* An address in the caller's frame, by register and number; false: it is none. */
static bool says_frame(const struct ct_speaker *s, const Dwarf_Op *op, struct ct_linear *out)
{
	if (op->atom == DW_OP_breg7) {
		*out = (struct ct_linear){ CT_REG_RSP, (int64_t) op->number };
		return true;
	}
	if (op->atom != DW_OP_fbreg || !s->base_is_cfa || !ct_frame_at(s->b, s->call, out))
		return false;
	out->offset += (int64_t) op->number;
	return true;
}

static bool says_address(const struct ct_speaker *s, const Dwarf_Op *op, const struct ct_passed *p)
{
	struct ct_linear said;
	uint8_t reg = p->kind == CT_PASSED_REGISTER ? p->reg : CT_REG_RSP;

	return says_frame(s, op, &said) && said.reg == reg && said.offset == p->number;
}

/* Of an address on the stack, and of what is there. */
static bool says_stack(const struct ct_speaker *s, const Dwarf_Op *ops, size_t count, const struct ct_passed *p)
{
	if (p->kind == CT_PASSED_STACK)
		return count == 1 && says_address(s, &ops[0], p);
	return count == 2 && says_address(s, &ops[0], p)
	       && (ops[1].atom == DW_OP_deref || (ops[1].atom == DW_OP_deref_size && ops[1].number == p->bytes));
}

static bool says_register(const struct ct_speaker *s, const Dwarf_Op *op, const struct ct_passed *p)
{
	if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31)
		return op->atom - DW_OP_breg0 == p->reg && is_same_number((int64_t) op->number, p->number, p->bytes);
	if (op->atom == DW_OP_fbreg)
		return says_address(s, op, p);
	return op->atom >= DW_OP_reg0 && op->atom <= DW_OP_reg31 && op->atom - DW_OP_reg0 == p->reg
	       && p->number == 0;
}

static bool says_constant(const Dwarf_Op *op, const struct ct_passed *p)
{
	int64_t number = (int64_t) op->number;

	switch (op->atom) {
	case DW_OP_const1u: case DW_OP_const2u: case DW_OP_const4u: case DW_OP_const8u: case DW_OP_constu:
	case DW_OP_const8s: case DW_OP_consts:
		break;
	case DW_OP_const1s: number = (int8_t) number; break;
	case DW_OP_const2s: number = (int16_t) number; break;
	case DW_OP_const4s: number = (int32_t) number; break;
	default:
		if (op->atom < DW_OP_lit0 || op->atom > DW_OP_lit31)
			return false;
		number = op->atom - DW_OP_lit0;
	}
	return (uint32_t) number == (uint32_t) p->number;
}

bool ct_says_so(const struct ct_speaker *s, Dwarf_Die *parameter, const struct ct_passed *p)
{
	Dwarf_Op *ops;
	size_t count;

	if (!single_op(parameter, DW_AT_call_value, DW_AT_GNU_call_site_value, &ops, &count))
		return false;
	if (count > 1 && ops[count - 1].atom == DW_OP_stack_value)
		count--;
	if (p->kind == CT_PASSED_STACK || p->kind == CT_PASSED_MEMORY)
		return says_stack(s, ops, count, p);
	if (count != 1)
		return false;
	switch (p->kind) {
	case CT_PASSED_ADDRESS: return ops[0].atom == DW_OP_addr && (int64_t) ops[0].number == p->number;
	case CT_PASSED_REGISTER: return says_register(s, &ops[0], p);
	default: return says_constant(&ops[0], p);
	}
}

bool ct_said_of(Dwarf_Die *parameter, uint8_t *reg)
{
	Dwarf_Op *ops;
	size_t count;

	if (!single_op(parameter, DW_AT_location, DW_AT_location, &ops, &count) || count != 1
	    || ops[0].atom < DW_OP_reg0 || ops[0].atom > DW_OP_reg15)
		return false;
	*reg = (uint8_t) (ops[0].atom - DW_OP_reg0);
	return true;
}
