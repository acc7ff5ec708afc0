/*
 * values.h - types and capture plans in the making (format/plan.h says what they are).
 *
 *     scopes.c      where types are: names of scopes, definitions by name
 *     type_names.c  how a type is written
 *     types.c       DIEs -> types, breadth first from the parameters
 *     passing.c     whether a class is passed by reference
 *     std_types.c   the libstdc++ types that are shown as a person writes them
 *     std_shapes.c  those of them that stay structures
 *     settle_types.c  what cannot be, left out
 *     merge_types.c the same type of several units becomes one
 *     abi.c         in which registers values are passed and returned
 *     locations.c   a location description -> places
 *     lists.c       which lists of them can be read
 *     places.c      a parameter at a hook: which place is right, or why none is
 *     follow.c      what pointers point to
 *     counted.c     buffers whose size is the next parameter
 *     callers.c     what callers pass, where the callee cannot tell any more
 *     said.c        what their debug information says of it
 *     plans.c       all of it, for each enter hook
 *     exits.c       what may be done at each exit hook
 */
#ifndef CT_INDEX_VALUES_H
#define CT_INDEX_VALUES_H

#include "base/text.h"
#include "index/build.h"

/* The new item itself: the array is where it is only once it has grown. */
#define ct_add(array) (ct_append(array), &(array)->items[(array)->count - 1])

/* How far from a parameter, in pointers, the contents of a type are still wanted. */
enum { CT_LEVEL_CONTENTS = 2, CT_LEVELS = 4 };

struct ct_type {
	struct ct_index_type row; /* `target` is a type here; `name` is not set */
	const char *name;
	Dwarf_Die die;
	uint8_t level;     /* fewest pointers on the way here */
	uint8_t dimension; /* ARRAY: which of the dimensions of `die`, from 0 */
	bool filled;
	bool unsure; /* a class of which it is not known whether it is passed by reference */
	uint32_t merged; /* row in the file */
};

struct ct_type_member {
	struct ct_index_member row;
	const char *name;
};

struct ct_type_enumerator {
	uint64_t value;
	const char *name;
};

struct ct_planned_arg {
	struct ct_plan_arg row;
	const char *name;
};

/* A definition of a class, structure, union or enumeration. */
struct ct_definition {
	Dwarf_Die die;
	uint32_t next; /* another one of that name, or CT_NONE */
};

struct ct_values {
	CT_ARRAY(struct ct_type) types;
	CT_ARRAY(struct ct_type_member) members;
	CT_ARRAY(struct ct_type_enumerator) enumerators;
	CT_ARRAY(struct ct_plan) plans; /* args, ops: numbers of the arrays below */
	CT_ARRAY(struct ct_planned_arg) args;
	CT_ARRAY(struct ct_plan_op) ops;
	CT_ARRAY(uint32_t) hook_plans;    /* for each hook; exit hooks: number of an exit value */
	CT_ARRAY(uint8_t) exit_classes;   /* for each hook */
	CT_ARRAY(struct ct_index_site_value) site_values;
	CT_ARRAY(struct ct_exit_value) exit_values;
	struct ct_map exit_map; /* itself -> its number */
	struct ct_callers *callers; /* or NULL: nobody asked yet */
	bool *known; /* of each body, or NULL: ct_callers_know() */
	struct ct_text expressions;
	CT_ARRAY(uint32_t) waiting[CT_LEVELS]; /* types to be filled, by level */
	struct ct_map type_map; /* address of the DIE, dimension -> type */
	CT_ARRAY(struct ct_definition) definitions;
	struct ct_map definition_map; /* kind and qualified name -> the first */
	CT_ARRAY(const char *) scopes;
	struct ct_map scope_map; /* address of the DIE -> scope */
	bool scoped;
	uint32_t merged_count; /* types in the file */
	Elf *elf;             /* the binary, for its unwind table */
	Dwarf_CFI *cfi;       /* of .eh_frame, or NULL */
	Dwarf_CFI *debug_cfi; /* of .debug_frame, or NULL; libdw's */
	struct ct_lists lists;
	const Dwarf_CU *language_cu; /* last asked for */
	bool language_is_c;
	unsigned name_left; /* pieces that the name under way may still have */
};

/* scopes.c */
const char *ct_scope_of(struct ct_build *b, Dwarf_Die *die); /* "ns::outer::", or "" */
/* The definition that a declaration is one of, if there is exactly one. */
bool ct_definition_of(struct ct_build *b, Dwarf_Die *die, Dwarf_Die *definition);
bool ct_die_is_c(struct ct_build *b, Dwarf_Die *die);

/* type_names.c; in the arena. `die` NULL: void */
const char *ct_type_name(struct ct_build *b, Dwarf_Die *die);

/* types.c. NULL: void, CT_NONE */
uint32_t ct_type_add(struct ct_build *b, Dwarf_Die *die, unsigned level);
uint32_t ct_type_of(struct ct_build *b, Dwarf_Die *die, unsigned level); /* its DW_AT_type */
void ct_types_fill(struct ct_build *b);
/* Without typedefs and qualifiers; CT_NONE stays. */
uint32_t ct_type_bare(const struct ct_build *b, uint32_t type);
bool ct_is_by_memory(const struct ct_build *b, uint32_t type); /* passed by hidden reference */
bool ct_type_is_const(const struct ct_build *b, uint32_t type);
/* The DIE that DW_AT_type of another names, declarations and signatures followed. */
bool ct_die_type(Dwarf_Die *die, Dwarf_Die *type);
bool ct_die_size(const Dwarf_Die *die, uint64_t *size); /* bytes; false: not known */

/* padding.c: whether no member is in these bytes */
bool ct_is_padding(const struct ct_build *b, uint32_t type, uint64_t at, uint64_t size);

/* passing.c; `*unsure`: it may be either */
bool ct_passed_by_memory(struct ct_build *b, Dwarf_Die *class, bool *unsure);

/* std_types.c */
bool ct_std_type(struct ct_build *b, uint32_t type, Dwarf_Die *die, unsigned level);

/* settle_types.c */
void ct_types_settle(struct ct_build *b);

/* merge_types.c */
void ct_types_merge(struct ct_build *b);

/* abi.c */
enum ct_class { CT_CLASS_NONE, CT_CLASS_INTEGER, CT_CLASS_SSE, CT_CLASS_SSE_UP, CT_CLASS_X87,
                CT_CLASS_X87_UP, CT_CLASS_COMPLEX_X87, CT_CLASS_MEMORY, CT_CLASS_UNSUPPORTED };
/* How a type is passed: up to two classes. */
void ct_abi_classify(const struct ct_build *b, uint32_t type, uint8_t class[2]);
void ct_abi_return(const struct ct_build *b, uint32_t type, struct ct_plan *plan);
/* Where parameters are at entry: registers in order of the psABI, or the caller's frame. */
struct ct_abi_place {
	uint8_t count;  /* of registers; 0: at the canonical frame address plus `offset` */
	uint8_t regs[2];
	bool reference; /* the place has the address of the value */
	bool known;
	int32_t offset;
};
struct ct_abi {
	unsigned general, vector;
	int32_t stack;
	bool lost;       /* nothing behind is known */
	bool stack_lost; /* nothing behind on the stack is */
};
void ct_abi_begin(const struct ct_build *b, uint32_t return_type, struct ct_abi *abi);
struct ct_abi_place ct_abi_next(const struct ct_build *b, uint32_t type, struct ct_abi *abi);

/* plans.c, exits.c */
void ct_make_plans(struct ct_build *b);
void ct_class_exits(struct ct_build *b);
void ct_values_deinit(struct ct_build *b);

#endif
