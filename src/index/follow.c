/*
 * follow.c - which pointers of a call's values are followed, and how far: what a parameter
 * points to, and the strings in there. First all parameters, then deeper, so that the
 * limit on their number cuts what is least wanted.
 */
#include "index/follow.h"

enum { NESTED = 4, WIDE_CHARACTERS = 32, MEMBERS = 64, VISITED = 2000, ELEMENTS = 128 };

static const struct ct_type *bare(const struct ct_build *b, uint32_t type)
{
	type = ct_type_bare(b, type);
	return type == CT_NONE ? NULL : &b->values->types.items[type];
}

static bool is_pointer(const struct ct_type *t)
{
	return t && (t->row.kind == CT_TYPE_POINTER || t->row.kind == CT_TYPE_REFERENCE);
}

/* Whether there is something to show of what is there. */
static bool has_contents(const struct ct_type *t)
{
	return t && t->row.size
	       && !(t->row.flags & CT_TYPE_F_OPAQUE && (t->row.kind == CT_TYPE_STRUCT
	                                                || t->row.kind == CT_TYPE_UNION));
}

/* Adds an operation; returns its number from 1, or 0: there are enough. */
static uint16_t add(struct ct_follow *f, uint8_t op, uint16_t base, uint32_t at, uint32_t extra,
                    uint32_t size, bool out)
{
	struct ct_values *v = f->b->values;

	if (f->count == CT_PLAN_FOLLOW_MAX)
		return 0;
	f->count++;
	*ct_add(&v->ops) = (struct ct_plan_op){
		.op = op, .base = base, .argument = f->argument, .at = at, .extra = extra,
		.size = size, .flags = out && f->may_change ? CT_OP_F_OUT : 0,
	};
	return (uint16_t) (v->ops.count - f->first);
}

static uint32_t capped(uint32_t size)
{
	return size < CT_PLAN_VALUE_MAX ? size : CT_PLAN_VALUE_MAX;
}

/* To be looked into once all parameters have had their turn. */
static void later(struct ct_follow *f, uint32_t type, uint16_t base, uint32_t at, bool out)
{
	if (f->later_count < CT_FOLLOW_LATER)
		f->later[f->later_count++] =
			(struct ct_follow_later){ type, base, f->argument, at, out };
}

static void pointee(struct ct_follow *f, uint32_t target, uint16_t base, uint32_t at, bool out)
{
	const struct ct_type *t = bare(f->b, target);
	uint16_t op;

	out |= !ct_type_is_const(f->b, target);
	if (!t || t->row.kind == CT_TYPE_FUNCTION)
		return;
	if (t->row.kind == CT_TYPE_CHAR) {
		add(f, CT_OP_STRING, base, at, 0, 1, out);
		return;
	}
	if (!has_contents(t))
		return;
	op = add(f, CT_OP_BYTES, base, at, 0,
	         t->row.kind == CT_TYPE_WIDE_CHAR ? t->row.size * WIDE_CHARACTERS : capped(t->row.size),
	         out);
	if (op)
		later(f, target, op, 0, out);
}

static bool is_string(const struct ct_build *b, uint32_t type)
{
	const struct ct_type *t = bare(b, type), *target;

	target = is_pointer(t) ? bare(b, t->row.target) : NULL;
	return target && target->row.kind == CT_TYPE_CHAR;
}

static uint32_t character_size(const struct ct_build *b, const struct ct_type *string)
{
	const struct ct_type *t = bare(b, string->row.target);

	return t && t->row.size && t->row.size <= 4 ? t->row.size : 1;
}

/* The strings in the first elements of a vector: as many as are copied by default. */
static void elements(struct ct_follow *f, const struct ct_type *vector, uint16_t base, uint32_t at, bool out)
{
	uint32_t type = vector->row.target;
	const struct ct_type *element = bare(f->b, type);
	uint16_t op;

	if (!has_contents(element) || element->row.size > CT_PLAN_VALUE_MAX)
		return;
	op = add(f, CT_OP_RANGE, base, at, at + 8, element->row.size, out);
	if (op && (element->row.kind == CT_TYPE_STD_STRING || element->row.kind == CT_TYPE_STD_STRING_VIEW
	           || is_string(f->b, type)))
		for (uint32_t i = 0; (i + 1) * element->row.size <= ELEMENTS; i++)
			later(f, type, op, i * element->row.size, out);
}

/* A value that is there itself, `at` bytes into what `base` copied. */
static void value(struct ct_follow *f, uint32_t type, uint16_t base, uint32_t at, bool out)
{
	const struct ct_type *t = bare(f->b, type);

	if (!t || (base && (uint64_t) at + t->row.size > CT_PLAN_VALUE_MAX))
		return;
	switch (t->row.kind) {
	case CT_TYPE_POINTER: case CT_TYPE_REFERENCE: pointee(f, t->row.target, base, at, out); break;
	case CT_TYPE_STD_STRING:
		add(f, CT_OP_COUNTED, base, at, at + 8, character_size(f->b, t), out);
		break;
	case CT_TYPE_STD_STRING_VIEW:
		add(f, CT_OP_COUNTED, base, at + 8, at, character_size(f->b, t), out);
		break;
	case CT_TYPE_STD_UNIQUE_PTR: pointee(f, t->row.target, base, at, out); break;
	case CT_TYPE_STD_VECTOR:
		elements(f, t, base, at, out);
		break;
	case CT_TYPE_STRUCT: case CT_TYPE_STD_OPTIONAL: later(f, type, base, at, out); break;
	default: break;
	}
}

static bool is_library(const struct ct_build *b, uint32_t type)
{
	const struct ct_type *t = bare(b, type);

	return t && t->row.kind >= CT_TYPE_STD_STRING;
}

/* Strings and library types in a structure; other pointers in it are shown as such. */
static void members(struct ct_follow *f, uint32_t type, uint16_t base, uint32_t at, bool out, int level)
{
	const struct ct_type *t = bare(f->b, type);

	if (!t || level > NESTED || f->count == CT_PLAN_FOLLOW_MAX || at > CT_PLAN_FIXED_MAX
	    || f->visited++ > VISITED)
		return;
	if (t->row.kind == CT_TYPE_STD_OPTIONAL) {
		if (is_string(f->b, t->row.target) || is_library(f->b, t->row.target))
			value(f, t->row.target, base, at, out);
		return;
	}
	if (t->row.kind != CT_TYPE_STRUCT) {
		if ((level == 0 && is_string(f->b, type)) || is_library(f->b, type))
			value(f, type, base, at, out);
		return;
	}
	for (uint32_t i = 0; i < t->row.count && i < MEMBERS; i++) {
		const struct ct_index_member *m = &f->b->values->members.items[t->row.first + i].row;

		if (m->bit_size)
			continue;
		if (is_string(f->b, m->type) || is_library(f->b, m->type))
			value(f, m->type, base, at + m->offset, out);
		else
			members(f, m->type, base, at + m->offset, out, level + 1);
	}
}

void ct_follow_value(struct ct_follow *f, uint32_t type, uint16_t argument, uint32_t at)
{
	f->argument = argument;
	value(f, type, 0, at, false);
}

void ct_follow_counted(struct ct_follow *f, uint32_t type, uint16_t argument, uint32_t at, uint32_t count)
{
	const struct ct_type *t = bare(f->b, type);

	f->argument = argument;
	if (t)
		add(f, CT_OP_COUNTED, 0, at, count, 1, !ct_type_is_const(f->b, t->row.target));
}

void ct_follow_indirect(struct ct_follow *f, uint32_t type, uint16_t argument, uint32_t at)
{
	const struct ct_type *t = bare(f->b, type);
	uint16_t op;

	f->argument = argument;
	op = t && t->row.size ? add(f, CT_OP_BYTES, 0, at, 0, capped(t->row.size), false) : 0;
	if (op)
		later(f, type, op, 0, false);
}

void ct_follow_deeper(struct ct_follow *f)
{
	for (unsigned i = 0; i < f->later_count; i++) {
		const struct ct_follow_later *l = &f->later[i];

		f->argument = l->argument;
		members(f, l->type, l->base, l->at, l->out, 0);
	}
}
