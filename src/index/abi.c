/*
 * abi.c - how the psABI (3.2.3) passes and returns values, from their types. Where it could
 * go wrong (vectors wider than 16 bytes, what is declared only), it says UNSUPPORTED.
 */
#include <dwarf.h>
#include <string.h>

#include "index/values.h"

#define DEEPEST 16

static const uint8_t general_order[] = { 5, 4, 1, 2, 8, 9 }; /* rdi, rsi, rdx, rcx, r8, r9 */

static const struct ct_type *bare(const struct ct_build *b, uint32_t type)
{
	type = ct_type_bare(b, type);
	return type == CT_NONE ? NULL : &b->values->types.items[type];
}

/* --- classes --- */

static uint8_t merged(uint8_t x, uint8_t y)
{
	if (x == y || y == CT_CLASS_NONE)
		return x;
	if (x == CT_CLASS_NONE)
		return y;
	if (x == CT_CLASS_UNSUPPORTED || y == CT_CLASS_UNSUPPORTED)
		return CT_CLASS_UNSUPPORTED;
	if (x == CT_CLASS_MEMORY || y == CT_CLASS_MEMORY)
		return CT_CLASS_MEMORY;
	if (x == CT_CLASS_INTEGER || y == CT_CLASS_INTEGER)
		return CT_CLASS_INTEGER;
	if ((x >= CT_CLASS_X87 && x <= CT_CLASS_COMPLEX_X87)
	    || (y >= CT_CLASS_X87 && y <= CT_CLASS_COMPLEX_X87))
		return CT_CLASS_MEMORY;
	return CT_CLASS_SSE;
}

static void put(uint8_t class[2], uint64_t offset, uint8_t what)
{
	if (offset / 8 < 2)
		class[offset / 8] = merged(class[offset / 8], what);
	else
		class[0] = class[1] = CT_CLASS_MEMORY;
}

static void put_both(uint8_t class[2], uint64_t offset, uint8_t low, uint8_t high)
{
	put(class, offset, low);
	put(class, offset + 8, high);
}

static uint64_t alignment_of(const struct ct_build *b, uint32_t type, int level)
{
	const struct ct_type *t = bare(b, type);
	uint64_t most = 1;

	if (!t || level > DEEPEST)
		return 1;
	switch (t->row.kind) {
	case CT_TYPE_STRUCT: case CT_TYPE_UNION:
		for (uint32_t i = 0; i < t->row.count; i++) {
			uint32_t member = b->values->members.items[t->row.first + i].row.type;
			uint64_t own = alignment_of(b, member, level + 1);

			most = own > most ? own : most;
		}
		return most;
	case CT_TYPE_ARRAY: return alignment_of(b, t->row.target, level + 1);
	case CT_TYPE_COMPLEX: return t->row.size / 2;
	default: break;
	}
	return t->row.kind >= CT_TYPE_STD_STRING || t->row.kind == CT_TYPE_METHOD_POINTER ? 8
	       : t->row.size && t->row.size <= 64 && !(t->row.size & (t->row.size - 1)) ? t->row.size : 1;
}

static void classify(const struct ct_build *b, uint32_t type, uint64_t offset, int level,
                     uint8_t class[2]);

static void classify_members(const struct ct_build *b, const struct ct_type *t, uint64_t offset,
                             int level, uint8_t class[2])
{
	for (uint32_t i = 0; i < t->row.count; i++) {
		const struct ct_index_member *m = &b->values->members.items[t->row.first + i].row;

		if (m->bit_size) {
			uint64_t first = (offset + m->offset) * 8 + m->bit_offset;

			put(class, first / 8, CT_CLASS_INTEGER);
			put(class, (first + m->bit_size - 1) / 8, CT_CLASS_INTEGER);
		} else {
			classify(b, m->type, offset + m->offset, level + 1, class);
		}
	}
}

static void classify_float(const struct ct_type *t, uint64_t offset, uint8_t class[2])
{
	if (t->row.size <= 8)
		put(class, offset, CT_CLASS_SSE);
	else if (t->row.flags & CT_TYPE_F_QUAD)
		put_both(class, offset, CT_CLASS_SSE, CT_CLASS_SSE_UP);
	else
		put_both(class, offset, CT_CLASS_X87, CT_CLASS_X87_UP);
}

static void classify_complex(const struct ct_type *t, uint64_t offset, uint8_t class[2])
{
	if (t->row.size <= 16) {
		put(class, offset, CT_CLASS_SSE);
		put(class, offset + t->row.size / 2, CT_CLASS_SSE);
	} else if (offset == 0 && !strstr(t->name, "128")) {
		class[0] = class[1] = CT_CLASS_COMPLEX_X87;
	} else {
		class[0] = class[1] = CT_CLASS_MEMORY;
	}
}

static void classify_vector(const struct ct_type *t, uint64_t offset, uint8_t class[2])
{
	if (t->row.count == 1) /* compilers differ */
		class[0] = class[1] = CT_CLASS_UNSUPPORTED;
	else if (t->row.size == 8)
		put(class, offset, CT_CLASS_SSE);
	else if (t->row.size == 16)
		put_both(class, offset, CT_CLASS_SSE, CT_CLASS_SSE_UP);
	else
		class[0] = class[1] = CT_CLASS_UNSUPPORTED;
}

static void classify(const struct ct_build *b, uint32_t type, uint64_t offset, int level,
                     uint8_t class[2])
{
	const struct ct_type *t = bare(b, type);

	if (!t || level > DEEPEST) {
		class[0] = class[1] = CT_CLASS_UNSUPPORTED;
		return;
	}
	if (!t->row.size) /* of nothing there is nothing to pass */
		return;
	if (offset % alignment_of(b, type, 0) != 0) { /* packed */
		class[0] = class[1] = CT_CLASS_MEMORY;
		return;
	}
	switch (t->row.kind) {
	case CT_TYPE_SIGNED: case CT_TYPE_UNSIGNED: case CT_TYPE_CHAR: case CT_TYPE_WIDE_CHAR:
	case CT_TYPE_BOOL: case CT_TYPE_ENUM: case CT_TYPE_POINTER: case CT_TYPE_REFERENCE:
	case CT_TYPE_MEMBER_POINTER: case CT_TYPE_METHOD_POINTER:
		put(class, offset, CT_CLASS_INTEGER);
		if (t->row.size > 8)
			put(class, offset + 8, CT_CLASS_INTEGER);
		break;
	case CT_TYPE_FLOAT: classify_float(t, offset, class); break;
	case CT_TYPE_COMPLEX: classify_complex(t, offset, class); break;
	case CT_TYPE_VECTOR: classify_vector(t, offset, class); break;
	case CT_TYPE_STRUCT: case CT_TYPE_UNION:
		if (t->row.flags & CT_TYPE_F_OPAQUE)
			class[0] = class[1] = CT_CLASS_UNSUPPORTED;
		else
			classify_members(b, t, offset, level, class);
		break;
	case CT_TYPE_ARRAY:
		for (uint32_t i = 0; i < t->row.count && i < 16; i++)
			classify(b, t->row.target,
			         offset + i * (uint64_t) (t->row.size / t->row.count), level + 1, class);
		break;
	case CT_TYPE_STD_STRING_VIEW: put_both(class, offset, CT_CLASS_INTEGER, CT_CLASS_INTEGER); break;
	case CT_TYPE_STD_STRING: case CT_TYPE_STD_VECTOR: case CT_TYPE_STD_UNIQUE_PTR: case CT_TYPE_STD_SIZED:
		class[0] = class[1] = CT_CLASS_MEMORY;
		break;
	case CT_TYPE_STD_OPTIONAL:
		classify(b, t->row.target, offset, level + 1, class);
		put(class, offset + t->row.extra, CT_CLASS_INTEGER);
		break;
	default: class[0] = class[1] = CT_CLASS_UNSUPPORTED; break;
	}
}

/* A structure that has a wide vector in it is passed in a wide register. */
static bool has_wide_vector(const struct ct_build *b, uint32_t type, int level)
{
	const struct ct_type *t = bare(b, type);

	if (!t || level > DEEPEST)
		return false;
	if (t->row.kind == CT_TYPE_VECTOR)
		return t->row.size > 16;
	if (t->row.kind == CT_TYPE_ARRAY)
		return has_wide_vector(b, t->row.target, level + 1);
	if (t->row.kind == CT_TYPE_STRUCT || t->row.kind == CT_TYPE_UNION)
		for (uint32_t i = 0; i < t->row.count; i++)
			if (has_wide_vector(b, b->values->members.items[t->row.first + i].row.type,
			                    level + 1))
				return true;
	return false;
}

void ct_abi_classify(const struct ct_build *b, uint32_t type, uint8_t class[2])
{
	const struct ct_type *t = bare(b, type);

	class[0] = class[1] = CT_CLASS_NONE;
	if (!t || t->unsure || (!t->row.size && t->row.kind == CT_TYPE_ENUM)
	    || (t->row.flags & CT_TYPE_F_OPAQUE && t->row.kind != CT_TYPE_ENUM && !t->row.size))
		class[0] = CT_CLASS_UNSUPPORTED;
	else if (t->row.flags & CT_TYPE_F_BY_MEMORY)
		class[0] = CT_CLASS_MEMORY;
	else if (t->row.size > 16 && t->row.kind == CT_TYPE_UNKNOWN)
		class[0] = CT_CLASS_UNSUPPORTED;
	else if (t->row.size > 16 && t->row.kind != CT_TYPE_COMPLEX && t->row.kind != CT_TYPE_VECTOR)
		class[0] = has_wide_vector(b, type, 0) ? CT_CLASS_UNSUPPORTED : CT_CLASS_MEMORY;
	else
		classify(b, type, 0, 0, class);
	for (int i = 0; i < 2; i++)
		if (class[i] >= CT_CLASS_MEMORY)
			class[0] = class[1] = merged(class[0], class[i]);
	if (class[1] == CT_CLASS_X87_UP && class[0] != CT_CLASS_X87)
		class[0] = class[1] = CT_CLASS_MEMORY;
	if (class[1] == CT_CLASS_SSE_UP && class[0] != CT_CLASS_SSE)
		class[1] = CT_CLASS_SSE;
}

/* --- returned values --- */

static void return_registers(const uint8_t class[2], struct ct_plan *plan)
{
	unsigned general = 0, vector = 0;

	for (unsigned i = 0; i < 2; i++)
		switch (class[i]) {
		case CT_CLASS_INTEGER: plan->return_class[i] = (uint8_t) (CT_RETURN_RAX + general++); break;
		case CT_CLASS_SSE: plan->return_class[i] = (uint8_t) (CT_RETURN_XMM0 + vector++); break;
		case CT_CLASS_SSE_UP: plan->return_class[i] = CT_RETURN_XMM0_HIGH; break;
		case CT_CLASS_X87: plan->return_class[i] = CT_RETURN_ST0; break;
		default: break;
		}
}

void ct_abi_return(const struct ct_build *b, uint32_t type, struct ct_plan *plan)
{
	const struct ct_type *t = bare(b, type);
	uint8_t class[2];

	memset(plan->return_class, CT_RETURN_NOTHING, sizeof plan->return_class);
	plan->return_fixed = 0;
	if (!t)
		return;
	ct_abi_classify(b, type, class);
	plan->return_fixed = (t->row.size + 7u) & ~7u;
	switch (class[0]) {
	case CT_CLASS_MEMORY:
		plan->return_fixed = 8;
		plan->return_class[0] = CT_RETURN_MEMORY;
		break;
	case CT_CLASS_UNSUPPORTED:
		plan->return_fixed = 0;
		plan->return_class[0] = CT_RETURN_UNSUPPORTED;
		break;
	case CT_CLASS_COMPLEX_X87:
		plan->return_class[0] = CT_RETURN_ST0;
		plan->return_class[2] = CT_RETURN_ST1;
		break;
	default: return_registers(class, plan);
	}
}

/* --- parameters --- */

void ct_abi_begin(const struct ct_build *b, uint32_t return_type, struct ct_abi *abi)
{
	uint8_t class[2];

	*abi = (struct ct_abi){0};
	if (!bare(b, return_type))
		return;
	ct_abi_classify(b, return_type, class);
	abi->general = class[0] == CT_CLASS_MEMORY; /* where to put it */
	abi->lost = class[0] == CT_CLASS_UNSUPPORTED;
}

/* Whether the source may ask for an alignment of this type, of a member or of a typedef on the way. */
static bool is_aligned(const struct ct_build *b, uint32_t type, int level)
{
	const struct ct_type *t;
	Dwarf_Die die, child;

	for (int i = 0; type != CT_NONE; i++) {
		t = &b->values->types.items[type];
		die = t->die;
		if (i > DEEPEST || level > DEEPEST || dwarf_hasattr(&die, DW_AT_alignment))
			return true;
		if (t->row.kind != CT_TYPE_ALIAS && t->row.kind != CT_TYPE_ARRAY)
			break;
		type = t->row.target;
	}
	if (type == CT_NONE || (t->row.kind != CT_TYPE_STRUCT && t->row.kind != CT_TYPE_UNION))
		return false;
	if (dwarf_child(&die, &child) == 0)
		do {
			if (dwarf_tag(&child) == DW_TAG_member && dwarf_hasattr(&child, DW_AT_alignment))
				return true;
		} while (dwarf_siblingof(&child, &child) == 0);
	for (uint32_t i = 0; i < t->row.count; i++)
		if (is_aligned(b, b->values->members.items[t->row.first + i].row.type, level + 1))
			return true;
	return false;
}

/* clang 14 says so in DWARF 5 only. */
static bool may_be_aligned(const struct ct_build *b, uint32_t type)
{
	const struct ct_type *t = bare(b, type);
	Dwarf_Half version = 0;

	if (alignment_of(b, type, 0) >= 16)
		return false; /* it is anyway */
	if (dwarf_cu_info(t->die.cu, &version, NULL, NULL, NULL, NULL, NULL, NULL) != 0)
		return true;
	return is_aligned(b, type, 0)
	       || (version < 5 && (t->row.kind == CT_TYPE_STRUCT || t->row.kind == CT_TYPE_UNION));
}

static struct ct_abi_place on_stack(uint64_t alignment, uint32_t size, struct ct_abi *abi)
{
	struct ct_abi_place place = { .known = true };

	if (alignment >= 16)
		abi->stack = (abi->stack + 15) & ~15;
	place.offset = abi->stack;
	abi->stack += (int32_t) ((size + 7) & ~7u);
	return place;
}

struct ct_abi_place ct_abi_next(const struct ct_build *b, uint32_t type, struct ct_abi *abi)
{
	const struct ct_type *t = bare(b, type);
	unsigned general = 0, vector = 0;
	struct ct_abi_place place = { .known = true };
	uint8_t class[2];

	if (!t || abi->lost)
		return (struct ct_abi_place){0};
	ct_abi_classify(b, type, class);
	if (class[0] == CT_CLASS_UNSUPPORTED) {
		abi->lost = true;
		return (struct ct_abi_place){0};
	}
	if (class[0] == CT_CLASS_MEMORY && t->row.flags & CT_TYPE_F_BY_MEMORY) {
		class[0] = CT_CLASS_INTEGER;
		class[1] = CT_CLASS_NONE;
		place.reference = true;
	}
	for (int i = 0; i < 2; i++) {
		general += class[i] == CT_CLASS_INTEGER;
		vector += class[i] == CT_CLASS_SSE;
	}
	if (abi->general + general > 6 || abi->vector + vector > 8 || general + vector == 0) {
		if (class[0] == CT_CLASS_NONE) /* empty: it is nowhere */
			return (struct ct_abi_place){0};
		bool reference = place.reference;

		/* clang 14 splits an __int128 for which one register is left, and does not align it. */
		if (!reference && class[0] == CT_CLASS_INTEGER && class[1] == CT_CLASS_INTEGER
		    && alignment_of(b, type, 0) == 16) {
			abi->lost = true;
			return (struct ct_abi_place){0};
		}

		if (!reference && t->row.size % 16 == 0 && may_be_aligned(b, type))
			abi->stack_lost = true;
		if (abi->stack_lost)
			return (struct ct_abi_place){0};
		place = reference ? on_stack(8, 8, abi) : on_stack(alignment_of(b, type, 0), t->row.size, abi);
		place.reference = reference;
		return place;
	}
	for (int i = 0; i < 2; i++) {
		if (class[i] == CT_CLASS_INTEGER)
			place.regs[place.count++] = general_order[abi->general++];
		else if (class[i] == CT_CLASS_SSE)
			place.regs[place.count++] = (uint8_t) (17 + abi->vector++);
	}
	return place;
}
