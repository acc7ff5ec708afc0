/*
 * build.h - an index in the making: what the files of this folder hand to each other.
 *
 * The order, one file a step (build.c):
 *     elf.c       the file: text, symbols, relocations
 *     debug.c     where its debug information is
 *     dwarf.c     units, bodies, inlined instances     } functions.c turns names
 *     symbols.c   bodies that only symbols tell of     } into rows
 *     unwind.c    bodies that only the unwind table tells of
 *     calls.c     decodes the bodies: calls, jumps and where they go
 *     hooks.c     which of them report which function
 *     sites.c     the other calls of instrumented functions
 *     criterion.c which functions are tests, which Criterion's own
 *     lines.c     files and lines for all of it
 *     plans.c     types, and where arguments are at each enter hook } values.h has
 *     exits.c     what each exit hook stands before                 } their own list
 *     write.c     rows in their final order, and the file
 *
 * Numbers are rows of the arrays here, CT_NONE for none. Strings are kept in `arena`
 * until write.c puts them into the table.
 */
#ifndef CT_INDEX_BUILD_H
#define CT_INDEX_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <elfutils/libdw.h>

#include "arch/x86_64/decode.h"
#include "base/arena.h"
#include "base/map.h"
#include "format/index.h"
#include "index/elf.h"
#include "index/lists.h"

struct ct_source {
	const char *path;
	bool tests; /* it defines Criterion tests */
};

struct ct_unit {
	Dwarf_Die die;      /* with the children: of a split unit, if there is one */
	Dwarf_Die line_die; /* with the line table */
	const char *producer;
	uint32_t file;
	uint32_t functions, instrumented;
	uint32_t flags, language;
	bool is_c;
};

/* A function of the source. */
struct ct_function {
	const char *name;
	const char *linkage;
	uint64_t address, size; /* of its main body */
	uint32_t file, line, end_line;
	uint32_t unit;
	uint32_t flags;
	uint32_t sites;
	uint32_t row; /* in the file; CT_NONE: left out */
	bool used;    /* has text, or a hook or a site is its */
};

/* An out-of-line body: a function has one for each clone and each copy. */
struct ct_body {
	uint64_t entry;
	Dwarf_Die die; /* addr NULL: only symbols tell of it */
	uint32_t function, unit;
	bool hooked;  /* an enter hook in it reports its own function */
	bool part;    /* a piece that the compiler split off: it reports nothing itself */
	bool counted; /* its calls are the function's */
	bool merged;  /* some enter hook in it reports several inlined instances at once */
	bool open;    /* control may come to some place in it in a way that its jumps do not tell */
};

/* A piece of text of a body. */
struct ct_span {
	uint64_t low, high;
	uint32_t body;
};

/* An inlined instance in a body. Parents come before their children. */
struct ct_instance {
	Dwarf_Die die;
	uint32_t body;
	uint32_t parent;   /* instance around it, or CT_NONE */
	uint32_t function; /* CT_NONE until asked for */
	uint16_t depth;    /* from 1 */
	bool hooked;
};

struct ct_instance_range {
	uint64_t low, high;
	uint32_t instance;
};

/* Where a call goes. */
enum ct_hook_kind { CT_HOOK_NONE, CT_HOOK_ENTER, CT_HOOK_EXIT, CT_HOOK_EITHER };
enum ct_criterion { CT_CRITERION_NONE, CT_CRITERION_MAIN, CT_CRITERION_THEORY };
struct ct_callee {
	uint64_t address;  /* in this file, or 0 */
	const char *name;  /* by which it is called through PLT or GOT, or NULL */
	uint8_t kind;      /* enum ct_site_kind */
	uint8_t hook;      /* enum ct_hook_kind */
	uint8_t criterion; /* enum ct_criterion */
};

/* A call, or a jump out of its span, in order of address. */
struct ct_call {
	uint64_t address; /* behind the instruction */
	uint32_t body;
	uint32_t instance; /* the innermost that covers the instruction, or CT_NONE */
	uint32_t callee;
	uint8_t length; /* of the instruction */
	bool jump;
	struct ct_value arguments[3]; /* known for calls of hooks and of Criterion only */
};

struct ct_hook {
	uint64_t address;
	uint64_t call; /* the instruction */
	uint32_t function, body;
	uint32_t instance; /* that it reports; CT_NONE: the body, or not known */
	uint16_t depth;
	bool exit, tail;
};

struct ct_site {
	struct ct_index_site row; /* strings and functions are rows here until it is written */
	uint32_t body;
	uint32_t instance; /* of its caller, or CT_NONE */
	uint64_t at;       /* an address inside the instruction */
	const char *name;  /* of an external callee, or NULL */
	const struct ct_hook *hook; /* INLINED: its enter hook; else NULL */
};

/* How hooks were told: for those who maintain this. */
struct ct_build_counts {
	uint32_t by_operand; /* the address that the hook is given was found, and has a function */
	uint32_t by_debug;   /* it was not: the debug information said which function */
	uint32_t disagree;   /* both, and the debug information said another function */
	uint32_t lost;       /* neither: left out */
	uint32_t disputed;   /* parameters that the debug information has elsewhere than the text proves */
};

#define CT_ARRAY(type) struct { type *items; uint32_t count, capacity; }

struct ct_build {
	struct ct_arena arena;
	struct ct_elf elf;
	struct ct_elf debug_elf; /* separate debug file; path NULL: none */
	Dwarf *dwarf;            /* NULL: none */
	int dwarf_fd;
	CT_ARRAY(struct ct_source) files;
	CT_ARRAY(struct ct_unit) units;
	CT_ARRAY(struct ct_function) functions;
	CT_ARRAY(struct ct_body) bodies;
	CT_ARRAY(struct ct_span) spans; /* sorted and disjoint once ct_sort_spans() was called */
	CT_ARRAY(struct ct_instance) instances;
	CT_ARRAY(struct ct_instance_range) instance_ranges;
	CT_ARRAY(struct ct_callee) callees;
	CT_ARRAY(struct ct_call) calls;
	CT_ARRAY(struct ct_hook) hooks;
	CT_ARRAY(struct ct_site) sites;
	struct ct_map file_map;      /* path -> file */
	struct ct_map unit_file_map; /* unit of debug information, index in it -> file */
	struct ct_map function_map;  /* name, file, line -> function */
	struct ct_map entry_map;     /* address -> body: the linker keeps one of several copies */
	struct ct_map die_map;       /* abstract origin -> function */
	struct ct_map callee_map;
	struct ct_build_counts counts;
	struct ct_values *values; /* types and plans: values.h */
	bool criterion, own_hooks;
	struct ct_lists lists[2]; /* of ranges */
	uint64_t ranges_left; /* damaged debug information may hold one list of ranges many times */
	uint32_t split_missing; /* units whose .dwo file was not found */
};

/* Appends a zeroed item to a CT_ARRAY; evaluates to its number, or to its address. */
#define ct_append(array) \
	(ct_array_grow((void **) &(array)->items, (array)->count, &(array)->capacity, \
	               sizeof *(array)->items), (array)->count++)
#define ct_push(array) \
	(ct_array_grow((void **) &(array)->items, (array)->count, &(array)->capacity, \
	               sizeof *(array)->items), &(array)->items[(array)->count++])
void ct_array_grow(void **items, uint32_t count, uint32_t *capacity, size_t size);

/* debug.c */
void ct_debug_open(struct ct_build *b);
void ct_debug_close(struct ct_build *b);

/* dwarf.c */
void ct_dwarf_walk(struct ct_build *b);
/* The function of a subprogram or of an inlined instance; `entry` 0: not known. */
uint32_t ct_dwarf_function(struct ct_build *b, Dwarf_Die *die, uint32_t unit, uint64_t entry);
/* The file that an attribute numbers, or CT_NONE. */
uint32_t ct_dwarf_numbered_file(struct ct_build *b, Dwarf_CU *cu, uint64_t number);
uint32_t ct_dwarf_file(struct ct_build *b, Dwarf_Attribute *attribute);
uint32_t ct_instance_function(struct ct_build *b, uint32_t instance);

/* functions.c */
uint32_t ct_function_add(struct ct_build *b, const char *name, const char *linkage,
                         uint32_t file, uint32_t line);
uint32_t ct_body_add(struct ct_build *b, uint32_t function, uint32_t unit, uint64_t entry);
void ct_span_add(struct ct_build *b, uint32_t body, uint64_t low, uint64_t high);
/* Sorts, drops what lies outside the text, and lets the first of two overlapping win. */
void ct_sort_spans(struct ct_build *b);
/* The span that covers an address, or NULL. */
const struct ct_span *ct_span_at(const struct ct_build *b, uint64_t address);
/* Chooses each function's main body, and gives it its address, size, unit and flags. */
void ct_settle_functions(struct ct_build *b);
uint32_t ct_file_add(struct ct_build *b, const char *path);

/* demangle.c: strings live in the arena, or are the argument */
const char *ct_demangle(struct ct_build *b, const char *symbol);
/* Length of a symbol without what compilers append to clones (".constprop.0"); `*part`:
 * it names a piece split off (".part", ".cold"). */
size_t ct_symbol_stem(const char *symbol, bool *part);

/* symbols.c */
void ct_symbols_walk(struct ct_build *b);
/* The symbol to call the function at this address by, or NULL. */
const struct ct_symbol *ct_symbol_at(const struct ct_build *b, uint64_t address);
/* Whether the file defines a function of that name. */
bool ct_defines(const struct ct_build *b, const char *name);
/* Whether a defined symbol at this address has that name. */
bool ct_symbol_is(const struct ct_build *b, uint64_t address, const char *name);

/* unwind.c */
void ct_unwind_walk(struct ct_build *b);

/* calls.c */
void ct_find_calls(struct ct_build *b);
/* The function that starts, or has a body that starts, at an address; or CT_NONE. */
uint32_t ct_function_entered(const struct ct_build *b, uint64_t address);

/* hooks.c, sites.c, criterion.c, lines.c */
void ct_find_hooks(struct ct_build *b);
void ct_find_sites(struct ct_build *b);
void ct_number_sites(struct ct_build *b); /* ordinals; wants lines */
void ct_find_tests(struct ct_build *b);
void ct_find_lines(struct ct_build *b);

/* write.c */
bool ct_build_write(struct ct_build *b, const char *path, struct ct_error *err);

/* build.c */
bool ct_build_open(struct ct_build *b, const char *binary, struct ct_error *err);
void ct_build_run(struct ct_build *b);
void ct_build_close(struct ct_build *b);

#endif
