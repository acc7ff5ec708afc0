/*
 * places.h - where a value is, as a location description says (locations.c), and whether
 * that can be had at a hook (places.c).
 */
#ifndef CT_INDEX_PLACES_H
#define CT_INDEX_PLACES_H

#include "arch/x86_64/track.h"
#include "index/values.h"

enum { CT_PIECES = 16, CT_PLACE_NUMBER = 254 };

enum ct_place_kind {
	CT_PLACE_LOST = 0, /* optimised out */
	CT_PLACE_UNKNOWN,  /* not understood */
	CT_PLACE_REGISTER, /* in `reg` */
	CT_PLACE_ENTRY,    /* the value is what `reg` held at entry */
	CT_PLACE_FRAME,    /* in memory at the canonical frame address plus `offset` */
	CT_PLACE_MEMORY,   /* in memory at `reg` plus `offset`; CT_REG_NONE: at an address of the file */
	CT_PLACE_ENTRY_MEMORY, /* in memory at what `reg` held at entry */
	CT_PLACE_POINTED,  /* in memory; its address is at the canonical frame address plus `offset` */
	CT_PLACE_POINTED_MEMORY, /* the same; its address is at `reg` plus `offset` */
	CT_PLACE_VALUE,    /* the value is `reg` plus `offset`; CT_PLACE_NUMBER: just the number */
	CT_PLACE_BYTES,    /* the value is `bytes` */
	CT_PLACE_COMPUTED, /* the value is that of an expression */
};

struct ct_place {
	uint8_t kind;
	uint8_t reg;
	uint32_t size; /* of a piece; 0: all there is */
	int64_t offset;
	const uint8_t *bytes;
	uint32_t byte_count;
};

struct ct_location {
	uint32_t count;
	struct ct_place pieces[CT_PIECES];
	Dwarf_Attribute attribute;
	const Dwarf_Op *ops;
	size_t op_count;
};

/* A register plus a number. */
struct ct_linear {
	uint8_t reg; /* CT_REG_NONE: not known */
	int64_t offset;
};

/* What is needed to make sense of the locations of one body. */
struct ct_frame {
	struct ct_lists *lists;
	Dwarf_Attribute frame_base;
	bool has_base;
};

/* The canonical frame address by the unwind table. False: it says nothing, or is not that simple. */
bool ct_frame_at(struct ct_build *b, uint64_t address, struct ct_linear *cfa);

/* locations.c: false: the attribute has no location there. */
bool ct_location_at(Dwarf_Attribute *attribute, uint64_t address, const struct ct_frame *frame,
                    struct ct_location *out);
/* Its expression for trace/expression.h, appended to `out`; the registers it wants. */
bool ct_location_expression(const struct ct_location *location, struct ct_text *out,
                            uint8_t *regs, uint32_t *reg_count);

/* The view from one hook. */
struct ct_view {
	struct ct_build *b;
	const struct ct_hook *hook;
	struct ct_frame frame;
	struct ct_track track;
	struct ct_linear cfa;   /* of rsp or rbp */
	bool rbp_is_frame;
	uint64_t entry;         /* 0: the function's entry says nothing here */
	bool unprototyped;      /* parameters came in widened */
	/*
	 * clang's inlined instances: it calls their hook before it has made their parameters,
	 * but says that they are there (a vector half built, memory not yet written: seen with 14).
	 */
	bool only_constants;
	bool gnu; /* compiled by gcc */
	bool abi_holds;         /* what the psABI says of its parameters is so */
	/*
	 * Callers may pass anything for a parameter that is never used: clang does, if it sees
	 * the function's text (DeadArgumentElimination; seen with 14).
	 */
	bool only_used;
	bool optimised;
	bool known; /* callers may leave out what the function does not read: ct_callers_know() */
	/*
	 * gcc 12 says of parameters that a clone does not have any more (.constprop, .isra) that
	 * they are what the registers held at entry in which the whole function gets them.
	 */
	bool clone;
	bool taken; /* this parameter's place is another one's */
	bool by_memory; /* this parameter came by hidden reference */
	uint32_t type;  /* of this parameter */
};
void ct_view_begin(struct ct_build *b, const struct ct_hook *hook, struct ct_view *view);

/* What a parameter needs in a plan. */
struct ct_found {
	uint8_t how;
	bool indirect;
	uint32_t size;
	uint32_t op_count;
	struct ct_plan_op ops[CT_PIECES * 2]; /* `at` from the beginning of the value */
	uint8_t entry_regs[CT_PIECES * 2];    /* that the value came in, or CT_REG_NONE */
	uint32_t expression, words;
};
/*
 * Where the parameter `die` (that has the location), of `size` bytes, is. `abi` is where
 * the psABI passes it.
 */
void ct_find_parameter(struct ct_view *view, Dwarf_Die *die, uint32_t type, uint32_t size,
                       const struct ct_abi_place *abi, struct ct_found *out);

/* Whether the debug information of the entry says that a parameter came in elsewhere. */
bool ct_contradicts_abi(struct ct_view *view, Dwarf_Die *die, const struct ct_abi_place *abi);

#endif
