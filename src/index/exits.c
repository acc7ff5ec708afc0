/*
 * exits.c - what each exit hook stands before: a plain way to `ret`, on which the returned
 * value is put where the psABI wants it, or something that must be left alone. The recorder
 * will exchange the return address at a plain one, so nothing on the way may look at it.
 */
#include <string.h>

#include "index/places.h"

enum { MOST_STEPS = 400, MOST_WAYS = 32 };

struct way {
	uint64_t at, written;
	struct ct_stack stack;
};

struct walk {
	struct ct_build *b;
	uint32_t body;
	uint64_t wanted; /* registers that return the value */
	struct way ways[MOST_WAYS];
	unsigned way_count;
	bool returns, calls, unwinds, lost, empty;
};

/* Which registers must be written for a value of these classes to be there. */
static uint64_t registers_of(const struct ct_plan *plan)
{
	static const uint8_t regs[] = {
		[CT_RETURN_RAX] = 0, [CT_RETURN_RDX] = 1, [CT_RETURN_XMM0] = 17, [CT_RETURN_XMM1] = 18,
		[CT_RETURN_ST0] = 33, [CT_RETURN_ST1] = 33, [CT_RETURN_MEMORY] = 0,
		[CT_RETURN_XMM0_HIGH] = 17,
	};
	uint64_t wanted = 0;

	for (int i = 0; i < 4; i++)
		if (plan->return_class[i] != CT_RETURN_NOTHING
		    && plan->return_class[i] != CT_RETURN_UNSUPPORTED)
			wanted |= 1ull << regs[plan->return_class[i]];
	return wanted;
}

/* The name of what a call reaches, or "". */
static const char *callee_name(const struct ct_build *b, const struct ct_step *step)
{
	struct { uint64_t target, how; } key = { step->target, step->how };
	const struct ct_symbol *symbol;
	uint32_t callee;

	if (!ct_map_find(&b->callee_map, &key, sizeof key, &callee))
		return "";
	if (b->callees.items[callee].name)
		return b->callees.items[callee].name;
	symbol = b->callees.items[callee].address ? ct_symbol_at(b, b->callees.items[callee].address)
	                                          : NULL;
	return symbol ? symbol->name : "";
}

static void push(struct walk *w, uint64_t at, const struct way *from)
{
	if (w->way_count == MOST_WAYS)
		w->lost = true;
	else
		w->ways[w->way_count++] = (struct way){ at, from->written, from->stack };
}

/* A call; false: it does not come back. */
static bool met_call(struct walk *w, const struct ct_step *step)
{
	const char *name = callee_name(w->b, step);

	if (strcmp(name, "__stack_chk_fail") == 0)
		return false;
	if (strcmp(name, "_Unwind_Resume") == 0 || strncmp(name, "__cxa_", 6) == 0) {
		w->unwinds = true;
		return strncmp(name, "__cxa_", 6) == 0;
	}
	w->calls = true;
	return true;
}

static void jump(struct walk *w, const struct ct_step *step, const struct way *way)
{
	const struct ct_span *to = step->how == CT_TARGET_ADDRESS ? ct_span_at(w->b, step->target) : NULL;

	if (to && to->body == w->body)
		push(w, step->target, way);
	else if (strcmp(callee_name(w->b, step), "_Unwind_Resume") == 0)
		w->unwinds = true;
	else
		w->lost = true;
}

/* A copy of what the hook left in a register, as gcc -O0 makes of no value at all. */
static bool copies_nothing(const struct ct_step *step, uint64_t written)
{
	static const uint64_t kept = 1u << 3 | 1u << 6 | 1u << 7 | 0xf000u;

	return step->copied >= 0 && !((kept | written) >> step->copied & 1);
}

static void one_step(struct walk *w)
{
	struct way way = w->ways[--w->way_count];
	const struct ct_span *span = ct_span_at(w->b, way.at);
	const uint8_t *bytes;
	struct ct_step step;
	size_t left;

	bytes = span && span->body == w->body ? ct_elf_at(&w->b->elf, way.at, &left) : NULL;
	if (!bytes || !ct_decode_step(bytes, left, way.at, &way.stack, &step)
	    || step.at_return) {
		w->lost = true;
		return;
	}
	if (step.no_value || copies_nothing(&step, way.written))
		way.written &= ~step.writes;
	else
		way.written |= step.writes;
	switch (step.flow) {
	case CT_FLOW_RETURN:
		w->returns = true;
		w->empty |= (way.written & w->wanted) != w->wanted;
		break;
	case CT_FLOW_STOP: break;
	case CT_FLOW_CALL:
		if (met_call(w, &step))
			push(w, step.next, &way);
		break;
	case CT_FLOW_JUMP: jump(w, &step, &way); break;
	case CT_FLOW_BRANCH:
		jump(w, &step, &way);
		push(w, step.next, &way);
		break;
	default: push(w, step.next, &way); break;
	}
}

static uint8_t class_of(struct ct_build *b, const struct ct_hook *h, uint64_t wanted)
{
	struct walk w = { .b = b, .body = h->body, .wanted = wanted };
	struct way from = { .at = h->address };
	struct ct_linear cfa;

	if (h->tail)
		return CT_EXIT_TAIL;
	if (h->depth > 0 || h->instance != CT_NONE)
		return CT_EXIT_INLINED;
	/* A piece that was split off returns to the rest of its function, who knows with what. */
	if (b->bodies.items[h->body].part || !b->bodies.items[h->body].hooked)
		return CT_EXIT_UNKNOWN;
	if (ct_frame_at(b, h->call, &cfa)) {
		from.stack.rsp_known = cfa.reg == CT_REG_RSP;
		from.stack.rbp_known = cfa.reg == CT_REG_RBP;
		from.stack.rsp = from.stack.rbp = -cfa.offset;
	}
	push(&w, h->address, &from);
	for (int i = 0; i < MOST_STEPS && w.way_count; i++)
		one_step(&w);
	if (w.unwinds)
		return CT_EXIT_UNWINDING;
	if (w.lost || w.calls || w.way_count || !w.returns)
		return CT_EXIT_UNKNOWN;
	return w.empty ? CT_EXIT_EMPTY : CT_EXIT_PLAIN;
}

void ct_class_exits(struct ct_build *b)
{
	struct ct_values *v = b->values;
	ct_auto_free uint64_t *wanted = ct_calloc((size_t) b->bodies.count + 1, sizeof *wanted);

	for (uint32_t i = 0; i < b->hooks.count; i++)
		if (!b->hooks.items[i].exit && b->hooks.items[i].depth == 0
		    && v->hook_plans.items[i] != CT_NONE)
			wanted[b->hooks.items[i].body] =
				registers_of(&v->plans.items[v->hook_plans.items[i]]);
	for (uint32_t i = 0; i < b->hooks.count; i++)
		if (b->hooks.items[i].exit)
			v->exit_classes.items[i] =
				class_of(b, &b->hooks.items[i], wanted[b->hooks.items[i].body]);
}
