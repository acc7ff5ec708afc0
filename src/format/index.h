/*
 * index.h - the index (.ctidx): what a binary could call. Made once per build-id,
 * out of process, by `calltrace index`; mapped read-only by everybody else.
 *
 * Layout. A `struct ct_index_header`, then tables of fixed-size rows, each at the
 * offset and with the count that the header gives, 8-byte aligned; then the string
 * table, in which a string is a 32-bit offset to NUL-terminated bytes, offset 0
 * being "". Addresses are those in the file (before the load bias). CT_NONE stands
 * for "no row".
 *
 * Validity. ct_index_open() checks every offset, count, row reference and string
 * once, so that a reader may follow them without looking; a file that fails is
 * refused, and made anew from the binary.
 *
 * Vocabulary. A *function* is one of the source's: an out-of-line body, its clones
 * (.constprop, .isra, .part, .cold) and all inlined instances are one row. A *hook*
 * is one call of __cyg_profile_func_enter or _exit in the text. A *site* is one
 * call instruction of an instrumented function, hooks left out, or one inlined
 * instance that has an enter hook.
 */
#ifndef CT_FORMAT_INDEX_H
#define CT_FORMAT_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <calltrace/error.h>

#include "format/plan.h"

#define CT_INDEX_MAGIC "ctindex\n"
#define CT_INDEX_VERSION 7 /* raised also where what it says would be another: indexes are cached */
#define CT_NONE UINT32_MAX

struct ct_table {
	uint64_t offset;
	uint32_t count;
	uint32_t row_size;
};

struct ct_index_header {
	char magic[8];
	uint32_t version;
	uint32_t size; /* of this header */
	uint64_t file_size;
	uint32_t build_id_size; /* 0: none; then `build_id` begins with 16 bytes of a hash of the content */
	uint8_t build_id[32];
	uint32_t flags; /* CT_INDEX_* */
	uint64_t text_low, text_high; /* all executable segments, high exclusive */
	uint32_t binary;              /* string: path at the time */
	uint32_t debug_file;          /* string: separate debug file used, or "" */
	uint32_t tool;                /* string: version that made it */
	uint32_t reserved;
	uint64_t plans_hash; /* of what decides how values are laid out: recorder and reader must agree */
	struct ct_table strings; /* row_size 1 */
	struct ct_table files, units, functions, ranges, hooks, sites;
	struct ct_table types, members, enumerators, plans, plan_args, plan_ops;
	struct ct_table expressions; /* row_size 1; trace/expression.h says what is in it */
	struct ct_table site_values;
	struct ct_table exit_values;
	struct ct_table reserved_tables[4];
};

#define CT_INDEX_HAS_DWARF 1u   /* names, files, lines from debug information */
#define CT_INDEX_HAS_SYMTAB 2u  /* .symtab is there (else only dynamic symbols) */
#define CT_INDEX_INSTRUMENTED 4u /* it calls the hooks at all */
#define CT_INDEX_SHARED 8u       /* a shared library (no PT_INTERP), not an executable */
#define CT_INDEX_CRITERION 16u   /* it has Criterion tests (section cr_tst) */
#define CT_INDEX_SPLIT_MISSING 64u /* some units' .dwo files were not found */
#define CT_INDEX_OWN_HOOKS 32u   /* it defines the hooks itself: linked statically */

struct ct_index_file {
	uint32_t name; /* string: absolute where the debug information allows it, cleaned */
	uint32_t flags; /* CT_FILE_* */
};
#define CT_FILE_SYSTEM 1u /* under /usr/include, /usr/lib, the compiler's folders */
#define CT_FILE_TESTS 2u  /* it defines Criterion tests */

/* A compilation unit, for `calltrace doctor`. */
struct ct_index_unit {
	uint32_t file;     /* row of files, or CT_NONE */
	uint32_t producer; /* string: compiler and its options, as DW_AT_producer has them */
	uint32_t functions, instrumented; /* out-of-line functions in it, and how many call the hooks */
	uint32_t flags; /* CT_UNIT_* */
	uint32_t language; /* DW_LANG_* */
};
#define CT_UNIT_OPTIMISED 1u
#define CT_UNIT_LTO 2u
#define CT_UNIT_DWARF(flags) ((flags) >> 8 & 255u) /* version of its debug information */

struct ct_index_function {
	uint64_t address; /* entry of the out-of-line body; 0 if it has none */
	uint64_t size;
	uint32_t name;    /* string: as written in the source, C++ qualified and demangled with parameters */
	uint32_t linkage; /* string: the symbol */
	uint32_t file, line; /* of the definition; CT_NONE and 0: not known */
	uint32_t end_line;   /* 0: not known */
	uint32_t unit;       /* or CT_NONE */
	uint32_t flags;      /* CT_FUNCTION_* */
	uint32_t sites;      /* how many rows of `sites` have it as caller */
};
#define CT_FUNCTION_INSTRUMENTED 1u /* an enter hook reports it: it is in the denominator */
#define CT_FUNCTION_STATIC 2u
#define CT_FUNCTION_PLUMBING 4u /* Criterion's: the generated trampoline of a test, and the like */
#define CT_FUNCTION_TEST 8u     /* the body of a Criterion test */
#define CT_FUNCTION_NO_DEBUG 16u /* known from the symbol table only */
#define CT_FUNCTION_ARTIFICIAL 32u /* made by the compiler: _GLOBAL__sub_I_ and the like */

/* Address range -> function; sorted by low, disjoint. A function may have several. */
struct ct_index_range {
	uint64_t low, high;
	uint32_t function;
	uint32_t reserved;
};

/*
 * Sorted by address. An exit hook may serve several functions, where a compiler joined
 * their ends: one of them is named. A hook of which nothing tells whose it is (an enter
 * hook in a binary without debug information) is left out.
 */
struct ct_index_hook {
	uint64_t address;  /* return address of the hook call */
	uint32_t function; /* the function that it reports (innermost inlined instance) */
	uint32_t outer;    /* the out-of-line function whose text it is in */
	uint32_t site;     /* enter hook of an inlined instance: its row of sites; else CT_NONE */
	uint16_t depth;    /* 0: out-of-line body; n: nth level of inlining */
	uint8_t exit;      /* 0 enter, 1 exit */
	uint8_t tail;      /* reached by a jump: returns to the caller */
	uint32_t plan;     /* enter hook: its row of plans; CT_NONE: no debug information. Exit
	                      hook of CT_EXIT_PLAIN: its row of exit_values, or CT_NONE */
	uint8_t exit_class; /* exit hook: enum ct_exit_class */
	uint8_t reserved[3];
};

enum ct_site_kind {
	CT_SITE_DIRECT = 0,   /* call of a function in this binary */
	CT_SITE_EXTERNAL = 1, /* through the PLT or GOT to a name: another module's, or ours by interposition */
	CT_SITE_INDIRECT = 2, /* through a pointer */
	CT_SITE_INLINED = 3,  /* no call instruction: an inlined instance with hooks */
};

/* Sorted by address. */
struct ct_index_site {
	uint64_t address; /* return address; INLINED: that of its enter hook */
	uint32_t caller;  /* function that makes the call in the source (innermost inlined instance that is instrumented) */
	uint32_t outer;   /* the out-of-line function whose text it is in */
	uint32_t callee;  /* row of functions, or CT_NONE */
	uint32_t callee_name; /* string: EXTERNAL: the symbol, without version; else "" */
	uint32_t file, line;  /* of the call; CT_NONE and 0: not known */
	uint16_t column;      /* 0: not known */
	uint16_t ordinal; /* tells apart sites of one (caller, file, line, callee), in order of address, within one body */
	uint8_t kind;     /* enum ct_site_kind */
	uint8_t flags;    /* CT_SITE_* */
	uint8_t reserved[2];
};
#define CT_SITE_TAIL 1u /* a jump: the callee sees the return address of another call as its site */
/* Goes to a body of an instrumented function that reports no enter: a piece split off it
 * (.part), a copy in a file that is not instrumented. So it is never seen in a trace. */
#define CT_SITE_PART 2u

/*
 * What a call passes for an argument that the callee's plan has from its caller. Sorted by
 * site, then argument; all rows of a site have one plan. A call seen at the enter hook with that plan
 * and with that return address came from that call instruction, and was passed this.
 */
struct ct_index_site_value {
	uint64_t site;     /* the return address */
	uint32_t plan;     /* row of plans */
	uint16_t argument; /* of it; it is CT_HOW_CALLER */
	uint8_t kind;      /* enum ct_site_value_kind */
	uint8_t reg;       /* REGISTER: which of ct_plan.kept; LIVE: DWARF's number; else 0 */
	int64_t number;
};
enum ct_site_value_kind {
	CT_SITE_VALUE_CONSTANT = 0, /* `number` */
	CT_SITE_VALUE_REGISTER = 1, /* what the register had when the function was entered, plus `number` */
	CT_SITE_VALUE_LIVE = 2,     /* what the register has at the hook, plus `number` */
	CT_SITE_VALUE_STACK = 3,    /* the callee's canonical frame address plus `number`: in the caller's frame */
	CT_SITE_VALUE_MEMORY = 4,   /* the word at that address */
	CT_SITE_VALUE_ADDRESS = 5,  /* `number` is an address in the file: plus the load bias */
	CT_SITE_VALUE_KINDS
};
#define CT_SITE_VALUE_FAR (1 << 20) /* MEMORY: no caller's frame reaches so far; not below its end either */

struct ct_index {
	const struct ct_index_header *header;
	const char *strings;
	const struct ct_index_file *files;
	const struct ct_index_unit *units;
	const struct ct_index_function *functions;
	const struct ct_index_range *ranges;
	const struct ct_index_hook *hooks;
	const struct ct_index_site *sites;
	const struct ct_index_type *types;
	const struct ct_index_member *members;
	const struct ct_index_enumerator *enumerators;
	const struct ct_plan *plans;
	const struct ct_plan_arg *plan_args;
	const struct ct_plan_op *plan_ops;
	const uint8_t *expressions;
	const struct ct_index_site_value *site_values;
	const struct ct_exit_value *exit_values;
	size_t size; /* of the mapping */
};

/*
 * Maps and checks an index. `trusted_only` refuses a file that is not owned by this
 * user (or root) or that others may write. Needs libc only; no allocation.
 */
bool ct_index_open(const char *path, bool trusted_only, struct ct_index *out,
                   struct ct_error *err);
void ct_index_close(struct ct_index *index);
/* The same of what somebody else has mapped, and keeps mapped; makes no system call. */
bool ct_index_use(const void *data, size_t size, struct ct_index *out);

/* plan.c: the part of that check that is about types and plans. For index.c only. */
bool ct_index_plans_valid(const struct ct_index *index);

/* What an index leaves unknown, and what to do about it, to follow the binary's name and ": "; or NULL. */
const char *ct_index_shortfall(uint32_t flags);

static inline const char *ct_index_string(const struct ct_index *index, uint32_t string)
{
	return index->strings + string;
}

/* Look-ups by address in the file; NULL: none. Async-signal-safe. */
const struct ct_index_hook *ct_index_hook_at(const struct ct_index *index, uint64_t address);
const struct ct_index_site *ct_index_site_at(const struct ct_index *index, uint64_t address);
/* The first of the values that a site passes to the hook with that plan (row; CT_NONE: whichever). */
const struct ct_index_site_value *ct_index_site_value_at(const struct ct_index *index,
                                                         uint64_t site, uint32_t plan);
/* The function whose text covers `address`, out-of-line. */
const struct ct_index_function *ct_index_function_at(const struct ct_index *index,
                                                     uint64_t address);

/*
 * Where the index of a build-id is cached: "$CALLTRACE_CACHE/<hex>.ctidx", else
 * "$XDG_CACHE_HOME/calltrace/...", else "$HOME/.cache/calltrace/...", else
 * "/tmp/calltrace-<uid>/...". False if it does not fit.
 */
bool ct_index_cache_path(const uint8_t *build_id, size_t build_id_size, char *out, size_t size);

#endif
