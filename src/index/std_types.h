/* std_types.h - what std_types.c and std_shapes.c look for in the DIEs of libstdc++'s classes. */
#ifndef CT_INDEX_STD_TYPES_H
#define CT_INDEX_STD_TYPES_H

#include "index/values.h"

struct ct_std_member {
	uint64_t offset; /* in the whole */
	uint64_t size;   /* 0: not known */
	Dwarf_Die type;
};

bool ct_std_begins(const char *text, const char *with);
/* The first of that name among members, bases, and theirs. */
bool ct_std_find(Dwarf_Die *die, const char *name, struct ct_std_member *found);
bool ct_std_member_at(Dwarf_Die *die, const char *name, uint64_t offset);
/* The template's argument of that number, of those that are types (a pack counts as its members), or are numbers. */
bool ct_std_argument(Dwarf_Die *die, unsigned number, Dwarf_Die *type);
bool ct_std_number(Dwarf_Die *die, unsigned number, uint64_t *value);

/* std_shapes.c: the type becomes a structure with a shape (format/plan.h); false: it is none of those. */
bool ct_std_shape(struct ct_build *b, uint32_t type, Dwarf_Die *die, const char *scope, const char *name, unsigned level);

#endif
