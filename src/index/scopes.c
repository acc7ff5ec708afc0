/*
 * scopes.c - where types are: the scope of each (a DIE does not know its parent), and for
 * a declaration the definition in another unit.
 */
#include <dwarf.h>
#include <string.h>

#include "index/values.h"

#define DEEPEST 64

bool ct_die_is_c(struct ct_build *b, Dwarf_Die *die)
{
	struct ct_values *v = b->values;
	int language;
	Dwarf_Die unit;

	if (v->language_cu == die->cu)
		return v->language_is_c;
	language = dwarf_diecu(die, &unit, NULL, NULL) ? dwarf_srclang(&unit) : 0;
	v->language_cu = die->cu;
	v->language_is_c = language == DW_LANG_C89 || language == DW_LANG_C || language == DW_LANG_C99
	                   || language == DW_LANG_C11;
	return v->language_is_c;
}

/* --- the walk --- */

static const char *own_name(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr_integrate(die, DW_AT_name, &attribute));
}

/* C++ names one thing by one word; in C, a structure and an enumeration may share one. */
static char kind_of(int tag)
{
	return tag == DW_TAG_enumeration_type ? 'e' : tag == DW_TAG_union_type ? 'u' : 's';
}

static uint32_t definition_key(const char *scope, Dwarf_Die *die, const char *name, char *key,
                               size_t size)
{
	int n = snprintf(key, size, "%c%s%s", kind_of(dwarf_tag(die)), scope, name);

	return n > 0 && (size_t) n < size ? (uint32_t) n : 0;
}

static void add_definition(struct ct_build *b, Dwarf_Die *die, const char *scope, const char *name)
{
	struct ct_values *v = b->values;
	uint32_t made = ct_append(&v->definitions), first, length;
	char key[1024];
	bool added;

	v->definitions.items[made] = (struct ct_definition){ *die, CT_NONE };
	length = definition_key(scope, die, name, key, sizeof key);
	if (!length)
		return;
	first = ct_map_add(&v->definition_map, key, length, made, &added);
	if (added)
		return;
	v->definitions.items[made].next = v->definitions.items[first].next;
	v->definitions.items[first].next = made;
}

static void note_type(struct ct_build *b, Dwarf_Die *die, uint32_t scope, const char *name)
{
	struct ct_values *v = b->values;

	if (scope != CT_NONE)
		ct_map_add(&v->scope_map, &die->addr, sizeof die->addr, scope, NULL);
	if (name && dwarf_tag(die) != DW_TAG_typedef && !dwarf_hasattr(die, DW_AT_declaration))
		add_definition(b, die, scope == CT_NONE ? "" : v->scopes.items[scope], name);
}

static uint32_t add_scope(struct ct_build *b, uint32_t outer, const char *name)
{
	struct ct_values *v = b->values;
	const char *before = outer == CT_NONE ? "" : v->scopes.items[outer];
	uint32_t scope = ct_append(&v->scopes);

	v->scopes.items[scope] = ct_arena_printf(&b->arena, "%s%s::", before,
	                                         name ? name : "(anonymous namespace)");
	return scope;
}

static void walk(struct ct_build *b, Dwarf_Die *parent, uint32_t scope, int level)
{
	Dwarf_Die die;

	if (level > DEEPEST || dwarf_child(parent, &die) != 0)
		return;
	do {
		int tag = dwarf_tag(&die);

		switch (tag) {
		case DW_TAG_namespace:
			walk(b, &die, add_scope(b, scope, own_name(&die)), level + 1);
			break;
		case DW_TAG_structure_type:
		case DW_TAG_class_type:
		case DW_TAG_union_type: {
			const char *name = own_name(&die);
			bool c = ct_die_is_c(b, &die);

			/* A member class defined outside of its class has the scope of its declaration. */
			note_type(b, &die, scope, name);
			if (!c && dwarf_haschildren(&die) > 0)
				walk(b, &die, add_scope(b, scope, name ? name : "{...}"), level + 1);
			break;
		}
		case DW_TAG_enumeration_type:
		case DW_TAG_typedef:
			note_type(b, &die, scope, own_name(&die));
			break;
		default:
			break;
		}
	} while (dwarf_siblingof(&die, &die) == 0);
}

static void walk_all(struct ct_build *b)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die die, split;
	uint8_t type;

	b->values->scoped = true;
	while (dwarf_get_units(b->dwarf, cu, &cu, NULL, &type, &die, &split) == 0) {
		if (type == DW_UT_skeleton && dwarf_tag(&split) == DW_TAG_compile_unit)
			die = split;
		walk(b, &die, CT_NONE, 0);
	}
}

/* --- questions --- */

const char *ct_scope_of(struct ct_build *b, Dwarf_Die *die)
{
	struct ct_values *v = b->values;
	Dwarf_Attribute attribute;
	Dwarf_Die declared;
	uint32_t scope;

	if (ct_die_is_c(b, die))
		return "";
	if (!v->scoped)
		walk_all(b);
	if (ct_map_find(&v->scope_map, &die->addr, sizeof die->addr, &scope))
		return v->scopes.items[scope];
	if (dwarf_attr(die, DW_AT_specification, &attribute)
	    && dwarf_formref_die(&attribute, &declared)
	    && ct_map_find(&v->scope_map, &declared.addr, sizeof declared.addr, &scope))
		return v->scopes.items[scope];
	return "";
}

/* Two definitions of one name are of one type if they were written at one place. */
static bool same_place(Dwarf_Die *x, Dwarf_Die *y)
{
	int line[2] = { 0, 0 };
	const char *file[2];
	uint64_t size[2] = { 0, 0 };

	dwarf_decl_line(x, &line[0]);
	dwarf_decl_line(y, &line[1]);
	file[0] = dwarf_decl_file(x);
	file[1] = dwarf_decl_file(y);
	ct_die_size(x, &size[0]);
	ct_die_size(y, &size[1]);
	return line[0] == line[1] && size[0] == size[1] && file[0] && file[1]
	       && strcmp(file[0], file[1]) == 0;
}

bool ct_definition_of(struct ct_build *b, Dwarf_Die *die, Dwarf_Die *definition)
{
	struct ct_values *v = b->values;
	const char *name = own_name(die);
	char key[1024];
	uint32_t length, at;

	if (!name)
		return false;
	if (!v->scoped)
		walk_all(b);
	length = definition_key(ct_scope_of(b, die), die, name, key, sizeof key);
	if (!length || !ct_map_find(&v->definition_map, key, length, &at))
		return false;
	*definition = v->definitions.items[at].die;
	for (at = v->definitions.items[at].next; at != CT_NONE; at = v->definitions.items[at].next)
		if (!same_place(definition, &v->definitions.items[at].die))
			return false;
	return true;
}
