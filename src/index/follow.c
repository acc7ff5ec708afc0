/*
 * follow.c - which pointers of a call's values are followed, and how far: what a parameter
 * points to, and the strings in there. First all parameters, then deeper, so that the
 * limit on their number cuts what is least wanted.
 */
#include <string.h>

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

static void value(struct ct_follow *f, uint32_t type, uint16_t base, uint32_t at, bool out);

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

/* The strings in the first elements: as many as are copied by default. */
static void element_strings(struct ct_follow *f, uint32_t type, uint32_t most, uint16_t base, uint32_t at, bool out)
{
	const struct ct_type *element = bare(f->b, type);

	if (element && element->row.size
	    && (element->row.kind == CT_TYPE_STD_STRING || element->row.kind == CT_TYPE_STD_STRING_VIEW
	        || is_string(f->b, type)))
		for (uint32_t i = 0; i < most && (i + 1) * element->row.size <= ELEMENTS; i++)
			later(f, type, base, at + i * element->row.size, out);
}

/* What lies behind the pointer at `at`, by an operation that needs what is at `extra`. */
static void elements(struct ct_follow *f, uint32_t type, uint8_t kind, uint16_t base, uint32_t at, uint32_t extra,
                     bool out)
{
	const struct ct_type *element = bare(f->b, type);
	uint16_t op;

	if (!has_contents(element) || element->row.size > CT_PLAN_VALUE_MAX)
		return;
	op = add(f, kind, base, at, extra, element->row.size, out);
	if (op)
		element_strings(f, type, UINT32_MAX, op, 0, out);
}

/* As many as the type says. */
static void fixed_elements(struct ct_follow *f, const struct ct_type *span, uint16_t base, uint32_t at, bool out)
{
	const struct ct_type *element = bare(f->b, span->row.target);
	uint64_t size = has_contents(element) ? (uint64_t) element->row.size * span->row.extra : 0;
	uint16_t op;

	if (!size)
		return;
	if (size > CT_PLAN_VALUE_MAX)
		size = CT_PLAN_VALUE_MAX;
	op = add(f, CT_OP_BYTES, base, at, 0, (uint32_t) size, out);
	if (op)
		element_strings(f, span->row.target, span->row.extra, op, 0, out);
}

/* Of the structures of libstdc++ those that lead elsewhere; false: none of these. */
static bool shape(struct ct_follow *f, const struct ct_type *t, uint16_t base, uint32_t at, bool out)
{
	const struct ct_index_member *m = &f->b->values->members.items[t->row.first].row;
	uint32_t target = t->row.target, size;

	switch (t->row.shape) {
	case CT_SHAPE_SPAN:
		out |= !ct_type_is_const(f->b, target);
		if (t->row.count == 2)
			elements(f, target, CT_OP_COUNTED, base, at, at + 8, out);
		else
			fixed_elements(f, t, base, at, out);
		return true;
	case CT_SHAPE_DEQUE: /* in the first node, and from the last one's beginning */
		elements(f, target, CT_OP_RANGE, base, at + t->row.extra, at + t->row.extra + 16, out);
		size = bare(f->b, target) ? bare(f->b, target)->row.size : 0;
		if (size && size <= CT_PLAN_VALUE_MAX)
			add(f, CT_OP_RANGE, base, at + t->row.extra + 40, at + t->row.extra + 32, size, out);
		return true;
	case CT_SHAPE_BOOLS:
		add(f, CT_OP_RANGE, base, at, at + 32, 8, out);
		return true;
	case CT_SHAPE_VALUE: /* a pointer in another dress; what an iterator leads to need not be there */
		if (!is_pointer(bare(f->b, m->type)))
			return false;
		if (strcmp(f->b->values->members.items[t->row.first].name, "_M_current") != 0
		    && strcmp(f->b->values->members.items[t->row.first].name, "_M_node") != 0)
			value(f, m->type, base, at + m->offset, out);
		return true;
	case CT_SHAPE_WEAK:
		add(f, CT_OP_BYTES, base, at + 8, 0, t->row.extra + 4, false);
		value(f, m->type, base, at, out);
		return true;
	default:
		return t->row.shape == CT_SHAPE_FUNCTION || t->row.shape == CT_SHAPE_MUTEX;
	}
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
		elements(f, t->row.target, CT_OP_RANGE, base, at, at + 8, out);
		break;
	case CT_TYPE_STRUCT: case CT_TYPE_STD_OPTIONAL: case CT_TYPE_ARRAY: later(f, type, base, at, out); break;
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
	if (t->row.kind == CT_TYPE_ARRAY) {
		element_strings(f, t->row.target, t->row.count, base, at, out);
		return;
	}
	if (t->row.kind != CT_TYPE_STRUCT) {
		if ((level == 0 && is_string(f->b, type)) || is_library(f->b, type))
			value(f, type, base, at, out);
		return;
	}
	if (t->row.shape && t->row.size + (uint64_t) at <= (base ? CT_PLAN_VALUE_MAX : CT_PLAN_FIXED_MAX)
	    && shape(f, t, base, at, out))
		return;
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
