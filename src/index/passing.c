/*
 * passing.c - whether the C++ ABI passes and returns a class by hidden reference: if its copy
 * constructor, move constructor or destructor does something (Itanium C++ ABI, "non-trivial
 * for the purposes of calls"). clang says so (DW_AT_calling_convention); gcc 12 does not, so
 * the class is looked at. Where that cannot tell, nothing is claimed of such values.
 */
#include <dwarf.h>
#include <string.h>

#include "index/values.h"

enum { DEEPEST = 12, MOST_CHILDREN = 20000 };

struct look {
	unsigned left; /* children that will still be looked at: damaged types may hold themselves */
	bool unsure;
};

static bool by_memory(struct look *l, Dwarf_Die *class, int level);

static const char *name_of(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr_integrate(die, DW_AT_name, &attribute));
}

static uint64_t number(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value = 0;

	return dwarf_formudata(dwarf_attr(die, name, &attribute), &value) == 0 ? value : 0;
}

static bool flag(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	bool value = false;

	return dwarf_formflag(dwarf_attr(die, name, &attribute), &value) == 0 && value;
}

static bool is_class(Dwarf_Die *die)
{
	int tag = dwarf_tag(die);

	return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

/* The class that a member is of, or an array of; false: none. */
static bool class_of(Dwarf_Die *die, Dwarf_Die *class)
{
	for (int i = 0; i < DEEPEST && ct_die_type(die, class); i++) {
		if (is_class(class))
			return true;
		switch (dwarf_tag(class)) {
		case DW_TAG_typedef: case DW_TAG_const_type: case DW_TAG_volatile_type:
		case DW_TAG_array_type: break;
		default: return false;
		}
		die = class;
	}
	return false;
}

/* Whether a parameter is a reference to the class; what is another DIE of that name may be. */
static bool refers_to(struct look *l, Dwarf_Die *parameter, Dwarf_Die *class)
{
	Dwarf_Die type, target;
	const char *name, *own = name_of(class);

	if (!ct_die_type(parameter, &type)
	    || (dwarf_tag(&type) != DW_TAG_reference_type
	        && dwarf_tag(&type) != DW_TAG_rvalue_reference_type)
	    || !class_of(&type, &target))
		return false;
	name = name_of(&target);
	if (target.addr != class->addr && name && own && strcmp(name, own) == 0)
		l->unsure = true;
	return target.addr == class->addr;
}

/* Parameters that the source writes: their number, and the first of them. */
static unsigned parameters_of(Dwarf_Die *function, Dwarf_Die *first)
{
	unsigned count = 0;
	Dwarf_Die child;

	if (dwarf_child(function, &child) == 0)
		do {
			if (dwarf_tag(&child) == DW_TAG_formal_parameter && !flag(&child, DW_AT_artificial)
			    && count++ == 0)
				*first = child;
		} while (count < 16 && dwarf_siblingof(&child, &child) == 0);
	return count;
}

static bool is_constructor(const char *name, const char *class)
{
	size_t length = class ? strcspn(class, "<") : 0;

	return length && strncmp(name, class, length) == 0 && !name[length];
}

/* What was met in a class: a copy or move constructor that may be all that is left, or that may be none. */
struct facts {
	bool kept, doubtful;
};

static void note_constructor(struct look *l, Dwarf_Die *function, unsigned count, struct facts *facts)
{
	if (count > 1) /* the others may have default arguments */
		l->unsure = true;
	else if (flag(function, DW_AT_deleted))
		facts->doubtful = true;
	else
		facts->kept |= !flag(function, DW_AT_artificial);
}

/* A function of the class that makes it pass by reference. */
static bool does_something(struct look *l, Dwarf_Die *function, Dwarf_Die *class, struct facts *facts)
{
	const char *name = name_of(function);
	bool given = flag(function, DW_AT_artificial)
	             || number(function, DW_AT_defaulted) == DW_DEFAULTED_in_class;
	Dwarf_Die first, type;
	unsigned count;

	if (number(function, DW_AT_virtuality))
		return true;
	if (!name)
		return false;
	if (name[0] == '~')
		return !given;
	count = parameters_of(function, &first);
	if (count == 0 || !refers_to(l, &first, class))
		return false;
	if (strcmp(name, "operator=") == 0) /* of a move: then there is no copy constructor */
		facts->doubtful |= !flag(function, DW_AT_artificial) && ct_die_type(&first, &type)
		                   && dwarf_tag(&type) == DW_TAG_rvalue_reference_type;
	if (!is_constructor(name, name_of(class)))
		return false;
	note_constructor(l, function, count, facts);
	return count == 1 && !given && !flag(function, DW_AT_deleted);
}

static bool by_memory(struct look *l, Dwarf_Die *class, int level)
{
	Dwarf_Die child, inner;
	struct facts facts = {0};

	if (level > DEEPEST || dwarf_hasattr(class, DW_AT_declaration)) {
		l->unsure = true;
		return false;
	}
	if (number(class, DW_AT_calling_convention))
		return number(class, DW_AT_calling_convention) == DW_CC_pass_by_reference;
	if (dwarf_child(class, &child) != 0)
		return false;
	do {
		int tag = dwarf_tag(&child);

		if (l->left == 0 || l->left-- == 1) {
			l->unsure = true;
			return false;
		}
		if (tag == DW_TAG_subprogram && does_something(l, &child, class, &facts))
			return true;
		if (tag == DW_TAG_inheritance && number(&child, DW_AT_virtuality))
			return true;
		if ((tag == DW_TAG_member || tag == DW_TAG_inheritance) && !flag(&child, DW_AT_external)
		    && !flag(&child, DW_AT_declaration) && class_of(&child, &inner)
		    && by_memory(l, &inner, level + 1))
			return true;
	} while (dwarf_siblingof(&child, &child) == 0);
	l->unsure |= facts.doubtful && !facts.kept;
	return false;
}

bool ct_passed_by_memory(struct ct_build *b, Dwarf_Die *class, bool *unsure)
{
	struct look l = { .left = MOST_CHILDREN };
	bool memory;

	*unsure = false;
	if (ct_die_is_c(b, class))
		return false;
	memory = by_memory(&l, class, 0);
	*unsure = l.unsure && !memory;
	return memory;
}
