/*
 * settle_types.c - damaged debug information has members outside of their structure and
 * arrays larger than themselves. Such is left out here, once, so that nobody behind has to
 * ask; what remains is what ct_index_open() will take.
 */
#include "index/values.h"

static uint32_t size_of(const struct ct_values *v, uint32_t type)
{
	return v->types.items[type].row.size;
}

static void settle_members(struct ct_values *v, struct ct_index_type *row)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < row->count; i++) {
		struct ct_type_member *m = &v->members.items[row->first + i];
		uint64_t size = m->row.type == CT_NONE ? UINT32_MAX
		                : m->row.bit_size ? (m->row.bit_offset + m->row.bit_size + 7u) / 8
		                                  : size_of(v, m->row.type);

		if (m->row.type != CT_NONE && m->row.offset + size <= row->size)
			v->members.items[row->first + kept++] = *m;
	}
	row->count = kept;
}

static bool is_sound(const struct ct_values *v, const struct ct_index_type *row)
{
	switch (row->kind) {
	case CT_TYPE_SIGNED: case CT_TYPE_UNSIGNED: case CT_TYPE_FLOAT: case CT_TYPE_CHAR:
	case CT_TYPE_WIDE_CHAR: case CT_TYPE_BOOL:
		return row->size >= 1 && row->size <= 16;
	case CT_TYPE_COMPLEX: return row->size >= 2 && row->size <= 32;
	case CT_TYPE_ENUM: return row->size <= 16;
	case CT_TYPE_ARRAY: case CT_TYPE_VECTOR:
		return row->target != CT_NONE && (uint64_t) row->count * size_of(v, row->target) <= row->size;
	case CT_TYPE_STD_VECTOR: case CT_TYPE_STD_UNIQUE_PTR: return row->target != CT_NONE;
	case CT_TYPE_STD_SIZED: return row->size >= 8 && row->extra <= row->size - 8;
	case CT_TYPE_STD_OPTIONAL:
		return row->target != CT_NONE && size_of(v, row->target) <= row->extra && row->extra < row->size;
	default: return true;
	}
}

/* One whose members were left out has no shape either. */
static void settle_shape(const struct ct_values *v, struct ct_index_type *row, uint32_t members)
{
	bool lost = row->count != members || (row->flags & CT_TYPE_F_OPAQUE);

	if (row->shape == CT_SHAPE_SPAN || row->shape == CT_SHAPE_DEQUE)
		lost |= row->target == CT_NONE || !size_of(v, row->target);
	if (!lost)
		return;
	row->shape = CT_SHAPE_NONE;
	row->target = CT_NONE;
}

void ct_types_settle(struct ct_build *b)
{
	struct ct_values *v = b->values;

	for (uint32_t i = 0; i < v->types.count; i++) {
		struct ct_index_type *row = &v->types.items[i].row;

		if (!is_sound(v, row)) {
			row->kind = CT_TYPE_UNKNOWN;
			row->target = CT_NONE;
		}
		uint32_t members = row->count;

		if (row->kind == CT_TYPE_STRUCT || row->kind == CT_TYPE_UNION)
			settle_members(v, row);
		if (row->shape)
			settle_shape(v, row, members);
	}
}
