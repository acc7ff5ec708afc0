/*
 * callers.c - what a call site passes, proven twice: by the caller's debug information
 * (DW_TAG_call_site_parameter), and by its text (arch/x86_64/passed.h). One does not do: jump tables
 * are not followed in the text; and where clang sees that a parameter is not used (a function of
 * the same unit that nothing may replace), it passes nothing at all, and its debug information
 * has what happens to be in the register.
 *
 * When the callee's hook has the site as return address, it was entered from there: the site
 * is a direct call of its entry, and control never leaves its body but by returning. Were there a
 * jump to another function, that one could come back by another jump, with the same return
 * address and other values.
 */
#include "index/callers.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/passed.h"

enum { DEEPEST = 256 };

/* A direct call of a body's entry. */
struct site {
	uint64_t address;
	uint64_t call; /* the instruction */
	uint32_t caller, callee; /* bodies */
};

/* What one passes. */
struct told {
	uint64_t site;
	uint32_t caller, callee;
	uint8_t reg;
	struct ct_passed passed;
};

enum leaving { NOT_ASKED, STAYS, LEAVES };

struct ct_callers {
	CT_ARRAY(struct site) sites; /* by address */
	CT_ARRAY(struct told) told;  /* by callee, register, site */
	CT_ARRAY(struct ct_span) spans; /* by body */
	CT_ARRAY(uint64_t) targets;  /* of the jumps of the body under way */
	uint8_t *leaving; /* of each body: enum leaving */
	struct ct_decoder decoder;
};

/* --- registers --- */

static const uint8_t kept_regs[6] = { 3, 6, 12, 13, 14, 15 };

static int kept_number(uint8_t reg)
{
	for (int i = 0; i < 6; i++)
		if (kept_regs[i] == reg)
			return i;
	return -1;
}

static bool is_entry(const struct ct_tracked *t, uint8_t reg)
{
	return t->known == CT_KNOWN_ENTRY && t->reg == reg && t->bytes == 8;
}

void ct_kept_at(const struct ct_view *view, int32_t kept[6])
{
	const struct ct_track *t = &view->track;

	for (int i = 0; i < 6; i++) {
		kept[i] = CT_KEPT_NOWHERE;
		if (!t->valid)
			continue;
		if (is_entry(&t->regs[kept_regs[i]], kept_regs[i]))
			kept[i] = CT_KEPT_REGISTER;
		for (unsigned s = 0; s < t->slot_count && kept[i] == CT_KEPT_NOWHERE; s++)
			if (t->slots[s].size == 8 && is_entry(&t->slots[s].value, kept_regs[i])
			    && t->slots[s].at <= -16 && t->slots[s].at >= -(1 << 28))
				kept[i] = t->slots[s].at;
	}
}

/* --- the pieces of a body --- */

static int by_body(const void *a, const void *b)
{
	const struct ct_span *x = a, *y = b;

	if (x->body != y->body)
		return x->body < y->body ? -1 : 1;
	return (x->low > y->low) - (x->low < y->low);
}

static const struct ct_span *spans_of(const struct ct_callers *c, uint32_t body)
{
	uint32_t low = 0, high = c->spans.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (c->spans.items[middle].body < body)
			low = middle + 1;
		else
			high = middle;
	}
	return c->spans.items + low;
}

static const uint8_t *text_of(const struct ct_build *b, const struct ct_span *span, size_t *size)
{
	const uint8_t *bytes = ct_elf_at(&b->elf, span->low, size);

	if (bytes && *size > span->high - span->low)
		*size = span->high - span->low;
	return bytes;
}

/* --- whether control leaves a body --- */

struct leave {
	struct ct_build *b;
	uint32_t body;
	uint64_t entry, hook; /* what is executed once: from here up to the return address of the hook's call */
};

static bool reaches_hook(const struct ct_build *b, const struct ct_step *step)
{
	struct { uint64_t target, how; } key = { step->target, step->how };
	uint32_t callee;

	return ct_map_find(&b->callee_map, &key, sizeof key, &callee) && b->callees.items[callee].hook;
}

/* An indirect jump while the frame is there: by a table of a switch. Functions are left without one. */
static bool is_switch(struct ct_build *b, uint64_t at)
{
	struct ct_linear cfa;

	return ct_frame_at(b, at, &cfa) && (cfa.reg == CT_REG_RBP || cfa.offset > 8);
}

static bool jump_leaves(const struct leave *l, uint64_t at, const struct ct_step *step)
{
	const struct ct_span *to;

	if (step->how == CT_TARGET_POINTER)
		return !is_switch(l->b, at);
	to = step->how == CT_TARGET_ADDRESS ? ct_span_at(l->b, step->target) : NULL;
	if (!to || to->body != l->body)
		return !reaches_hook(l->b, step);
	/* Back to before the hook: it is called again, who knows with what. */
	return step->target >= l->entry && step->target < l->hook
	       && (at < l->entry || at >= l->hook);
}

static bool piece_leaves(const struct leave *l, const struct ct_span *span)
{
	size_t size, at = 0;
	const uint8_t *bytes = text_of(l->b, span, &size);

	if (!bytes)
		return true;
	while (at < size) {
		struct ct_stack stack = {0};
		struct ct_step step;
		uint64_t address = span->low + at;

		if (!ct_decode_step(bytes + at, size - at, address, &stack, &step))
			return true;
		if ((step.flow == CT_FLOW_JUMP || step.flow == CT_FLOW_BRANCH)
		    && jump_leaves(l, address, &step))
			return true;
		at = step.next - span->low;
	}
	return false;
}

static bool leaves(struct ct_callers *c, const struct ct_view *view)
{
	struct leave l = { view->b, view->hook->body, view->entry, view->hook->address };
	const struct ct_span *end = c->spans.items + c->spans.count;

	if (c->leaving[l.body] == NOT_ASKED) {
		c->leaving[l.body] = STAYS;
		for (const struct ct_span *s = spans_of(c, l.body); s < end && s->body == l.body; s++)
			if (piece_leaves(&l, s))
				c->leaving[l.body] = LEAVES;
	}
	return c->leaving[l.body] == LEAVES;
}

/* --- what callers may know --- */

static bool is_joined(const struct ct_build *b)
{
	return b->elf.joined || b->debug_elf.joined;
}

static bool may_know(const struct ct_build *b, const struct ct_body *from, const struct ct_body *to)
{
	return from->unit == CT_NONE || to->unit == CT_NONE || from->unit == to->unit || is_joined(b)
	       || b->units.items[from->unit].flags & CT_UNIT_LTO;
}

static bool *find_known(const struct ct_build *b)
{
	bool *known = ct_calloc((size_t) b->bodies.count + 1, sizeof *known);

	for (uint32_t i = 0; i < b->calls.count; i++) {
		const struct ct_call *call = &b->calls.items[i];
		uint64_t entry = b->callees.items[call->callee].address;
		const struct ct_span *to = entry ? ct_span_at(b, entry) : NULL;

		if (to && b->bodies.items[to->body].entry == entry
		    && may_know(b, &b->bodies.items[call->body], &b->bodies.items[to->body]))
			known[to->body] = true;
	}
	return known;
}

bool ct_callers_know(struct ct_build *b, uint32_t body)
{
	if (!b->values->known)
		b->values->known = find_known(b);
	return b->values->known[body];
}

/* --- what the debug information says --- */

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

/* Whether it says of the value what the text proves. */
static bool says_so(const Dwarf_Op *ops, size_t count, const struct ct_passed *p)
{
	const Dwarf_Op *op = &ops[0];
	int64_t number = (int64_t) op->number;

	if (count == 2 && ops[1].atom == DW_OP_stack_value)
		count = 1;
	if (count != 1)
		return false;
	if (p->kind == CT_PASSED_REGISTER) {
		if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31)
			return op->atom - DW_OP_breg0 == p->reg && is_same_number(number, p->number, p->bytes);
		return op->atom >= DW_OP_reg0 && op->atom <= DW_OP_reg31 && op->atom - DW_OP_reg0 == p->reg
		       && p->number == 0;
	}
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

static struct site *site_at(const struct ct_callers *c, uint64_t address)
{
	uint32_t low = 0, high = c->sites.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (c->sites.items[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < c->sites.count && c->sites.items[low].address == address ? &c->sites.items[low] : NULL;
}

static void read_parameter(struct ct_callers *c, const struct site *site, Dwarf_Die *die)
{
	struct ct_passed p;
	Dwarf_Op *ops;
	size_t count;
	uint8_t reg;

	if (!single_op(die, DW_AT_location, DW_AT_location, &ops, &count) || count != 1
	    || ops[0].atom < DW_OP_reg0 || ops[0].atom > DW_OP_reg15)
		return;
	reg = (uint8_t) (ops[0].atom - DW_OP_reg0);
	p = ct_passed_at(&c->decoder, site->call, reg, c->targets.items, c->targets.count);
	if (p.kind == CT_PASSED_UNKNOWN
	    || !single_op(die, DW_AT_call_value, DW_AT_GNU_call_site_value, &ops, &count)
	    || !says_so(ops, count, &p))
		return;
	*ct_add(&c->told) = (struct told){ site->address, site->caller, site->callee, reg, p };
}

static void read_site(struct ct_callers *c, Dwarf_Die *die, const struct ct_span *span, uint32_t body)
{
	Dwarf_Attribute attribute;
	const struct site *site;
	Dwarf_Addr address;
	Dwarf_Die child;

	if (!(dwarf_attr(die, DW_AT_call_return_pc, &attribute) || dwarf_attr(die, DW_AT_low_pc, &attribute))
	    || dwarf_formaddr(&attribute, &address) != 0 || address <= span->low || address > span->high
	    || !(site = site_at(c, address)) || site->caller != body || dwarf_child(die, &child) != 0)
		return;
	do {
		unsigned tag = (unsigned) dwarf_tag(&child);

		if (tag == DW_TAG_call_site_parameter || tag == DW_TAG_GNU_call_site_parameter)
			read_parameter(c, site, &child);
	} while (dwarf_siblingof(&child, &child) == 0);
}

/* The sites of one piece of a body, which the decoder holds. */
static void read_scope(struct ct_callers *c, Dwarf_Die *parent, const struct ct_span *span,
                       uint32_t body, int level)
{
	Dwarf_Die die;

	if (level == DEEPEST || dwarf_child(parent, &die) != 0)
		return;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_call_site: case DW_TAG_GNU_call_site: read_site(c, &die, span, body); break;
		case DW_TAG_inlined_subroutine: case DW_TAG_lexical_block: case DW_TAG_try_block:
		case DW_TAG_catch_block: case DW_TAG_with_stmt:
			read_scope(c, &die, span, body, level + 1);
			break;
		default: break;
		}
	} while (dwarf_siblingof(&die, &die) == 0);
}

/* --- all of it, once --- */

static void find_sites(struct ct_build *b, struct ct_callers *c)
{
	for (uint32_t i = 0; i < b->calls.count; i++) {
		const struct ct_call *call = &b->calls.items[i];
		uint64_t entry = b->callees.items[call->callee].address;
		const struct ct_span *to = entry ? ct_span_at(b, entry) : NULL;
		const uint8_t *bytes;
		int32_t distance;
		size_t left;

		if (call->jump || !to || b->bodies.items[to->body].entry != entry || call->length < 5
		    || !(bytes = ct_elf_at(&b->elf, call->address - 5, &left)) || left < 5 || bytes[0] != 0xe8)
			continue;
		memcpy(&distance, bytes + 1, sizeof distance);
		if (call->address + (uint64_t) (int64_t) distance == entry && b->bodies.items[to->body].hooked)
			*ct_add(&c->sites) = (struct site){ call->address, call->address - call->length,
			                                    call->body, to->body };
	}
}

static int by_address(const void *a, const void *b)
{
	const struct site *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool decode(struct ct_build *b, struct ct_callers *c, const struct ct_span *span)
{
	size_t size;
	const uint8_t *bytes = text_of(b, span, &size);

	if (bytes)
		ct_decode(&c->decoder, bytes, size, span->low);
	return bytes != NULL;
}

static void list_targets(struct ct_build *b, struct ct_callers *c, const struct ct_span *span)
{
	if (!decode(b, c, span))
		return;
	for (uint32_t i = 0; i < c->decoder.jump_count; i++)
		*ct_add(&c->targets) = ct_decode_jump(&c->decoder, i);
	for (uint32_t i = 0; i < c->decoder.branch_count; i++)
		if (!c->decoder.branches[i].call && c->decoder.branches[i].how == CT_TARGET_ADDRESS)
			*ct_add(&c->targets) = c->decoder.branches[i].target;
}

static void read_body(struct ct_build *b, struct ct_callers *c, uint32_t body)
{
	const struct ct_span *end = c->spans.items + c->spans.count, *first = spans_of(c, body);
	Dwarf_Die die = b->bodies.items[body].die;

	if (!die.addr)
		return;
	c->targets.count = 0;
	for (const struct ct_span *s = first; s < end && s->body == body; s++)
		list_targets(b, c, s);
	if (c->targets.count)
		qsort(c->targets.items, c->targets.count, sizeof *c->targets.items, by_number);
	for (const struct ct_span *s = first; s < end && s->body == body; s++)
		if (decode(b, c, s))
			read_scope(c, &die, s, body, 0);
}

static int by_callee(const void *a, const void *b)
{
	const struct told *x = a, *y = b;

	if (x->callee != y->callee)
		return x->callee < y->callee ? -1 : 1;
	if (x->reg != y->reg)
		return x->reg < y->reg ? -1 : 1;
	return (x->site > y->site) - (x->site < y->site);
}

static struct ct_callers *begin(struct ct_build *b)
{
	struct ct_callers *c = ct_calloc(1, sizeof *c);
	ct_auto_free bool *calls = ct_calloc((size_t) b->bodies.count + 1, sizeof *calls);

	c->leaving = ct_calloc((size_t) b->bodies.count + 1, sizeof *c->leaving);
	for (uint32_t i = 0; i < b->spans.count; i++)
		*ct_add(&c->spans) = b->spans.items[i];
	if (c->spans.count)
		qsort(c->spans.items, c->spans.count, sizeof *c->spans.items, by_body);
	find_sites(b, c);
	if (c->sites.count)
		qsort(c->sites.items, c->sites.count, sizeof *c->sites.items, by_address);
	for (uint32_t i = 0; i < c->sites.count; i++)
		calls[c->sites.items[i].caller] = true;
	for (uint32_t i = 0; i < b->bodies.count; i++)
		if (calls[i])
			read_body(b, c, i);
	if (c->told.count)
		qsort(c->told.items, c->told.count, sizeof *c->told.items, by_callee);
	return c;
}

void ct_callers_free(struct ct_callers *c)
{
	if (!c)
		return;
	free(c->sites.items);
	free(c->told.items);
	free(c->spans.items);
	free(c->targets.items);
	free(c->leaving);
	ct_decoder_deinit(&c->decoder);
	free(c);
}

/* --- one parameter --- */

/* One that may have come in a register which the psABI names, and is lost. */
static bool is_lost(const struct ct_view *view, uint32_t size, const struct ct_abi_place *abi,
                    const struct ct_found *found)
{
	return (found->how == CT_HOW_OVERWRITTEN || found->how == CT_HOW_OPTIMISED_OUT) && view->entry
	       && view->abi_holds && view->track.valid && abi->known && abi->count == 1 && !abi->reference
	       && abi->regs[0] < 16 && size > 0 && size <= 8;
}

/*
 * Whether the compiler may have passed something else than the source says, as the callee does not
 * use it. clang does so if it sees the callee's final definition, and makes 0 of nothing where a number is to
 * be widened (seen with 14: char, bool). With -flto it sees all of them.
 */
static bool may_be_nothing(const struct ct_build *b, const struct told *t, uint32_t size)
{
	const struct ct_body *from = &b->bodies.items[t->caller], *to = &b->bodies.items[t->callee];
	const struct ct_symbol *symbol = ct_symbol_at(b, to->entry);

	if (from->unit == CT_NONE || !symbol || is_joined(b))
		return true;
	if (strncmp(b->units.items[from->unit].producer, "GNU ", 4) == 0)
		return false;
	return (from->unit == to->unit && symbol->binding != STB_WEAK)
	       || (t->passed.kind == CT_PASSED_CONSTANT && size < 4);
}

/* Says of a site what the recorder needs to know, if it can have it. */
static void add_row(const struct ct_build *b, const struct told *t, uint16_t argument, uint32_t size,
                    const int32_t kept[6])
{
	struct ct_values *v = b->values;
	struct ct_index_site_value row = { .site = t->site, .plan = v->plans.count, .argument = argument,
	                                   .kind = CT_SITE_VALUE_CONSTANT, .number = t->passed.number };

	if (t->passed.bytes < size || may_be_nothing(b, t, size))
		return;
	if (t->passed.kind == CT_PASSED_REGISTER) {
		int number = kept_number(t->passed.reg);

		if (number < 0 || kept[number] == CT_KEPT_NOWHERE)
			return;
		row.kind = CT_SITE_VALUE_REGISTER;
		row.reg = (uint8_t) number;
	}
	*ct_add(&v->site_values) = row;
}

static uint32_t first_told(const struct ct_callers *c, uint32_t body, uint8_t reg)
{
	struct told key = { .callee = body, .reg = reg };
	uint32_t low = 0, high = c->told.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (by_callee(&c->told.items[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool ct_callers_tell(const struct ct_view *view, uint16_t argument, uint32_t size,
                     const struct ct_abi_place *abi, struct ct_found *found)
{
	struct ct_values *v = view->b->values;
	uint32_t body = view->hook->body, before = v->site_values.count;
	struct ct_callers *c;
	int32_t kept[6];

	if (!is_lost(view, size, abi, found))
		return false;
	if (!v->callers)
		v->callers = begin(view->b);
	c = v->callers;
	if (leaves(c, view))
		return false;
	ct_kept_at(view, kept);
	for (uint32_t i = first_told(c, body, abi->regs[0]);
	     i < c->told.count && c->told.items[i].callee == body && c->told.items[i].reg == abi->regs[0]; i++)
		if (i + 1 == c->told.count || by_callee(&c->told.items[i], &c->told.items[i + 1]) != 0)
			add_row(view->b, &c->told.items[i], argument, size, kept);
	if (v->site_values.count == before)
		return false;
	*found = (struct ct_found){ .how = CT_HOW_CALLER, .size = size };
	return true;
}

static int by_site(const void *a, const void *b)
{
	const struct ct_index_site_value *x = a, *y = b;

	if (x->site != y->site)
		return x->site < y->site ? -1 : 1;
	return (x->argument > y->argument) - (x->argument < y->argument);
}

void ct_callers_settle(struct ct_build *b)
{
	struct ct_values *v = b->values;

	if (v->site_values.count)
		qsort(v->site_values.items, v->site_values.count, sizeof *v->site_values.items, by_site);
}
