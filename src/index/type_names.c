/* type_names.c - how C or C++ writes a type: a declarator is built from the inside out. */
#include <dwarf.h>
#include <string.h>

#include "index/values.h"

#define DEEPEST 24
#define MOST_PIECES 500 /* damaged: a function whose parameters are all functions like itself */

static void write_type(struct ct_build *b, Dwarf_Die *die, const char *inner, int level,
                       struct ct_text *out);

static const char *given_name(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr_integrate(die, DW_AT_name, &attribute));
}

static void add_inner(struct ct_text *out, const char *inner)
{
	if (*inner)
		ct_text_addf(out, " %s", inner);
}

/* "std::__cxx11::" is a matter between libstdc++ and the linker. */
static void add_scope(struct ct_text *out, const char *scope)
{
	const char *versioned = strstr(scope, "__cxx11::");

	if (versioned)
		ct_text_addf(out, "%.*s%s", (int) (versioned - scope), scope, versioned + 9);
	else
		ct_text_add(out, scope);
}

static void write_named(struct ct_build *b, Dwarf_Die *die, const char *keyword, const char *inner,
                        struct ct_text *out)
{
	const char *name = given_name(die);
	bool c = ct_die_is_c(b, die);

	if (*keyword && (c || !name))
		ct_text_addf(out, "%s ", keyword);
	add_scope(out, ct_scope_of(b, die));
	ct_text_add(out, name ? name : *keyword ? "{...}" : "?");
	add_inner(out, inner);
}

static bool is_declarator(Dwarf_Die *die)
{
	int tag = dwarf_tag(die);

	return tag == DW_TAG_subroutine_type || tag == DW_TAG_array_type;
}

/* "*", "&" and so on, in front of what is pointed to. */
static void write_pointer(struct ct_build *b, Dwarf_Die *die, const char *sign, const char *inner,
                          int level, struct ct_text *out)
{
	struct ct_text declarator = {0};
	Dwarf_Die target;
	bool has_target = ct_die_type(die, &target);

	if (has_target && is_declarator(&target) && !dwarf_hasattr(&target, DW_AT_GNU_vector))
		ct_text_addf(&declarator, "(%s%s)", sign, inner);
	else
		ct_text_addf(&declarator, "%s%s", sign, inner);
	write_type(b, has_target ? &target : NULL, declarator.data, level + 1, out);
	ct_text_deinit(&declarator);
}

static bool is_pointer(Dwarf_Die *die)
{
	int tag = dwarf_tag(die);

	return tag == DW_TAG_pointer_type || tag == DW_TAG_ptr_to_member_type
	       || tag == DW_TAG_reference_type || tag == DW_TAG_rvalue_reference_type;
}

static void write_qualified(struct ct_build *b, Dwarf_Die *die, const char *word, const char *inner,
                            int level, struct ct_text *out)
{
	struct ct_text declarator = {0};
	Dwarf_Die target;
	bool has_target = ct_die_type(die, &target);

	if (has_target && is_pointer(&target)) {
		ct_text_addf(&declarator, "%s%s%s", word, *inner ? " " : "", inner);
		inner = declarator.data;
	} else {
		ct_text_addf(out, "%s ", word);
	}
	write_type(b, has_target ? &target : NULL, inner, level + 1, out);
	ct_text_deinit(&declarator);
}

static void add_parameters(struct ct_build *b, Dwarf_Die *die, int level, struct ct_text *out)
{
	const char *comma = "";
	Dwarf_Die child, type;

	ct_text_add_char(out, '(');
	if (dwarf_child(die, &child) == 0)
		do {
			Dwarf_Attribute attribute;
			bool artificial = false;

			if (dwarf_tag(&child) == DW_TAG_formal_parameter) {
				if (dwarf_formflag(dwarf_attr(&child, DW_AT_artificial, &attribute),
				                   &artificial) == 0 && artificial)
					continue; /* `this` */
				ct_text_add(out, comma);
				write_type(b, ct_die_type(&child, &type) ? &type : NULL, "", level + 1,
				           out);
			} else if (dwarf_tag(&child) == DW_TAG_unspecified_parameters) {
				ct_text_addf(out, "%s...", comma);
			} else {
				continue;
			}
			comma = ", ";
		} while (dwarf_siblingof(&child, &child) == 0);
	if (!*comma && dwarf_hasattr(die, DW_AT_prototyped))
		ct_text_add(out, "void");
	ct_text_add_char(out, ')');
}

static void write_function(struct ct_build *b, Dwarf_Die *die, const char *inner, int level,
                           struct ct_text *out)
{
	struct ct_text declarator = {0};
	Dwarf_Die target;

	ct_text_add(&declarator, inner);
	add_parameters(b, die, level, &declarator);
	write_type(b, ct_die_type(die, &target) ? &target : NULL, declarator.data, level + 1, out);
	ct_text_deinit(&declarator);
}

static void write_array(struct ct_build *b, Dwarf_Die *die, const char *inner, int level,
                        struct ct_text *out)
{
	bool vector = dwarf_hasattr(die, DW_AT_GNU_vector);
	struct ct_text declarator = {0};
	Dwarf_Attribute attribute;
	Dwarf_Die child, target;

	ct_text_add(&declarator, vector ? "__vector" : inner);
	if (dwarf_child(die, &child) == 0)
		do {
			Dwarf_Word n = 0;
			bool known;

			if (dwarf_tag(&child) != DW_TAG_subrange_type)
				continue;
			known = dwarf_formudata(dwarf_attr(&child, DW_AT_count, &attribute), &n) == 0;
			if (!known && dwarf_formudata(dwarf_attr(&child, DW_AT_upper_bound, &attribute),
			                              &n) == 0) {
				known = true;
				n++;
			}
			if (known)
				ct_text_addf(&declarator, "[%llu]", (unsigned long long) n);
			else
				ct_text_add(&declarator, "[]");
		} while (dwarf_siblingof(&child, &child) == 0);
	write_type(b, ct_die_type(die, &target) ? &target : NULL, declarator.data, level + 1, out);
	if (vector)
		add_inner(out, inner);
	ct_text_deinit(&declarator);
}

/* "int shape::*", "int (shape::*)(int)". */
static void write_member_pointer(struct ct_build *b, Dwarf_Die *die, const char *inner, int level,
                                 struct ct_text *out)
{
	struct ct_text sign = {0};
	Dwarf_Attribute attribute;
	Dwarf_Die owner;

	if (dwarf_formref_die(dwarf_attr(die, DW_AT_containing_type, &attribute), &owner))
		write_type(b, &owner, "", level + 1, &sign);
	ct_text_add(&sign, "::*");
	write_pointer(b, die, sign.data, inner, level, out);
	ct_text_deinit(&sign);
}

static void write_type(struct ct_build *b, Dwarf_Die *die, const char *inner, int level,
                       struct ct_text *out)
{
	if (level > DEEPEST || !die || b->values->name_left == 0) {
		ct_text_add(out, die ? "..." : "void");
		add_inner(out, inner);
		return;
	}
	b->values->name_left--;
	switch (dwarf_tag(die)) {
	case DW_TAG_pointer_type: write_pointer(b, die, "*", inner, level, out); break;
	case DW_TAG_reference_type: write_pointer(b, die, "&", inner, level, out); break;
	case DW_TAG_rvalue_reference_type: write_pointer(b, die, "&&", inner, level, out); break;
	case DW_TAG_ptr_to_member_type: write_member_pointer(b, die, inner, level, out); break;
	case DW_TAG_const_type: write_qualified(b, die, "const", inner, level, out); break;
	case DW_TAG_volatile_type: write_qualified(b, die, "volatile", inner, level, out); break;
	case DW_TAG_restrict_type: write_qualified(b, die, "restrict", inner, level, out); break;
	case DW_TAG_atomic_type: write_qualified(b, die, "_Atomic", inner, level, out); break;
	case DW_TAG_subroutine_type: write_function(b, die, inner, level, out); break;
	case DW_TAG_array_type: write_array(b, die, inner, level, out); break;
	case DW_TAG_structure_type: write_named(b, die, "struct", inner, out); break;
	case DW_TAG_class_type: write_named(b, die, "class", inner, out); break;
	case DW_TAG_union_type: write_named(b, die, "union", inner, out); break;
	case DW_TAG_enumeration_type: write_named(b, die, "enum", inner, out); break;
	default: write_named(b, die, "", inner, out); break;
	}
}

const char *ct_type_name(struct ct_build *b, Dwarf_Die *die)
{
	struct ct_text out = {0};
	const char *name;

	b->values->name_left = MOST_PIECES;
	write_type(b, die, "", 0, &out);
	name = ct_arena_strdup(&b->arena, out.data ? out.data : "");
	ct_text_deinit(&out);
	return name;
}
