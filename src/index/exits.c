/*
 * exits.c - what each exit hook stands before: a plain way to `ret`, on which the returned
 * value is put where the psABI wants it, or something that must be left alone. The recorder
 * will exchange the return address at a plain one, so nothing on the way may look at it.
 *
 * It need not where all ways do nothing but copy the value from a place that holds it already: mostly
 * so, because compilers keep it in a register that the hook does not change.
 */
#include <string.h>

#include "arch/x86_64/track.h"
#include "index/places.h"

enum { MOST_STEPS = 400, MOST_WAYS = 32 };

struct way {
	uint64_t at, written;
	struct ct_stack stack;
	struct ct_track track;
};

struct walk {
	struct ct_build *b;
	uint32_t body;
	uint64_t wanted; /* registers that return the value */
	const struct ct_plan *plan; /* of the function; NULL: nothing is known of its value */
	uint32_t size;   /* of the value, in bytes */
	bool held;       /* it is where `value` says, on the ways so far */
	struct ct_exit_value value;
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

/* Another way, from where `way` is. */
static void part(struct walk *w, uint64_t at, const struct way *way)
{
	if (w->way_count == MOST_WAYS) {
		w->lost = true;
		return;
	}
	w->ways[w->way_count] = *way;
	w->ways[w->way_count++].at = at;
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

/* Whether a jump leads to a place in the function; else what it leads to is noted. */
static bool stays(struct walk *w, const struct ct_step *step)
{
	const struct ct_span *to = step->how == CT_TARGET_ADDRESS ? ct_span_at(w->b, step->target) : NULL;

	if (to && to->body == w->body)
		return true;
	if (strcmp(callee_name(w->b, step), "_Unwind_Resume") == 0)
		w->unwinds = true;
	else
		w->lost = true;
	return false;
}

/* A copy of what the hook left in a register, as gcc -O0 makes of no value at all. */
static bool copies_nothing(const struct ct_step *step, uint64_t written)
{
	static const uint64_t kept = 1u << 3 | 1u << 6 | 1u << 7 | 0xf000u;

	return step->copied >= 0 && !((kept | written) >> step->copied & 1);
}

/* --- where the value is --- */

/* Bytes of the value's part. */
static unsigned part_size(const struct walk *w, unsigned part)
{
	uint32_t left = w->size > 8 * part ? w->size - 8 * part : 0;

	return left < 8 ? left : 8;
}

/* What is known of a register at `ret`, from its byte `from` on, as a part. False: too little. */
static bool part_of(const struct ct_tracked *t, unsigned from, unsigned size, struct ct_exit_part *out)
{
	static const uint8_t kinds[] = {
		[CT_KNOWN_ENTRY] = CT_EXIT_PART_REGISTER, [CT_KNOWN_STACK] = CT_EXIT_PART_FRAME,
		[CT_KNOWN_NUMBER] = CT_EXIT_PART_NUMBER,
	};

	if (t->known >= sizeof kinds || !kinds[t->known] || size == 0 || from + size > t->bytes)
		return false;
	if (from && t->known == CT_KNOWN_NUMBER && t->offset)
		return false;
	*out = (struct ct_exit_part){ .kind = kinds[t->known], .reg = t->reg, .size = (uint8_t) size,
		                      .offset = t->offset + (t->known == CT_KNOWN_STACK ? (int32_t) from : 0) };
	return true;
}

static bool value_at_return(const struct walk *w, const struct ct_track *track, struct ct_exit_value *out)
{
	static const struct { uint8_t reg, from; } places[] = {
		[CT_RETURN_RAX] = { 0, 0 }, [CT_RETURN_RDX] = { 1, 0 }, [CT_RETURN_XMM0] = { 17, 0 },
		[CT_RETURN_XMM1] = { 18, 0 }, [CT_RETURN_MEMORY] = { 0, 0 }, [CT_RETURN_XMM0_HIGH] = { 17, 8 },
	};

	memset(out, 0, sizeof *out);
	for (unsigned i = 0; i < 4; i++) {
		uint8_t class = w->plan->return_class[i];
		bool memory = class == CT_RETURN_MEMORY;

		if (class == CT_RETURN_NOTHING)
			continue;
		if (class == CT_RETURN_ST0 || class == CT_RETURN_ST1 || class == CT_RETURN_UNSUPPORTED
		    || !part_of(&track->regs[places[class].reg], places[class].from,
		                memory ? 8 : part_size(w, i), &out->parts[i]))
			return false;
		out->parts[i].to = class;
	}
	return true;
}

static void met_return(struct walk *w, const struct way *way)
{
	struct ct_exit_value value;

	w->empty |= (way->written & w->wanted) != w->wanted;
	if (w->held && (!way->track.valid || !value_at_return(w, &way->track, &value)
	                || (w->returns && memcmp(&value, &w->value, sizeof value) != 0)))
		w->held = false;
	if (w->held)
		w->value = value;
	w->returns = true;
}

static void one_step(struct walk *w)
{
	struct way *way = &w->ways[w->way_count - 1];
	const struct ct_span *span = ct_span_at(w->b, way->at);
	const uint8_t *bytes;
	struct ct_step step;
	bool ends = false;
	size_t left;

	bytes = span && span->body == w->body ? ct_elf_at(&w->b->elf, way->at, &left) : NULL;
	if (!bytes || !ct_decode_step(bytes, left, way->at, &way->stack, &step) || step.at_return) {
		w->lost = true;
		w->way_count--;
		return;
	}
	if (step.no_value || copies_nothing(&step, way->written))
		way->written &= ~step.writes;
	else
		way->written |= step.writes;
	way->at = step.next;
	switch (step.flow) {
	case CT_FLOW_RETURN:
		met_return(w, way);
		ends = true;
		break;
	case CT_FLOW_STOP: ends = true; break;
	case CT_FLOW_CALL: ends = !met_call(w, &step); break;
	case CT_FLOW_JUMP:
		ends = !stays(w, &step);
		way->at = step.target;
		break;
	case CT_FLOW_BRANCH:
		if (stays(w, &step))
			part(w, step.target, way);
		break;
	default:
		if (w->held && way->track.valid)
			way->track.valid = ct_track_exit_step(&way->track, bytes, left);
	}
	if (ends)
		w->way_count--;
}

static uint32_t number_of(struct ct_values *v, const struct ct_exit_value *value)
{
	bool added = false;
	uint32_t number = ct_map_add(&v->exit_map, value, sizeof *value, v->exit_values.count, &added);

	if (added)
		*ct_add(&v->exit_values) = *value;
	return number;
}

/* Walks all ways from the hook. */
static void walk(struct walk *w, const struct ct_hook *h)
{
	struct way *from = &w->ways[w->way_count++];
	struct ct_linear cfa;

	memset(from, 0, sizeof *from);
	from->at = h->address;
	if (ct_frame_at(w->b, h->call, &cfa)) {
		from->stack.rsp_known = cfa.reg == CT_REG_RSP;
		from->stack.rbp_known = cfa.reg == CT_REG_RBP;
		from->stack.rsp = from->stack.rbp = -cfa.offset;
	}
	ct_track_exit(&from->stack, &from->track);
	for (int i = 0; i < MOST_STEPS && w->way_count; i++)
		one_step(w);
}

static uint32_t size_returned(const struct ct_build *b, const struct ct_plan *plan)
{
	uint32_t type = ct_type_bare(b, plan->return_type);

	return type == CT_NONE ? 0 : b->values->types.items[type].row.size;
}

/* `plan`: of the function's body; NULL: there is none. `*value`: a number of exit_values. */
static uint8_t class_of(struct ct_build *b, const struct ct_hook *h, const struct ct_plan *plan, uint32_t *value)
{
	struct walk w;

	if (h->tail)
		return CT_EXIT_TAIL;
	if (h->depth > 0 || h->instance != CT_NONE)
		return CT_EXIT_INLINED;
	/* A piece that was split off returns to the rest of its function, who knows with what. */
	if (b->bodies.items[h->body].part || !b->bodies.items[h->body].hooked)
		return CT_EXIT_UNKNOWN;
	w.b = b;
	w.body = h->body;
	w.plan = plan;
	w.wanted = plan ? registers_of(plan) : 0;
	w.size = plan ? size_returned(b, plan) : 0;
	w.held = w.size > 0 && plan->return_fixed > 0;
	w.way_count = 0;
	w.returns = w.calls = w.unwinds = w.lost = w.empty = false;
	walk(&w, h);
	if (w.unwinds)
		return CT_EXIT_UNWINDING;
	if (w.lost || w.calls || w.way_count || !w.returns)
		return CT_EXIT_UNKNOWN;
	if (w.empty)
		return CT_EXIT_EMPTY;
	if (w.held)
		*value = number_of(b->values, &w.value);
	return CT_EXIT_PLAIN;
}

void ct_class_exits(struct ct_build *b)
{
	struct ct_values *v = b->values;
	ct_auto_free const struct ct_plan **plans = ct_calloc((size_t) b->bodies.count + 1, sizeof *plans);

	for (uint32_t i = 0; i < b->hooks.count; i++)
		if (!b->hooks.items[i].exit && b->hooks.items[i].depth == 0
		    && v->hook_plans.items[i] != CT_NONE)
			plans[b->hooks.items[i].body] = &v->plans.items[v->hook_plans.items[i]];
	for (uint32_t i = 0; i < b->hooks.count; i++)
		if (b->hooks.items[i].exit)
			v->exit_classes.items[i] =
				class_of(b, &b->hooks.items[i], plans[b->hooks.items[i].body],
				         &v->hook_plans.items[i]);
}
