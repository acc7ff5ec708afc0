/*
 * std_types.c - the types of libstdc++ that are shown as a person would write them: told by
 * name, and taken for it only if the layout is the one known. clang leaves std::string
 * declared only (its definition is the library's own), or the member that holds its pointer; then its
 * name says enough, because std::__cxx11 is the name of a layout.
 */
#include <dwarf.h>
#include <string.h>

#include "index/std_types.h"

static const char *name_of(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr_integrate(die, DW_AT_name, &attribute));
}

static uint64_t offset_of(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Word offset = 0;

	if (dwarf_attr(die, DW_AT_data_member_location, &attribute)
	    && dwarf_formudata(&attribute, &offset) != 0)
		return UINT64_MAX / 2;
	return offset;
}

struct search {
	const char *name;
	unsigned left; /* children to look at: a damaged type may hold itself */
	uint64_t found;
	Dwarf_Die type;
};

/* Looks through members and bases for one of that name; its offset in the whole. */
static bool search(struct search *s, Dwarf_Die *die, uint64_t base, int level)
{
	Dwarf_Die child, type;

	if (level > 6 || dwarf_child(die, &child) != 0)
		return false;
	do {
		if (s->left == 0)
			return false;
		s->left--;
		int tag = dwarf_tag(&child);
		const char *own = name_of(&child);

		if ((tag != DW_TAG_member && tag != DW_TAG_inheritance)
		    || dwarf_hasattr(&child, DW_AT_external))
			continue;
		if (own && strcmp(own, s->name) == 0) {
			s->found = base + offset_of(&child);
			return ct_die_type(&child, &s->type);
		}
		if (!ct_die_type(&child, &type))
			continue;
		for (int i = 0; i < 8 && dwarf_tag(&type) == DW_TAG_typedef; i++) {
			Dwarf_Die of = type;

			if (!ct_die_type(&of, &type))
				break;
		}
		if ((dwarf_tag(&type) == DW_TAG_structure_type || dwarf_tag(&type) == DW_TAG_class_type)
		    && search(s, &type, base + offset_of(&child), level + 1))
			return true;
	} while (dwarf_siblingof(&child, &child) == 0);
	return false;
}

bool ct_std_find(Dwarf_Die *die, const char *name, struct ct_std_member *found)
{
	struct search s = { .name = name, .left = 20000 };

	*found = (struct ct_std_member){0};
	if (!search(&s, die, 0, 0))
		return false;
	found->offset = s.found;
	found->type = s.type;
	if (!ct_die_size(&s.type, &found->size))
		found->size = 0;
	return true;
}

static bool find_member(Dwarf_Die *die, const char *name, uint64_t *found)
{
	struct ct_std_member m;

	if (!ct_std_find(die, name, &m))
		return false;
	*found = m.offset;
	return true;
}

bool ct_std_member_at(Dwarf_Die *die, const char *name, uint64_t offset)
{
	uint64_t found;

	return find_member(die, name, &found) && found == offset;
}

static bool element_of(Dwarf_Die *die, Dwarf_Die *element)
{
	return ct_std_argument(die, 0, element);
}

bool ct_std_begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Strings of other characters than char: always defined where they are used. */
static const struct {
	const char *prefix, *name, *view;
} wide[] = {
	{ "<wchar_t, ", "std::wstring", "std::wstring_view" },
	{ "<char16_t, ", "std::u16string", "std::u16string_view" },
	{ "<char32_t, ", "std::u32string", "std::u32string_view" },
};

/* Which of them; -1: none. */
static int wide_number(const char *name, const char *stem)
{
	for (int i = 0; ct_std_begins(name, stem) && i < 3; i++)
		if (ct_std_begins(name + strlen(stem), wide[i].prefix))
			return i;
	return -1;
}

/* Where the characters are, is the first word: _M_dataplus._M_p. */
static bool begins_with_pointer(Dwarf_Die *die)
{
	struct ct_std_member holder;

	return ct_std_member_at(die, "_M_p", 0)
	       || (ct_std_find(die, "_M_dataplus", &holder) && holder.offset == 0
	           && dwarf_hasattr(&holder.type, DW_AT_declaration));
}

static bool is_string(Dwarf_Die *die, const char *scope, const char *name, uint32_t size)
{
	if (strcmp(scope, "std::__cxx11::") != 0
	    || (!ct_std_begins(name, "basic_string<char, ") && wide_number(name, "basic_string") < 0))
		return false;
	if (dwarf_hasattr(die, DW_AT_declaration))
		return strstr(name, "std::allocator<char>") != NULL;
	return size == 32 && begins_with_pointer(die) && ct_std_member_at(die, "_M_string_length", 8);
}

static bool is_view(Dwarf_Die *die, const char *name, uint32_t size)
{
	return (ct_std_begins(name, "basic_string_view<char, ") || wide_number(name, "basic_string_view") >= 0) && size == 16 && ct_std_member_at(die, "_M_len", 0)
	       && ct_std_member_at(die, "_M_str", 8);
}

static bool is_vector(Dwarf_Die *die, const char *name, uint32_t size)
{
	return ct_std_begins(name, "vector<") && !ct_std_begins(name, "vector<bool") && size == 24
	       && ct_std_member_at(die, "_M_start", 0) && ct_std_member_at(die, "_M_finish", 8);
}

static bool is_unique_ptr(Dwarf_Die *die, const char *name, uint32_t size)
{
	if (ct_std_begins(name, "shared_ptr<"))
		return size == 16 && !strstr(name, "[") && ct_std_member_at(die, "_M_ptr", 0);
	return ct_std_begins(name, "unique_ptr<") && size == 8 && strstr(name, "std::default_delete<")
	       && !strstr(name, "[]");
}

static void become(struct ct_build *b, uint32_t type, uint8_t kind, uint32_t size, const char *name)
{
	struct ct_type *t = &b->values->types.items[type];

	t->row.kind = kind;
	t->row.size = size;
	t->unsure = false;
	if (kind != CT_TYPE_STD_STRING_VIEW && kind != CT_TYPE_STD_OPTIONAL)
		t->row.flags |= CT_TYPE_F_BY_MEMORY;
	if (name)
		t->name = name;
}

/* "std::vector<int>": without the allocator. */
static void become_template(struct ct_build *b, uint32_t type, uint8_t kind, const char *name,
                            Dwarf_Die *element, unsigned level)
{
	uint32_t target = ct_type_add(b, element, level);
	struct ct_type *t = &b->values->types.items[type];

	t->row.target = target;
	become(b, type, kind, t->row.size,
	       ct_arena_printf(&b->arena, "std::%s<%s>", name, ct_type_name(b, element)));
}

static bool become_optional(struct ct_build *b, uint32_t type, Dwarf_Die *die, unsigned level)
{
	uint64_t engaged, size;
	Dwarf_Die element;

	if (!element_of(die, &element) || !find_member(die, "_M_engaged", &engaged))
		return false;
	if (!ct_die_size(&element, &size) || size > engaged
	    || engaged >= b->values->types.items[type].row.size)
		return false;
	become_template(b, type, CT_TYPE_STD_OPTIONAL, "optional", &element, level);
	b->values->types.items[type].row.extra = (uint32_t) engaged;
	return true;
}

/* What is made of nodes: its contents are not followed, but how many there are is known. */
static bool become_sized(struct ct_build *b, uint32_t type, Dwarf_Die *die, const char *name)
{
	static const struct {
		const char *name, *count;
	} known[] = {
		{ "map<", "_M_node_count" }, { "multimap<", "_M_node_count" },
		{ "set<", "_M_node_count" }, { "multiset<", "_M_node_count" },
		{ "unordered_map<", "_M_element_count" }, { "unordered_multimap<", "_M_element_count" },
		{ "unordered_set<", "_M_element_count" }, { "unordered_multiset<", "_M_element_count" },
		{ "list<", "_M_size" },
	};
	struct ct_type *t = &b->values->types.items[type];
	uint64_t at;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (ct_std_begins(name, known[i].name) && find_member(die, known[i].count, &at) && t->row.size >= 8
		    && at <= t->row.size - 8) {
			t->row.extra = (uint32_t) at;
			become(b, type, CT_TYPE_STD_SIZED, t->row.size, NULL);
			return true;
		}
	return false;
}

/* The characters of a string that are not char. */
static void set_characters(struct ct_build *b, uint32_t type, Dwarf_Die *die, unsigned level, int number,
                           bool is_view)
{
	Dwarf_Die element;
	uint32_t target;

	if (number < 0 || !element_of(die, &element))
		return;
	target = ct_type_add(b, &element, level);
	b->values->types.items[type].row.target = target;
	b->values->types.items[type].name = is_view ? wide[number].view : wide[number].name;
}

bool ct_std_type(struct ct_build *b, uint32_t type, Dwarf_Die *die, unsigned level)
{
	uint32_t size = b->values->types.items[type].row.size;
	const char *name = name_of(die), *scope;
	Dwarf_Die element;

	if (!name || ct_die_is_c(b, die))
		return false;
	scope = ct_scope_of(b, die);
	if (is_string(die, scope, name, size)) {
		become(b, type, CT_TYPE_STD_STRING, 32, "std::string");
		b->values->types.items[type].row.flags = CT_TYPE_F_BY_MEMORY | CT_TYPE_F_CLASS;
		set_characters(b, type, die, level, wide_number(name, "basic_string"), false);
		return true;
	}
	if ((strcmp(scope, "std::__cxx11::") == 0 || strcmp(scope, "std::__cxx1998::__cxx11::") == 0)
	    && ct_std_begins(name, "list<"))
		return become_sized(b, type, die, name);
	if (ct_std_shape(b, type, die, scope, name, level))
		return true;
	if (strcmp(scope, "std::") != 0 && strcmp(scope, "std::__cxx1998::") != 0)
		return false;
	if (become_sized(b, type, die, name))
		return true;
	if (is_view(die, name, size))
		become(b, type, CT_TYPE_STD_STRING_VIEW, size, "std::string_view"),
		set_characters(b, type, die, level, wide_number(name, "basic_string_view"), true);
	else if (is_vector(die, name, size) && element_of(die, &element))
		become_template(b, type, CT_TYPE_STD_VECTOR, "vector", &element, level + 1);
	else if (is_unique_ptr(die, name, size) && element_of(die, &element))
		become_template(b, type, CT_TYPE_STD_UNIQUE_PTR, ct_std_begins(name, "s") ? "shared_ptr" : "unique_ptr", &element, level + 1);
	else
		return ct_std_begins(name, "optional<") && become_optional(b, type, die, level);
	return true;
}
