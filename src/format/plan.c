/*
 * plan.c - checks the types and plans of an index once, so that the recorder may run a plan
 * and a reader may walk it without looking. Libc only, no allocation: also linked into the
 * traced process.
 */
#include "format/index.h"

_Static_assert(sizeof(struct ct_index_type) == 28, "on disk");
_Static_assert(sizeof(struct ct_index_member) == 16, "on disk");
_Static_assert(sizeof(struct ct_index_enumerator) == 16, "on disk");
_Static_assert(sizeof(struct ct_plan_op) == 32, "on disk");
_Static_assert(sizeof(struct ct_plan_arg) == 24, "on disk");
_Static_assert(sizeof(struct ct_plan) == 84, "on disk");
_Static_assert(sizeof(struct ct_exit_value) == 32, "on disk");

static bool row(uint32_t reference, const struct ct_table *table)
{
	return reference < table->count;
}

static bool row_or_none(uint32_t reference, const struct ct_table *table)
{
	return reference == CT_NONE || row(reference, table);
}

static bool rows(uint32_t first, uint32_t count, const struct ct_table *table)
{
	return first <= table->count && count <= table->count - first;
}

/* `size` bytes at `at` lie inside of `whole`. */
static bool inside(uint64_t at, uint64_t size, uint64_t whole)
{
	return at + size <= whole;
}

/* --- types --- */

/* What of a shape lies where it must, and its members, which are checked as all are, are as many as it has. */
static bool shape_valid(const struct ct_index *x, const struct ct_index_type *t)
{
	bool element = t->target != CT_NONE;

	switch ((enum ct_type_shape) t->shape) {
	case CT_SHAPE_NONE: case CT_SHAPE_TUPLE: return true;
	case CT_SHAPE_MUTEX: return t->size >= 4;
	case CT_SHAPE_VALUE: case CT_SHAPE_TIME: return t->count == 1;
	case CT_SHAPE_SPAN: return element && ((t->count == 2 && t->size == 16) || (t->count == 1 && t->size == 8));
	case CT_SHAPE_DEQUE: return element && x->types[t->target].size && inside(t->extra, 64, t->size);
	case CT_SHAPE_BOOLS: return t->size == 40;
	case CT_SHAPE_VARIANT: return t->count >= 2;
	case CT_SHAPE_DURATION: return t->count == 1 && t->extra < CT_UNITS;
	case CT_SHAPE_FUNCTION: return t->size == 32;
	case CT_SHAPE_BITS: return t->extra > 0 && t->extra <= 8ull * t->size;
	case CT_SHAPE_WEAK: return t->count == 2 && t->size == 16 && t->extra <= 64;
	default: return false;
	}
}

static bool type_valid(const struct ct_index *x, const struct ct_index_type *t)
{
	const struct ct_index_header *h = x->header;

	if (!row(t->name, &h->strings) || t->kind >= CT_TYPE_KINDS
	    || !row_or_none(t->target, &h->types) || (t->shape && t->kind != CT_TYPE_STRUCT))
		return false;
	switch (t->kind) {
	case CT_TYPE_SIGNED: case CT_TYPE_UNSIGNED: case CT_TYPE_FLOAT: case CT_TYPE_CHAR:
	case CT_TYPE_WIDE_CHAR: case CT_TYPE_BOOL:
		return t->size >= 1 && t->size <= 16;
	case CT_TYPE_COMPLEX:
		return t->size >= 2 && t->size <= 32;
	case CT_TYPE_POINTER: case CT_TYPE_REFERENCE:
		return t->size == 8;
	case CT_TYPE_ENUM:
		return t->size <= 16 && rows(t->first, t->count, &h->enumerators);
	case CT_TYPE_STRUCT: case CT_TYPE_UNION:
		return rows(t->first, t->count, &h->members) && shape_valid(x, t);
	case CT_TYPE_ARRAY: case CT_TYPE_VECTOR: /* the elements do not lie outside */
		return t->target != CT_NONE
		       && (uint64_t) t->count * x->types[t->target].size <= t->size;
	case CT_TYPE_STD_VECTOR: case CT_TYPE_STD_UNIQUE_PTR:
		return t->target != CT_NONE;
	case CT_TYPE_STD_SIZED:
		return inside(t->extra, 8, t->size);
	case CT_TYPE_STD_OPTIONAL:
		return t->target != CT_NONE && x->types[t->target].size <= t->extra
		       && t->extra < t->size;
	default:
		return true;
	}
}

/*
 * That what contains itself does not, by value, is not checked here: it would need memory.
 * A reader bounds its depth.
 */
static bool members_valid(const struct ct_index *x, const struct ct_index_type *t)
{
	const struct ct_index_header *h = x->header;

	if (t->kind != CT_TYPE_STRUCT && t->kind != CT_TYPE_UNION)
		return true;
	for (uint32_t i = 0; i < t->count; i++) {
		const struct ct_index_member *m = &x->members[t->first + i];
		uint64_t size;

		if (!row(m->name, &h->strings) || !row(m->type, &h->types))
			return false;
		size = m->bit_size ? ((uint64_t) m->bit_offset + m->bit_size + 7) / 8
		                   : x->types[m->type].size;
		if (m->bit_size > 128 || !inside(m->offset, size, t->size))
			return false;
	}
	return true;
}

static bool types_valid(const struct ct_index *x)
{
	const struct ct_index_header *h = x->header;

	for (uint32_t i = 0; i < h->enumerators.count; i++)
		if (!row(x->enumerators[i].name, &h->strings))
			return false;
	for (uint32_t i = 0; i < h->types.count; i++)
		if (!type_valid(x, &x->types[i]))
			return false;
	for (uint32_t i = 0; i < h->types.count; i++)
		if (!members_valid(x, &x->types[i]))
			return false;
	return true;
}

/* --- plans --- */

static bool is_general(uint8_t reg)
{
	return reg < 16 && reg != 4 && reg != 5 && reg != 10 && reg != 11;
}

static bool copies(const struct ct_plan_op *op, uint32_t fixed)
{
	if (op->size == 0 || !inside(op->at, op->size, fixed))
		return false;
	switch (op->op) {
	case CT_OP_REGISTER: /* general registers have 8 bytes, xmm 16 */
		return op->offset >= 0
		       && ((is_general(op->reg) && op->offset < 8 && op->offset + op->size <= 8)
		           || (op->reg >= 17 && op->reg <= 32 && op->offset < 16
		               && op->offset + op->size <= 16));
	case CT_OP_FRAME: /* bounded, so that no address wraps */
		return (op->reg == CT_REG_RSP || op->reg == CT_REG_RBP || op->reg == CT_REG_CFA)
		       && op->size <= CT_PLAN_VALUE_MAX && op->offset > INT32_MIN
		       && op->offset < INT32_MAX;
	case CT_OP_VALUE:
		return op->size <= 8 && (is_general(op->reg) || op->reg == CT_REG_CFA
		                         || op->reg == CT_REG_NONE);
	case CT_OP_CONSTANT:
		return op->size <= 8;
	default:
		return false;
	}
}

/* Follows a pointer that is in the fixed part, or in what an earlier one copied, but for text. */
static bool follows(const struct ct_plan_op *ops, uint32_t i, uint32_t fixed)
{
	const struct ct_plan_op *op = &ops[i];
	uint32_t whole = fixed;

	if (op->base > i || op->size > CT_PLAN_VALUE_MAX)
		return false;
	if (op->base) {
		if (ops[op->base - 1].op == CT_OP_STRING || ops[op->base - 1].op < CT_OP_STRING)
			return false;
		/* Of elements, one may be there or not. */
		whole = ops[op->base - 1].op == CT_OP_BYTES ? ops[op->base - 1].size : CT_PLAN_VALUE_MAX;
	}
	if (!inside(op->at, 8, whole))
		return false;
	switch (op->op) {
	case CT_OP_STRING:
		return true;
	case CT_OP_BYTES:
		return op->size > 0;
	case CT_OP_COUNTED: case CT_OP_RANGE:
		return op->size > 0 && inside(op->extra, 8, whole);
	default:
		return false;
	}
}

static bool ops_valid(const struct ct_index *x, uint32_t first, uint32_t count, uint32_t args,
                      uint32_t fixed, uint32_t *outs)
{
	const struct ct_plan_op *ops = x->plan_ops + first;
	uint32_t following = 0;

	*outs = 0;
	for (uint32_t i = 0; i < count; i++) {
		bool follower = ops[i].op >= CT_OP_STRING;

		following += follower;
		*outs += ops[i].flags & CT_OP_F_OUT;
		if (!(follower ? follows(ops, i, fixed) : copies(&ops[i], fixed))
		    || (!follower && ops[i].flags & CT_OP_F_OUT)
		    || (ops[i].argument != UINT16_MAX && ops[i].argument >= args))
			return false;
	}
	return following <= CT_PLAN_FOLLOW_MAX && count <= UINT16_MAX;
}

static bool arg_valid(const struct ct_index *x, const struct ct_plan_arg *a, uint32_t fixed)
{
	const struct ct_index_header *h = x->header;

	if (!row(a->name, &h->strings) || !row_or_none(a->type, &h->types) || a->how >= CT_HOWS)
		return false;
	if (a->how >= CT_HOW_UNAVAILABLE)
		return true;
	if (a->how == CT_HOW_CALLER)
		return a->size > 0 && a->size <= 8 && !(a->flags & CT_ARG_INDIRECT) && inside(a->at, 8, fixed);
	if (a->how == CT_HOW_COMPUTED)
		return a->expression < h->expressions.count && a->size <= 8
		       && inside(a->at, 8u * (uint32_t) a->words, fixed);
	return inside(a->at, a->flags & CT_ARG_INDIRECT ? 8 : a->size, fixed);
}

/* Each part has its 8 bytes of the returned value, those of the x87 registers 16. */
static bool return_valid(const struct ct_plan *p)
{
	for (uint32_t i = 0; i < 4; i++) {
		uint8_t part = p->return_class[i];
		uint32_t size = part == CT_RETURN_ST0 || part == CT_RETURN_ST1 ? 16 : 8;

		if (part > CT_RETURN_UNSUPPORTED)
			return false;
		if (part != CT_RETURN_NOTHING && part != CT_RETURN_UNSUPPORTED
		    && !inside(8u * i, size, p->return_fixed))
			return false;
	}
	return p->return_fixed <= 32 && p->return_fixed % 8 == 0;
}

static bool has_cfa(const struct ct_plan *p)
{
	return p->cfa_reg == CT_REG_RSP || p->cfa_reg == CT_REG_RBP;
}

/* Registers that were saved are below the return address, and no frame is that large. */
static bool kept_valid(const struct ct_plan *p)
{
	if (has_cfa(p) ? p->cfa_offset < -(1 << 28) || p->cfa_offset > 1 << 28 : p->cfa_reg != CT_REG_NONE)
		return false;
	for (uint32_t i = 0; i < 6; i++)
		if (p->kept[i] != CT_KEPT_REGISTER && p->kept[i] != CT_KEPT_NOWHERE
		    && (p->kept[i] > -16 || p->kept[i] < -(1 << 28) || !has_cfa(p)))
			return false;
	return true;
}

/* The number of arguments from the caller; no operation copies those. */
static bool callers_valid(const struct ct_index *x, const struct ct_plan *p)
{
	const struct ct_plan_arg *args = x->plan_args + p->args;
	uint32_t callers = 0;

	for (uint32_t i = 0; i < p->arg_count; i++)
		callers += args[i].how == CT_HOW_CALLER;
	for (uint32_t i = 0; callers && i < p->op_count; i++) {
		const struct ct_plan_op *op = &x->plan_ops[p->ops + i];

		if (op->op < CT_OP_STRING && op->argument < p->arg_count
		    && args[op->argument].how == CT_HOW_CALLER)
			return false;
	}
	return callers == p->callers && kept_valid(p);
}

static bool site_value_valid(const struct ct_index_site_value *s, const struct ct_plan *p)
{
	switch (s->kind) {
	case CT_SITE_VALUE_REGISTER: return s->reg < 6;
	case CT_SITE_VALUE_LIVE: /* not those that the hook's call changes */
		return s->reg < 16 && s->reg != 4 && s->reg != 5 && s->reg != 7 && s->reg != 10 && s->reg != 11;
	case CT_SITE_VALUE_STACK: return has_cfa(p) && s->reg == 0;
	case CT_SITE_VALUE_MEMORY:
		return has_cfa(p) && s->number >= 0 && s->number < CT_SITE_VALUE_FAR && s->reg == 0;
	default: return s->kind < CT_SITE_VALUE_KINDS && s->reg == 0;
	}
}

static bool site_values_valid(const struct ct_index *x)
{
	for (uint32_t i = 0; i < x->header->site_values.count; i++) {
		const struct ct_index_site_value *s = &x->site_values[i];
		const struct ct_plan *p;

		if (!row(s->plan, &x->header->plans))
			return false;
		p = &x->plans[s->plan];
		if (s->argument >= p->arg_count
		    || x->plan_args[p->args + s->argument].how != CT_HOW_CALLER
		    || !site_value_valid(s, p))
			return false;
		if (i > 0 && (s->site < s[-1].site
		              || (s->site == s[-1].site
		                  && (s->plan != s[-1].plan || s->argument <= s[-1].argument))))
			return false;
	}
	return true;
}

static bool exit_part_valid(const struct ct_exit_part *p)
{
	if (p->kind == CT_EXIT_PART_NONE)
		return true;
	if (p->size < 1 || p->size > 8 || p->to == CT_RETURN_NOTHING || p->to == CT_RETURN_ST0
	    || p->to == CT_RETURN_ST1 || p->to > CT_RETURN_XMM0_HIGH)
		return false;
	switch (p->kind) {
	case CT_EXIT_PART_REGISTER:
		return p->reg == 3 || p->reg == CT_REG_RBP || (p->reg >= 12 && p->reg <= 15);
	case CT_EXIT_PART_FRAME:
		return p->offset > -(1 << 28) && p->offset < 1 << 20;
	default:
		return p->kind == CT_EXIT_PART_NUMBER;
	}
}

static bool exit_values_valid(const struct ct_index *x)
{
	for (uint32_t i = 0; i < x->header->exit_values.count; i++)
		for (unsigned part = 0; part < 4; part++)
			if (!exit_part_valid(&x->exit_values[i].parts[part]))
				return false;
	return true;
}

static bool plan_valid(const struct ct_index *x, const struct ct_plan *p)
{
	const struct ct_index_header *h = x->header;
	uint32_t outs, none;

	if (!rows(p->args, p->arg_count, &h->plan_args) || !rows(p->ops, p->op_count, &h->plan_ops)
	    || !rows(p->return_ops, p->return_op_count, &h->plan_ops)
	    || !row_or_none(p->return_type, &h->types) || p->arg_count >= UINT16_MAX
	    || p->fixed > CT_PLAN_FIXED_MAX || p->fixed % 8 != 0 || !return_valid(p))
		return false;
	for (uint32_t i = 0; i < p->arg_count; i++)
		if (!arg_valid(x, &x->plan_args[p->args + i], p->fixed))
			return false;
	if (!callers_valid(x, p))
		return false;
	for (uint32_t i = 0; i < p->return_op_count; i++) /* nothing is copied: it is there */
		if (x->plan_ops[p->return_ops + i].op < CT_OP_STRING)
			return false;
	return ops_valid(x, p->ops, p->op_count, p->arg_count, p->fixed, &outs)
	       && outs == p->out_ops
	       && ops_valid(x, p->return_ops, p->return_op_count, 0, p->return_fixed, &none);
}

bool ct_index_plans_valid(const struct ct_index *x)
{
	const struct ct_index_header *h = x->header;

	if (h->expressions.count && x->expressions[h->expressions.count - 1] != 0)
		return false; /* each expression ends with a zero byte, so the table does */
	if (!types_valid(x))
		return false;
	for (uint32_t i = 0; i < h->plans.count; i++)
		if (!plan_valid(x, &x->plans[i]))
			return false;
	return site_values_valid(x) && exit_values_valid(x);
}
