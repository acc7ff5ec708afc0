/* padding.c - which bytes of a structure are none of its members': they mean nothing, and compilers do not pass them. */
#include "index/build.h"
#include "index/values.h"

enum { DEEPEST = 16 };

static bool holds(const struct ct_build *b, uint32_t type, uint64_t at, uint64_t end, int level);

/* Of bytes [at, end) of the whole, those that are the member's. */
static bool member_holds(const struct ct_build *b, const struct ct_index_member *m, uint64_t at, uint64_t end, int level)
{
	uint32_t bare = ct_type_bare(b, m->type);
	uint64_t low = m->offset, high;

	if (bare == CT_NONE)
		return true;
	if (m->bit_size) {
		low += m->bit_offset / 8;
		high = m->offset + (m->bit_offset + m->bit_size + 7u) / 8;
		return at < high && low < end;
	}
	high = low + b->values->types.items[bare].row.size;
	at = at > low ? at : low;
	end = end < high ? end : high;
	return at < end && holds(b, bare, at - low, end - low, level);
}

static bool holds(const struct ct_build *b, uint32_t type, uint64_t at, uint64_t end, int level)
{
	uint32_t bare = ct_type_bare(b, type);
	const struct ct_index_type *row;
	uint64_t size;

	if (bare == CT_NONE || level > DEEPEST)
		return true;
	row = &b->values->types.items[bare].row;
	switch (row->kind) {
	case CT_TYPE_STRUCT: case CT_TYPE_UNION:
		/* Not all of its members are listed: a pointer to virtual functions is none. */
		if (row->flags & (CT_TYPE_F_OPAQUE | CT_TYPE_F_BY_MEMORY) || row->shape || row->size == 0)
			return true;
		for (uint32_t i = 0; i < row->count; i++)
			if (member_holds(b, &b->values->members.items[row->first + i].row, at, end, level + 1))
				return true;
		return false;
	case CT_TYPE_ARRAY:
		bare = ct_type_bare(b, row->target);
		size = bare == CT_NONE ? 0 : b->values->types.items[bare].row.size;
		if (size == 0 || at % size + (end - at) > size)
			return true;
		return holds(b, bare, at % size, at % size + (end - at), level + 1);
	default:
		return true;
	}
}

bool ct_is_padding(const struct ct_build *b, uint32_t type, uint64_t at, uint64_t size)
{
	return !holds(b, type, at, at + size, 0);
}
