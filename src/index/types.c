/*
 * types.c - DIEs of types become rows, breadth first from the types of parameters and
 * returned values. Contents of what is more than CT_LEVEL_CONTENTS pointers away are left
 * out: no plan copies them, and C++ would bring half its library along.
 */
#include <dwarf.h>
#include <string.h>

#include "index/values.h"

#define DEEPEST 32
#define MOST_DIMENSIONS 8

static const char *name_of(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr_integrate(die, DW_AT_name, &attribute));
}

static bool flag(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	bool value = false;

	return dwarf_formflag(dwarf_attr_integrate(die, name, &attribute), &value) == 0 && value;
}

static bool number(Dwarf_Die *die, unsigned name, uint64_t *value)
{
	Dwarf_Attribute attribute;
	Dwarf_Word word;

	if (dwarf_formudata(dwarf_attr_integrate(die, name, &attribute), &word) != 0)
		return false;
	*value = word;
	return true;
}

/* --- DIEs --- */

/* A type unit's type is declared with its signature where it is used. */
static void follow_signature(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Die target;

	if (dwarf_attr(die, DW_AT_signature, &attribute) && dwarf_formref_die(&attribute, &target))
		*die = target;
}

bool ct_die_type(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attribute;

	if (!dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attribute), type))
		return false;
	follow_signature(type);
	return true;
}

static bool dimension_of(Dwarf_Die *die, unsigned dimension, uint32_t *count);

static bool array_size(Dwarf_Die *die, int level, uint64_t *size);

/* libdw's own follows types that go round in a circle for ever. */
static bool die_size(Dwarf_Die *die, int level, uint64_t *size)
{
	Dwarf_Die next;

	if (level > DEEPEST)
		return false;
	if (number(die, DW_AT_byte_size, size))
		return true;
	*size = 8;
	switch (dwarf_tag(die)) {
	case DW_TAG_typedef: case DW_TAG_const_type: case DW_TAG_volatile_type: case DW_TAG_restrict_type:
	case DW_TAG_atomic_type: case DW_TAG_enumeration_type:
		return ct_die_type(die, &next) && die_size(&next, level + 1, size);
	case DW_TAG_pointer_type: case DW_TAG_reference_type: case DW_TAG_rvalue_reference_type:
		return true;
	case DW_TAG_ptr_to_member_type:
		*size = ct_die_type(die, &next) && dwarf_tag(&next) == DW_TAG_subroutine_type ? 16 : 8;
		return true;
	case DW_TAG_array_type:
		return array_size(die, level, size);
	default:
		return false;
	}
}

static bool array_size(Dwarf_Die *die, int level, uint64_t *size)
{
	uint32_t count;
	Dwarf_Die element;

	if (!ct_die_type(die, &element) || !die_size(&element, level + 1, size))
		return false;
	for (unsigned d = 0; d < MOST_DIMENSIONS && *size <= UINT32_MAX && dimension_of(die, d, &count); d++)
		*size *= count;
	return true;
}

bool ct_die_size(const Dwarf_Die *die, uint64_t *size)
{
	Dwarf_Die copy = *die;

	return die_size(&copy, 0, size);
}

static uint32_t size_of(Dwarf_Die *die)
{
	uint64_t size;

	if (!ct_die_size(die, &size) || size > UINT32_MAX)
		return 0;
	return (uint32_t) size;
}

/* --- rows --- */

static void want(struct ct_values *v, uint32_t type, unsigned level)
{
	if (level >= CT_LEVELS)
		level = CT_LEVELS - 1;
	v->types.items[type].level = (uint8_t) level;
	*ct_add(&v->waiting[level]) = type;
}

static uint32_t add_row(struct ct_build *b, Dwarf_Die *die, unsigned dimension, unsigned level)
{
	struct { const void *die; uint64_t dimension; } key = { die->addr, dimension };
	struct ct_values *v = b->values;
	bool added;
	uint32_t type = ct_map_add(&v->type_map, &key, sizeof key, v->types.count, &added);

	if (added) {
		ct_append(&v->types);
		v->types.items[type].die = *die;
		v->types.items[type].dimension = (uint8_t) dimension;
		v->types.items[type].row.target = CT_NONE;
		want(v, type, level);
	} else if (level < v->types.items[type].level) {
		want(v, type, level);
	}
	return type;
}

uint32_t ct_type_add(struct ct_build *b, Dwarf_Die *die, unsigned level)
{
	Dwarf_Die definition;

	if (!die)
		return CT_NONE;
	if (dwarf_hasattr(die, DW_AT_declaration) && ct_definition_of(b, die, &definition))
		return add_row(b, &definition, 0, level);
	return add_row(b, die, 0, level);
}

uint32_t ct_type_of(struct ct_build *b, Dwarf_Die *die, unsigned level)
{
	Dwarf_Die type;

	return ct_die_type(die, &type) ? ct_type_add(b, &type, level) : CT_NONE;
}

uint32_t ct_type_bare(const struct ct_build *b, uint32_t type)
{
	for (int i = 0; i < DEEPEST && type != CT_NONE; i++) {
		const struct ct_index_type *row = &b->values->types.items[type].row;

		if (row->kind != CT_TYPE_ALIAS)
			return type;
		type = row->target;
	}
	return CT_NONE;
}

bool ct_is_by_memory(const struct ct_build *b, uint32_t type)
{
	uint32_t bare = ct_type_bare(b, type);

	return bare != CT_NONE && b->values->types.items[bare].row.flags & CT_TYPE_F_BY_MEMORY;
}

bool ct_type_is_const(const struct ct_build *b, uint32_t type)
{
	for (int i = 0; i < DEEPEST && type != CT_NONE; i++) {
		const struct ct_index_type *row = &b->values->types.items[type].row;

		if (row->kind != CT_TYPE_ALIAS)
			return false;
		if (row->flags & CT_TYPE_F_CONST)
			return true;
		type = row->target;
	}
	return false;
}

/* --- base types --- */

static uint8_t base_kind(Dwarf_Die *die, const char *name, uint8_t *flags)
{
	uint64_t encoding = 0;

	number(die, DW_AT_encoding, &encoding);
	switch (encoding) {
	case DW_ATE_boolean: return CT_TYPE_BOOL;
	case DW_ATE_signed: return strcmp(name, "wchar_t") ? CT_TYPE_SIGNED : CT_TYPE_WIDE_CHAR;
	case DW_ATE_unsigned: return strcmp(name, "wchar_t") ? CT_TYPE_UNSIGNED : CT_TYPE_WIDE_CHAR;
	case DW_ATE_signed_char:
	case DW_ATE_unsigned_char: return CT_TYPE_CHAR;
	case DW_ATE_UTF: return size_of(die) == 1 ? CT_TYPE_CHAR : CT_TYPE_WIDE_CHAR;
	case DW_ATE_complex_float: return CT_TYPE_COMPLEX;
	case DW_ATE_float:
		if (!strcmp(name, "__float128") || !strcmp(name, "_Float128"))
			*flags |= CT_TYPE_F_QUAD;
		return CT_TYPE_FLOAT;
	default: return CT_TYPE_UNKNOWN;
	}
}

static void fill_base(struct ct_build *b, struct ct_type *t)
{
	const char *name = name_of(&t->die);

	(void) b;
	t->row.kind = base_kind(&t->die, name ? name : "", &t->row.flags);
	if (!t->row.size || t->row.size > 16)
		t->row.kind = t->row.kind == CT_TYPE_COMPLEX && t->row.size <= 32 ? CT_TYPE_COMPLEX
		                                                                : CT_TYPE_UNKNOWN;
}

/* --- enumerations --- */

static uint64_t enumerator_value(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Word word = 0;
	Dwarf_Sword sword = 0;

	if (!dwarf_attr(die, DW_AT_const_value, &attribute))
		return 0;
	if (dwarf_whatform(&attribute) == DW_FORM_sdata
	    || dwarf_whatform(&attribute) == DW_FORM_implicit_const) {
		dwarf_formsdata(&attribute, &sword);
		return (uint64_t) sword;
	}
	dwarf_formudata(&attribute, &word);
	return word;
}

/*
 * A set of flags: several single bits, and nothing but zero and their combinations beside
 * them; and not just 0, 1, 2 or 1, 2, 3, 4, …: things that were counted.
 */
static bool is_flag_set(const struct ct_type_enumerator *e, uint32_t count)
{
	uint64_t bits = 0, most = 0;
	uint32_t singles = 0, others = 0;

	for (uint32_t i = 0; i < count; i++)
		if (e[i].value && !(e[i].value & (e[i].value - 1))) {
			singles += !(bits & e[i].value);
			bits |= e[i].value;
		}
	for (uint32_t i = 0; i < count; i++) {
		if (e[i].value & ~bits)
			return false;
		others += e[i].value != 0;
		most = e[i].value > most ? e[i].value : most;
	}
	return singles >= 2 && (most > others ? bits >= 4 : count == 2);
}

static void fill_enum(struct ct_build *b, uint32_t type)
{
	struct ct_values *v = b->values;
	struct ct_type *t = &v->types.items[type];
	uint32_t first = v->enumerators.count, target;
	Dwarf_Die child;

	t->row.kind = CT_TYPE_ENUM;
	if (t->level > CT_LEVEL_CONTENTS)
		t->row.flags |= CT_TYPE_F_OPAQUE;
	else if (dwarf_child(&t->die, &child) == 0)
		do {
			const char *name = name_of(&child);

			if (dwarf_tag(&child) != DW_TAG_enumerator || !name)
				continue;
			*ct_add(&v->enumerators) =
				(struct ct_type_enumerator){ enumerator_value(&child), name };
		} while (dwarf_siblingof(&child, &child) == 0);
	t->row.first = first;
	t->row.count = v->enumerators.count - first;
	if (t->row.count && is_flag_set(v->enumerators.items + first, t->row.count))
		t->row.flags |= CT_TYPE_F_FLAGS;
	target = ct_type_of(b, &t->die, t->level);
	v->types.items[type].row.target = target;
}

/* --- structures --- */

/* A member's bits, from either way of saying where they are. False: no bit field. */
static bool bit_field(Dwarf_Die *die, uint32_t storage, struct ct_index_member *m)
{
	uint64_t bits, at, from_top, own = storage;

	if (!number(die, DW_AT_bit_size, &bits) || bits == 0 || bits > 128)
		return false;
	number(die, DW_AT_byte_size, &own);
	if (own > 16)
		return false;
	if (number(die, DW_AT_data_bit_offset, &at)) {
		m->offset = (uint32_t) (at / 8);
		if (own && at / (own * 8) == (at + bits - 1) / (own * 8))
			m->offset = (uint32_t) (at / (own * 8) * own);
	} else {
		if (!number(die, DW_AT_bit_offset, &from_top))
			from_top = own * 8 - bits; /* DWARF 2 for little-endian: at the beginning */
		at = m->offset * 8ull + own * 8 - from_top - bits;
	}
	if (at - m->offset * 8ull > 127)
		m->offset = (uint32_t) (at / 8);
	m->bit_offset = (uint8_t) (at - m->offset * 8ull);
	m->bit_size = (uint8_t) bits;
	return true;
}

/* Where a member is; false: not known before the program runs, or not in the object at all. */
static bool place_member(Dwarf_Die *die, struct ct_index_member *m)
{
	Dwarf_Attribute attribute;
	uint64_t offset = 0;

	if (flag(die, DW_AT_external) || flag(die, DW_AT_declaration) || flag(die, DW_AT_artificial))
		return false;
	if (dwarf_attr(die, DW_AT_data_member_location, &attribute)) {
		uint64_t virtuality = 0;
		Dwarf_Op *ops;
		size_t count;

		number(die, DW_AT_virtuality, &virtuality);
		if (virtuality)
			return false;
		if (!number(die, DW_AT_data_member_location, &offset)) {
			if (dwarf_getlocation(&attribute, &ops, &count) != 0 || count != 1
			    || ops[0].atom != DW_OP_plus_uconst)
				return false;
			offset = ops[0].number;
		}
	}
	m->offset = (uint32_t) offset;
	return offset <= UINT32_MAX;
}

static void add_member(struct ct_build *b, uint32_t type, Dwarf_Die *die)
{
	struct ct_values *v = b->values;
	struct ct_index_member m = {0};
	const char *name = name_of(die);
	Dwarf_Die target;

	if (!place_member(die, &m) || !ct_die_type(die, &target))
		return;
	bit_field(die, size_of(&target), &m);
	if (dwarf_tag(die) == DW_TAG_inheritance)
		m.flags |= CT_MEMBER_BASE;
	m.type = ct_type_add(b, &target, v->types.items[type].level);
	*ct_add(&v->members) = (struct ct_type_member){ m, name ? name : "" };
}

static void fill_struct(struct ct_build *b, uint32_t type)
{
	struct ct_values *v = b->values;
	Dwarf_Die die = v->types.items[type].die, child;
	int tag = dwarf_tag(&die);
	struct ct_type *t = &v->types.items[type];
	uint32_t first;

	t->row.kind = tag == DW_TAG_union_type ? CT_TYPE_UNION : CT_TYPE_STRUCT;
	t->row.flags |= tag == DW_TAG_class_type ? CT_TYPE_F_CLASS : 0;
	if (ct_passed_by_memory(b, &die, &t->unsure))
		t->row.flags |= CT_TYPE_F_BY_MEMORY;
	if (dwarf_hasattr(&die, DW_AT_declaration))
		t->row.flags |= CT_TYPE_F_OPAQUE;
	if (t->level > CT_LEVEL_CONTENTS) {
		t->row.flags |= CT_TYPE_F_OPAQUE;
		return;
	}
	if (ct_std_type(b, type, &die, t->level))
		return;
	first = v->members.count;
	if (dwarf_child(&die, &child) == 0)
		do {
			if (dwarf_tag(&child) == DW_TAG_member || dwarf_tag(&child) == DW_TAG_inheritance)
				add_member(b, type, &child);
		} while (dwarf_siblingof(&child, &child) == 0);
	t = &v->types.items[type]; /* it may have moved */
	t->row.first = first;
	t->row.count = v->members.count - first;
}

/* --- arrays --- */

/* How many elements a dimension has; 0: not known. False: there is no such dimension. */
static bool dimension_of(Dwarf_Die *die, unsigned dimension, uint32_t *count)
{
	uint64_t n;
	Dwarf_Die child;

	if (dwarf_child(die, &child) != 0)
		return false;
	do {
		if (dwarf_tag(&child) != DW_TAG_subrange_type || dimension--)
			continue;
		*count = 0;
		if (number(&child, DW_AT_count, &n))
			*count = n > UINT32_MAX ? 0 : (uint32_t) n;
		else if (number(&child, DW_AT_upper_bound, &n))
			*count = n >= UINT32_MAX ? 0 : (uint32_t) n + 1;
		return true;
	} while (dwarf_siblingof(&child, &child) == 0);
	return false;
}

/* The elements of a dimension are arrays of the next one. */
static void fill_array(struct ct_build *b, uint32_t type)
{
	struct ct_values *v = b->values;
	Dwarf_Die die = v->types.items[type].die, element;
	unsigned dimension = v->types.items[type].dimension, level = v->types.items[type].level;
	uint32_t count = 0, next = 0, target;
	uint64_t size;

	if (!ct_die_type(&die, &element) || dimension >= MOST_DIMENSIONS)
		return;
	dimension_of(&die, dimension, &count);
	size = (uint64_t) size_of(&element) * count;
	for (unsigned d = dimension + 1; d < MOST_DIMENSIONS && size <= UINT32_MAX && dimension_of(&die, d, &next); d++)
		size *= next;
	if (dimension + 1 < MOST_DIMENSIONS && dimension_of(&die, dimension + 1, &next))
		target = add_row(b, &die, dimension + 1, level);
	else
		target = ct_type_add(b, &element, level);
	v->types.items[type].row.kind = dwarf_hasattr(&die, DW_AT_GNU_vector) ? CT_TYPE_VECTOR
	                                                                      : CT_TYPE_ARRAY;
	v->types.items[type].row.target = target;
	v->types.items[type].row.count = size > UINT32_MAX ? 0 : count;
	v->types.items[type].row.size = size > UINT32_MAX ? 0 : (uint32_t) size;
}

/* --- everything --- */

static void fill_pointer(struct ct_build *b, uint32_t type, uint8_t kind)
{
	struct ct_values *v = b->values;
	Dwarf_Die die = v->types.items[type].die;
	uint32_t target = ct_type_of(b, &die, v->types.items[type].level + 1u);

	v->types.items[type].row.kind = kind;
	v->types.items[type].row.size = 8;
	v->types.items[type].row.target = target;
}

static void fill_member_pointer(struct ct_build *b, uint32_t type)
{
	struct ct_values *v = b->values;
	Dwarf_Die target;
	bool method = ct_die_type(&v->types.items[type].die, &target)
	              && dwarf_tag(&target) == DW_TAG_subroutine_type;

	fill_pointer(b, type, method ? CT_TYPE_METHOD_POINTER : CT_TYPE_MEMBER_POINTER);
	v->types.items[type].row.size = method ? 16 : 8;
}

static void fill_alias(struct ct_build *b, uint32_t type, uint8_t flags)
{
	struct ct_values *v = b->values;
	Dwarf_Die die = v->types.items[type].die;
	uint32_t target = ct_type_of(b, &die, v->types.items[type].level);
	struct ct_type *t = &v->types.items[type];

	t->row.kind = CT_TYPE_ALIAS;
	t->row.flags |= flags;
	t->row.target = target;
	if (strcmp(t->name, "wchar_t") == 0 && t->row.size) { /* C has it as a typedef */
		t->row.kind = CT_TYPE_WIDE_CHAR;
		t->row.target = CT_NONE;
	}
}

static void fill(struct ct_build *b, uint32_t type)
{
	struct ct_type *t = &b->values->types.items[type];
	Dwarf_Die die = t->die;

	t->filled = true;
	t->row.size = size_of(&die);
	t->name = ct_type_name(b, &die);
	switch (dwarf_tag(&die)) {
	case DW_TAG_base_type: fill_base(b, t); break;
	case DW_TAG_pointer_type: fill_pointer(b, type, CT_TYPE_POINTER); break;
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type: fill_pointer(b, type, CT_TYPE_REFERENCE); break;
	case DW_TAG_ptr_to_member_type: fill_member_pointer(b, type); break;
	case DW_TAG_structure_type: case DW_TAG_class_type:
	case DW_TAG_union_type: fill_struct(b, type); break;
	case DW_TAG_enumeration_type: fill_enum(b, type); break;
	case DW_TAG_array_type: fill_array(b, type); break;
	case DW_TAG_subroutine_type: t->row.kind = CT_TYPE_FUNCTION; break;
	case DW_TAG_typedef: case DW_TAG_restrict_type:
	case DW_TAG_atomic_type: fill_alias(b, type, 0); break;
	case DW_TAG_const_type: fill_alias(b, type, CT_TYPE_F_CONST); break;
	case DW_TAG_volatile_type: fill_alias(b, type, CT_TYPE_F_VOLATILE); break;
	case DW_TAG_unspecified_type: /* but not "auto" */
		if (strstr(t->name, "nullptr")) {
			t->row.kind = CT_TYPE_POINTER;
			t->row.size = 8;
		}
		break;
	default: break;
	}
}

/* By level, so that each is first met by its shortest way. */
void ct_types_fill(struct ct_build *b)
{
	struct ct_values *v = b->values;

	for (unsigned level = 0; level < CT_LEVELS; level++)
		while (v->waiting[level].count) {
			uint32_t type = v->waiting[level].items[--v->waiting[level].count];

			if (!v->types.items[type].filled)
				fill(b, type);
		}
}
