/*
 * std_shapes.c - structures of libstdc++ that get a shape: of their members and bases only those are kept that
 * matter. Strict: where something is not as the known layout has it, the type stays as it is.
 */
#include <dwarf.h>
#include <string.h>

#include "index/std_types.h"

#ifndef DW_TAG_GNU_template_parameter_pack
#define DW_TAG_GNU_template_parameter_pack 0x4107
#endif

enum { MOST_PARTS = 32, PACK_DEEPEST = 2 };

/* --- template arguments --- */

struct wanted {
	unsigned tag, number; /* how many of that tag are still to be passed */
	Dwarf_Die found;
};

static bool find_argument(Dwarf_Die *die, struct wanted *w, int level)
{
	Dwarf_Die child;

	if (level > PACK_DEEPEST || dwarf_child(die, &child) != 0)
		return false;
	do {
		if (dwarf_tag(&child) == DW_TAG_GNU_template_parameter_pack && find_argument(&child, w, level + 1))
			return true;
		if (dwarf_tag(&child) != (int) w->tag || w->number-- > 0)
			continue;
		w->found = child;
		return true;
	} while (dwarf_siblingof(&child, &child) == 0);
	return false;
}

bool ct_std_argument(Dwarf_Die *die, unsigned number, Dwarf_Die *type)
{
	struct wanted w = { .tag = DW_TAG_template_type_parameter, .number = number };

	return find_argument(die, &w, 0) && ct_die_type(&w.found, type);
}

bool ct_std_number(Dwarf_Die *die, unsigned number, uint64_t *value)
{
	struct wanted w = { .tag = DW_TAG_template_value_parameter, .number = number };
	Dwarf_Attribute attribute;
	Dwarf_Word word;

	if (!find_argument(die, &w, 0) || !dwarf_attr(&w.found, DW_AT_const_value, &attribute)
	    || dwarf_formudata(&attribute, &word) != 0)
		return false;
	*value = word;
	return true;
}

/* --- parts --- */

static Dwarf_Die without_typedefs(Dwarf_Die type)
{
	for (int i = 0; i < 8 && dwarf_tag(&type) == DW_TAG_typedef; i++) {
		Dwarf_Die of = type;

		if (!ct_die_type(&of, &type))
			break;
	}
	return type;
}

/* The members that a shape keeps, in order. */
struct parts {
	struct {
		Dwarf_Die type;
		uint64_t offset;
		const char *name;
	} items[MOST_PARTS];
	unsigned count;
};

static bool add_part(struct parts *p, const Dwarf_Die *type, uint64_t offset, const char *name)
{
	if (p->count == MOST_PARTS)
		return false;
	p->items[p->count].type = *type;
	p->items[p->count].offset = offset;
	p->items[p->count++].name = name;
	return true;
}

/* A member that has to be there, of this size. */
static bool add_member(struct parts *p, Dwarf_Die *die, const char *name, uint64_t offset, uint64_t size)
{
	struct ct_std_member m;

	return ct_std_find(die, name, &m) && m.offset == offset && m.size == size && add_part(p, &m.type, offset, name);
}

static void take_shape(struct ct_build *b, uint32_t type, enum ct_type_shape shape, const struct parts *p,
                       unsigned level)
{
	struct ct_values *v = b->values;
	uint32_t rows[MOST_PARTS], first;

	for (unsigned i = 0; i < p->count; i++) { /* behind the type, whose own members begin where these do */
		Dwarf_Die die = p->items[i].type;

		rows[i] = ct_type_add(b, &die, level);
	}
	first = v->members.count;
	for (unsigned i = 0; i < p->count; i++)
		*ct_add(&v->members) = (struct ct_type_member){
			{ .type = rows[i], .offset = (uint32_t) p->items[i].offset }, p->items[i].name };
	v->types.items[type].row.kind = CT_TYPE_STRUCT;
	v->types.items[type].row.shape = (uint16_t) shape;
	v->types.items[type].row.first = first;
	v->types.items[type].row.count = p->count;
}

/* What its elements are, which lie behind a pointer. */
static void take_elements(struct ct_build *b, uint32_t type, Dwarf_Die *element, unsigned level)
{
	uint32_t target = ct_type_add(b, element, level + 1);

	b->values->types.items[type].row.target = target;
}

struct class {
	struct ct_build *b;
	uint32_t type;
	Dwarf_Die *die;
	const char *name;
	uint64_t size;
	unsigned level;
};

/* --- what is one member --- */

static bool take_value(const struct class *c, const char *member, uint64_t size)
{
	struct parts p = {0};

	if (!add_member(&p, c->die, member, 0, size))
		return false;
	take_shape(c->b, c->type, CT_SHAPE_VALUE, &p, c->level);
	return true;
}

static bool array(const struct class *c)
{
	struct parts none = {0};
	struct ct_std_member m;
	uint64_t count;

	if (!ct_std_number(c->die, 0, &count) || !ct_std_find(c->die, "_M_elems", &m))
		return false;
	m.type = without_typedefs(m.type);
	if (count)
		return dwarf_tag(&m.type) == DW_TAG_array_type && take_value(c, "_M_elems", c->size);
	take_shape(c->b, c->type, CT_SHAPE_TUPLE, &none, c->level);
	return true;
}

static bool atomic(const struct class *c)
{
	static const char *const members[] = { "_M_i", "_M_p", "_M_fp" };

	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		if (take_value(c, members[i], c->size))
			return true;
	return false;
}

/* Those whose one member that matters has this name, in 8 bytes of their own. */
static bool take_word(const struct class *c, const char *member)
{
	return c->size == 8 && take_value(c, member, 8);
}

static bool reference(const struct class *c) { return take_word(c, "_M_data"); }
static bool thread_id(const struct class *c) { return take_word(c, "_M_thread"); }
static bool node_iterator(const struct class *c) { return take_word(c, "_M_node"); }
static bool complex(const struct class *c) { return take_value(c, "_M_value", c->size); }
static bool path(const struct class *c) { return take_value(c, "_M_pathname", 32); }

/* std::__debug::vector is a std::__cxx1998::vector and what watches over it. */
static bool debug_container(const struct class *c)
{
	size_t stem = strcspn(c->name, "<") + 1;
	struct parts p = {0};
	Dwarf_Die child, base;

	if (dwarf_child(c->die, &child) != 0)
		return false;
	do {
		struct ct_std_member m = {0};
		Dwarf_Attribute attribute;
		Dwarf_Word offset;
		const char *name;

		if (dwarf_tag(&child) != DW_TAG_inheritance || !ct_die_type(&child, &base))
			continue;
		name = dwarf_diename(&base);
		if (!name || strncmp(name, c->name, stem) != 0 || !ct_die_size(&base, &m.size)
		    || !ct_std_begins(ct_scope_of(c->b, &base), "std::__cxx1998::")
		    || !dwarf_attr(&child, DW_AT_data_member_location, &attribute)
		    || dwarf_formudata(&attribute, &offset) != 0 || offset + m.size > c->size)
			continue;
		if (!add_part(&p, &base, offset, "base"))
			return false;
	} while (dwarf_siblingof(&child, &child) == 0);
	if (p.count != 1)
		return false;
	take_shape(c->b, c->type, CT_SHAPE_VALUE, &p, c->level);
	return true;
}

/* --- tuple --- */

/* _Tuple_impl<I, Head, Tail...> is a _Head_base<I, Head> and, but for the last, a _Tuple_impl<I + 1, Tail...>. */
static bool add_heads(struct parts *p, Dwarf_Die *impl, uint64_t at, unsigned level)
{
	struct { Dwarf_Die die; uint64_t at; unsigned count; } head = {0}, rest = {0};
	struct ct_std_member m;
	Dwarf_Die child, base;
	uint64_t number;

	if (level > MOST_PARTS || dwarf_child(impl, &child) != 0)
		return false;
	do {
		Dwarf_Attribute attribute;
		Dwarf_Word offset = 0;
		const char *name;

		if (dwarf_tag(&child) != DW_TAG_inheritance || !ct_die_type(&child, &base))
			continue;
		name = dwarf_diename(&base);
		if (dwarf_attr(&child, DW_AT_data_member_location, &attribute)
		    && dwarf_formudata(&attribute, &offset) != 0)
			return false;
		if (name && ct_std_begins(name, "_Head_base<"))
			head.die = base, head.at = at + offset, head.count++;
		else if (name && ct_std_begins(name, "_Tuple_impl<"))
			rest.die = base, rest.at = at + offset, rest.count++;
		else
			return false;
	} while (dwarf_siblingof(&child, &child) == 0);
	if (head.count != 1 || rest.count > 1 || !ct_std_number(&head.die, 0, &number) || number != level || !ct_std_find(&head.die, "_M_head_impl", &m) || m.offset != 0
	    || !add_part(p, &m.type, head.at, ""))
		return false;
	return !rest.count || add_heads(p, &rest.die, rest.at, level + 1);
}

static bool tuple(const struct class *c)
{
	struct parts p = {0};
	Dwarf_Die child, base, argument;
	unsigned bases = 0, arguments = 0;

	if (dwarf_child(c->die, &child) == 0)
		do
			if (dwarf_tag(&child) == DW_TAG_inheritance && ct_die_type(&child, &base)) {
				const char *name = dwarf_diename(&base);

				if (bases++ || !name || !ct_std_begins(name, "_Tuple_impl<0") || !add_heads(&p, &base, 0, 0))
					return false;
			}
		while (dwarf_siblingof(&child, &child) == 0);
	while (arguments <= MOST_PARTS && ct_std_argument(c->die, arguments, &argument))
		arguments++;
	if (arguments && p.count != arguments) /* gcc leaves them out */
		return false;
	take_shape(c->b, c->type, CT_SHAPE_TUPLE, &p, c->level);
	return true;
}

/* One with a deleter that is not the usual one, which is what the others are: the pointer. */
static bool unique_pointer(const struct class *c)
{
	struct ct_std_member data, pair;
	Dwarf_Die child, base;
	struct parts p = {0};

	if ((strstr(c->name, "std::default_delete<") && !strstr(c->name, "[]")) || !ct_std_find(c->die, "_M_t", &data)
	    || !ct_std_find(&data.type, "_M_t", &pair) || dwarf_child(&pair.type, &child) != 0)
		return false;
	do {
		const char *name;

		if (dwarf_tag(&child) != DW_TAG_inheritance || !ct_die_type(&child, &base))
			continue;
		name = dwarf_diename(&base);
		if (p.count || !name || !ct_std_begins(name, "_Tuple_impl<0")
		    || !add_heads(&p, &base, data.offset + pair.offset, 0))
			return false;
	} while (dwarf_siblingof(&child, &child) == 0);
	if (p.count != 2 || dwarf_tag(&p.items[0].type) != DW_TAG_pointer_type)
		return false;
	p.count = 1;
	take_shape(c->b, c->type, CT_SHAPE_VALUE, &p, c->level);
	return true;
}

/* --- elements elsewhere --- */

static bool span(const struct class *c, const char *pointer, const char *count)
{
	Dwarf_Die element;
	struct parts p = {0};
	uint64_t size, extent = 0;

	if (!ct_std_argument(c->die, 0, &element) || !ct_die_size(&element, &size) || !size
	    || !add_member(&p, c->die, pointer, 0, 8))
		return false;
	if (c->size == 16 ? !add_member(&p, c->die, count, 8, 8)
	                  : c->size != 8 || !ct_std_number(c->die, 0, &extent) || extent > UINT32_MAX)
		return false;
	take_shape(c->b, c->type, CT_SHAPE_SPAN, &p, c->level);
	take_elements(c->b, c->type, &element, c->level);
	c->b->values->types.items[c->type].row.extra = (uint32_t) extent;
	return true;
}

static bool is_span(const struct class *c)
{
	return span(c, "_M_ptr", "_M_extent_value");
}

static bool initializer_list(const struct class *c)
{
	return c->size == 16 && span(c, "_M_array", "_M_len");
}

static bool is_iterator(const struct ct_std_member *m)
{
	Dwarf_Die die = without_typedefs(m->type);

	return m->size == 32 && ct_std_member_at(&die, "_M_cur", 0) && ct_std_member_at(&die, "_M_first", 8)
	       && ct_std_member_at(&die, "_M_last", 16) && ct_std_member_at(&die, "_M_node", 24);
}

static bool deque(const struct class *c)
{
	struct ct_std_member start, finish;
	Dwarf_Die element;
	struct parts p = {0};
	uint64_t size;

	if (c->size != 80 || !ct_std_argument(c->die, 0, &element) || !ct_die_size(&element, &size) || !size
	    || !add_member(&p, c->die, "_M_map", 0, 8) || !ct_std_find(c->die, "_M_start", &start)
	    || !ct_std_find(c->die, "_M_finish", &finish) || start.offset != 16 || finish.offset != 48
	    || !is_iterator(&start) || !is_iterator(&finish))
		return false;
	take_shape(c->b, c->type, CT_SHAPE_DEQUE, &p, c->level);
	take_elements(c->b, c->type, &element, c->level);
	c->b->values->types.items[c->type].row.extra = 16;
	return true;
}

static bool bools(const struct class *c)
{
	struct ct_std_member start, finish, end;
	struct parts p = {0};

	if (c->size != 40 || !ct_std_find(c->die, "_M_start", &start) || !ct_std_find(c->die, "_M_finish", &finish)
	    || !ct_std_find(c->die, "_M_end_of_storage", &end) || start.offset != 0 || finish.offset != 16
	    || end.offset != 32 || start.size != 16 || finish.size != 16 || !ct_std_member_at(&start.type, "_M_p", 0)
	    || !ct_std_member_at(&start.type, "_M_offset", 8) || !add_part(&p, &end.type, 32, "_M_end_of_storage"))
		return false;
	take_shape(c->b, c->type, CT_SHAPE_BOOLS, &p, c->level);
	return true;
}

static bool bitset(const struct class *c)
{
	struct parts p = {0};
	uint64_t bits;

	if (!ct_std_number(c->die, 0, &bits) || bits == 0 || bits > UINT32_MAX || (bits + 63) / 64 * 8 != c->size
	    || !add_member(&p, c->die, "_M_w", 0, c->size))
		return false;
	take_shape(c->b, c->type, CT_SHAPE_BITS, &p, c->level);
	c->b->values->types.items[c->type].row.extra = (uint32_t) bits;
	return true;
}

/* --- one of several --- */

static bool variant(const struct class *c)
{
	struct ct_std_member index;
	Dwarf_Die alternative;
	struct parts p = {0};
	uint64_t size;

	if (!ct_std_member_at(c->die, "_M_u", 0) || !ct_std_find(c->die, "_M_index", &index) || index.size < 1
	    || index.size > 2)
		return false;
	while (ct_std_argument(c->die, p.count, &alternative)) /* all of them where _M_u is */
		if (!ct_die_size(&alternative, &size) || size > index.offset || !add_part(&p, &alternative, 0, ""))
			return false;
	if (p.count == 0 || !add_part(&p, &index.type, index.offset, "index"))
		return false;
	take_shape(c->b, c->type, CT_SHAPE_VARIANT, &p, c->level);
	return true;
}

/* --- time --- */

static bool unit_of(Dwarf_Die *period, uint32_t *unit)
{
	static const struct {
		uint64_t numerator, denominator;
	} known[CT_UNITS] = {
		[CT_UNIT_NANOSECOND] = { 1, 1000000000 }, [CT_UNIT_MICROSECOND] = { 1, 1000000 },
		[CT_UNIT_MILLISECOND] = { 1, 1000 },      [CT_UNIT_SECOND] = { 1, 1 },
		[CT_UNIT_MINUTE] = { 60, 1 },             [CT_UNIT_HOUR] = { 3600, 1 },
		[CT_UNIT_DAY] = { 86400, 1 },
	};
	const char *name = dwarf_diename(period);
	uint64_t numerator, denominator;

	if (!name || !ct_std_begins(name, "ratio<") || !ct_std_number(period, 0, &numerator)
	    || !ct_std_number(period, 1, &denominator))
		return false;
	for (*unit = 0; *unit < CT_UNITS; ++*unit)
		if (known[*unit].numerator == numerator && known[*unit].denominator == denominator)
			return true;
	return false;
}

static bool duration(const struct class *c)
{
	struct ct_std_member m;
	struct parts p = {0};
	Dwarf_Die period;
	uint32_t unit;

	if (!ct_std_argument(c->die, 1, &period) || !unit_of(&period, &unit) || !ct_std_find(c->die, "__r", &m)
	    || m.offset != 0 || m.size != c->size || !add_part(&p, &m.type, 0, "__r"))
		return false;
	m.type = without_typedefs(m.type);
	if (dwarf_tag(&m.type) != DW_TAG_base_type)
		return false;
	take_shape(c->b, c->type, CT_SHAPE_DURATION, &p, c->level);
	c->b->values->types.items[c->type].row.extra = unit;
	return true;
}

static bool time_point(const struct class *c)
{
	struct parts p = {0};
	Dwarf_Die clock;
	const char *name;

	if (!ct_std_argument(c->die, 0, &clock) || !add_member(&p, c->die, "__d", 0, c->size))
		return false;
	name = dwarf_diename(&clock);
	take_shape(c->b, c->type, name && strcmp(name, "system_clock") == 0 ? CT_SHAPE_TIME : CT_SHAPE_VALUE, &p,
	           c->level);
	return true;
}

/* --- what leads elsewhere --- */

static bool function(const struct class *c)
{
	struct parts p = {0};

	if (c->size != 32 || !ct_std_member_at(c->die, "_M_functor", 0) || !ct_std_member_at(c->die, "_M_invoker", 24)
	    || !add_member(&p, c->die, "_M_manager", 16, 8))
		return false;
	take_shape(c->b, c->type, CT_SHAPE_FUNCTION, &p, c->level);
	return true;
}

static bool mutex(const struct class *c)
{
	struct parts p = {0};

	if (!add_member(&p, c->die, "_M_mutex", 0, 40)) /* a pthread_mutex_t, which begins with its lock word */
		return false;
	take_shape(c->b, c->type, CT_SHAPE_MUTEX, &p, c->level);
	return true;
}

static bool weak_pointer(const struct class *c)
{
	struct ct_std_member counts, uses;
	Dwarf_Die base;
	struct parts p = {0};

	if (c->size != 16 || !add_member(&p, c->die, "_M_ptr", 0, 8) || !ct_std_find(c->die, "_M_pi", &counts)
	    || counts.offset != 8 || !ct_die_type(&counts.type, &base) || !ct_std_find(&base, "_M_use_count", &uses)
	    || uses.offset > 64 || uses.size != 4 || !add_part(&p, &counts.type, 8, "_M_pi"))
		return false;
	take_shape(c->b, c->type, CT_SHAPE_WEAK, &p, c->level);
	c->b->values->types.items[c->type].row.extra = (uint32_t) uses.offset;
	return true;
}

/* --- which of them --- */

static bool one_of_std(const struct class *c)
{
	static const struct {
		const char *begins;
		bool (*take)(const struct class *);
	} known[] = {
		{ "array<", array }, { "atomic<", atomic }, { "atomic_flag", atomic }, { "reference_wrapper<", reference },
		{ "tuple<", tuple }, { "span<", is_span }, { "initializer_list<", initializer_list }, { "deque<", deque },
		{ "vector<bool", bools }, { "bitset<", bitset }, { "variant<", variant }, { "function<", function },
		{ "weak_ptr<", weak_pointer }, { "unique_ptr<", unique_pointer }, { "mutex", mutex },
		{ "recursive_mutex", mutex }, { "timed_mutex", mutex }, { "recursive_timed_mutex", mutex },
		{ "complex<", complex }, { "_List_iterator<", node_iterator }, { "_List_const_iterator<", node_iterator },
		{ "_Rb_tree_iterator<", node_iterator }, { "_Rb_tree_const_iterator<", node_iterator },
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (ct_std_begins(c->name, known[i].begins))
			return known[i].take(c);
	return false;
}

bool ct_std_shape(struct ct_build *b, uint32_t type, Dwarf_Die *die, const char *scope, const char *name, unsigned level)
{
	struct class c = { b, type, die, name, b->values->types.items[type].row.size, level };

	if (dwarf_hasattr(die, DW_AT_declaration))
		return false;
	if (strcmp(scope, "std::") == 0 || strcmp(scope, "std::__cxx1998::") == 0)
		return one_of_std(&c);
	if (strcmp(scope, "std::__debug::") == 0)
		return debug_container(&c);
	if (strcmp(scope, "std::chrono::") == 0)
		return ct_std_begins(name, "duration<") ? duration(&c) : ct_std_begins(name, "time_point<") && time_point(&c);
	if (strcmp(scope, "__gnu_cxx::") == 0)
		return ct_std_begins(name, "__normal_iterator<") && take_word(&c, "_M_current");
	if (strcmp(scope, "std::thread::") == 0)
		return strcmp(name, "id") == 0 && thread_id(&c);
	return strcmp(scope, "std::filesystem::__cxx11::") == 0 && strcmp(name, "path") == 0 && path(&c);
}
