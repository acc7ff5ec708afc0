/*
 * callers.c - what a call site passes, as its text proves (arch/x86_64/passed.h). Jump tables are not
 * followed in the text: where there is one, the caller's debug information
 * (DW_TAG_call_site_parameter) has to say the same. Else the text does alone: control comes
 * to no place between what writes the register and the call. Not from the unwinder either, for it
 * keeps no register in which arguments are passed, and makes only rdx (and rax).
 *
 * The debug information alone never does: where clang sees that a parameter is not used (a function of
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

#include "index/said.h"

enum { DEEPEST = 256, MOST_FRAME = 1 << 28 };

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
	bool open; /* the body under way: its text does not prove alone what is passed */
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

static bool has_cfa(const struct ct_view *view)
{
	return (view->cfa.reg == CT_REG_RSP || view->cfa.reg == CT_REG_RBP)
	       && view->cfa.offset >= -MOST_FRAME && view->cfa.offset <= MOST_FRAME;
}

void ct_kept_at(const struct ct_view *view, struct ct_plan *plan)
{
	const struct ct_track *t = &view->track;
	int32_t *kept = plan->kept;

	plan->cfa_reg = has_cfa(view) ? view->cfa.reg : CT_REG_NONE;
	plan->cfa_offset = has_cfa(view) ? (int32_t) view->cfa.offset : 0;
	for (int i = 0; i < 6; i++) {
		kept[i] = CT_KEPT_NOWHERE;
		if (!t->valid)
			continue;
		if (is_entry(&t->regs[kept_regs[i]], kept_regs[i]))
			kept[i] = CT_KEPT_REGISTER;
		for (unsigned s = 0; has_cfa(view) && s < t->slot_count && kept[i] == CT_KEPT_NOWHERE; s++)
			if (t->slots[s].size == 8 && is_entry(&t->slots[s].value, kept_regs[i])
			    && t->slots[s].at <= -16 && t->slots[s].at >= -MOST_FRAME)
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

/* The first at an address, or behind it. */
static struct site *first_site(const struct ct_callers *c, uint64_t address)
{
	uint32_t low = 0, high = c->sites.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (c->sites.items[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return c->sites.items + low;
}

static struct site *site_at(const struct ct_callers *c, uint64_t address)
{
	struct site *found = first_site(c, address);

	return found < c->sites.items + c->sites.count && found->address == address ? found : NULL;
}

/*
 * Whether the text of a caller that is not open proves it alone. What is in memory may be what
 * another thread may change, or a signal handler: compilers say of it what it is only if it
 * is not, for all that the language allows.
 */
static bool by_text(uint8_t reg, const struct ct_passed *p)
{
	return reg != 1 && p->kind != CT_PASSED_MEMORY; /* 1: rdx */
}

static struct ct_passed passed_at(const struct ct_callers *c, const struct site *site, uint8_t reg)
{
	struct ct_passed passed[16];

	ct_passed_at(&c->decoder, site->call, 1u << reg, c->targets.items, c->targets.count, passed);
	return passed[reg];
}

static void read_parameter(struct ct_callers *c, const struct ct_speaker *speaker, const struct site *site,
                           Dwarf_Die *die)
{
	struct ct_passed p;
	uint8_t reg;

	if (!ct_said_of(die, &reg))
		return;
	p = passed_at(c, site, reg);
	if (p.kind == CT_PASSED_UNKNOWN || (!c->open && by_text(reg, &p)) || !ct_says_so(speaker, die, &p))
		return;
	*ct_add(&c->told) = (struct told){ site->address, site->caller, site->callee, reg, p };
}

static void read_site(struct ct_callers *c, struct ct_speaker *speaker, Dwarf_Die *die,
                      const struct ct_span *span, uint32_t body)
{
	Dwarf_Attribute attribute;
	const struct site *site;
	Dwarf_Addr address;
	Dwarf_Die child;

	if (!(dwarf_attr(die, DW_AT_call_return_pc, &attribute) || dwarf_attr(die, DW_AT_low_pc, &attribute))
	    || dwarf_formaddr(&attribute, &address) != 0 || address <= span->low || address > span->high
	    || !(site = site_at(c, address)) || site->caller != body || dwarf_child(die, &child) != 0)
		return;
	speaker->call = site->call;
	do {
		unsigned tag = (unsigned) dwarf_tag(&child);

		if (tag == DW_TAG_call_site_parameter || tag == DW_TAG_GNU_call_site_parameter)
			read_parameter(c, speaker, site, &child);
	} while (dwarf_siblingof(&child, &child) == 0);
}

/* The sites of one piece of a body, which the decoder holds. */
static void read_scope(struct ct_callers *c, struct ct_speaker *speaker, Dwarf_Die *parent,
                       const struct ct_span *span, uint32_t body, int level)
{
	Dwarf_Die die;

	if (level == DEEPEST || dwarf_child(parent, &die) != 0)
		return;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_call_site: case DW_TAG_GNU_call_site: read_site(c, speaker, &die, span, body); break;
		case DW_TAG_inlined_subroutine: case DW_TAG_lexical_block: case DW_TAG_try_block:
		case DW_TAG_catch_block: case DW_TAG_with_stmt:
			read_scope(c, speaker, &die, span, body, level + 1);
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

/* What the text of a piece of a body proves alone; its sites are some of those by address. */
static void read_text(struct ct_callers *c, const struct ct_span *span, uint32_t body)
{
	enum { ARGUMENTS = 1u << 1 | 1u << 2 | 1u << 4 | 1u << 5 | 1u << 8 | 1u << 9 };
	const struct site *end = c->sites.items + c->sites.count;
	struct ct_passed passed[16];

	for (const struct site *s = first_site(c, span->low + 1); s < end && s->address <= span->high; s++) {
		if (s->caller != body)
			continue;
		ct_passed_at(&c->decoder, s->call, ARGUMENTS, c->targets.items, c->targets.count, passed);
		for (uint8_t reg = 0; reg < 16; reg++)
			if (passed[reg].kind != CT_PASSED_UNKNOWN && by_text(reg, &passed[reg]))
				*ct_add(&c->told) = (struct told){ s->address, s->caller, s->callee, reg, passed[reg] };
	}
}

static void read_body(struct ct_build *b, struct ct_callers *c, uint32_t body)
{
	const struct ct_span *end = c->spans.items + c->spans.count, *first = spans_of(c, body);
	Dwarf_Die die = b->bodies.items[body].die;
	struct ct_speaker speaker;

	if (!die.addr)
		return;
	c->open = b->bodies.items[body].open;
	ct_speaker_begin(b, &die, &speaker);
	c->targets.count = 0;
	for (const struct ct_span *s = first; s < end && s->body == body; s++)
		list_targets(b, c, s);
	if (c->targets.count)
		qsort(c->targets.items, c->targets.count, sizeof *c->targets.items, by_number);
	for (const struct ct_span *s = first; s < end && s->body == body; s++)
		if (decode(b, c, s)) {
			if (!c->open)
				read_text(c, s, body);
			read_scope(c, &speaker, &die, s, body, 0);
		}
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

/* Where at the hook a register's value is that the function was entered with. False: not known. */
static bool find_register(const struct ct_view *view, const struct ct_plan *plan, const struct ct_passed *p,
                          struct ct_index_site_value *row)
{
	static const uint8_t order[] = { 0, 1, 2, 8, 9, 3, 6, 12, 13, 14, 15 };
	const struct ct_track *t = &view->track;
	int number = kept_number(p->reg);

	row->kind = CT_SITE_VALUE_REGISTER;
	if (number >= 0 && plan->kept[number] != CT_KEPT_NOWHERE) {
		row->reg = (uint8_t) number;
		return true;
	}
	row->kind = CT_SITE_VALUE_LIVE;
	for (unsigned i = 0; i < sizeof order; i++)
		if (is_entry(&t->regs[order[i]], p->reg)) {
			row->reg = order[i];
			return true;
		}
	return false;
}

/* Says of a site what the recorder needs to know, if it can have it. */
static void add_row(const struct ct_view *view, const struct told *t, uint16_t argument, uint32_t size,
                    const struct ct_plan *plan)
{
	struct ct_values *v = view->b->values;
	const struct ct_passed *p = &t->passed;
	struct ct_index_site_value row = { .site = t->site, .plan = v->plans.count, .argument = argument,
	                                   .number = p->number };

	if (p->bytes < size || may_be_nothing(view->b, t, size))
		return;
	switch (p->kind) {
	case CT_PASSED_CONSTANT: row.kind = CT_SITE_VALUE_CONSTANT; break;
	case CT_PASSED_ADDRESS: row.kind = CT_SITE_VALUE_ADDRESS; break;
	case CT_PASSED_REGISTER:
		if (!find_register(view, plan, p, &row))
			return;
		break;
	case CT_PASSED_STACK:
		if (!has_cfa(view))
			return;
		row.kind = CT_SITE_VALUE_STACK;
		break;
	case CT_PASSED_MEMORY:
		if (!has_cfa(view) || view->track.outside || p->number < 0 || p->number >= CT_SITE_VALUE_FAR)
			return;
		row.kind = CT_SITE_VALUE_MEMORY;
		break;
	default: return;
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

bool ct_callers_tell(const struct ct_view *view, const struct ct_plan *plan, uint16_t argument, uint32_t size,
                     const struct ct_abi_place *abi, struct ct_found *found)
{
	struct ct_values *v = view->b->values;
	uint32_t body = view->hook->body, before = v->site_values.count;
	struct ct_callers *c;

	if (!is_lost(view, size, abi, found))
		return false;
	if (!v->callers)
		v->callers = begin(view->b);
	c = v->callers;
	if (leaves(c, view))
		return false;
	for (uint32_t i = first_told(c, body, abi->regs[0]);
	     i < c->told.count && c->told.items[i].callee == body && c->told.items[i].reg == abi->regs[0]; i++)
		if (i + 1 == c->told.count || by_callee(&c->told.items[i], &c->told.items[i + 1]) != 0)
			add_row(view, &c->told.items[i], argument, size, plan);
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
