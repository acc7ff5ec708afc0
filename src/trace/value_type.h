/*
 * value_type.h - bytes of a known type -> JSON: what the files of value.h share.
 *
 *     value.c          the values of a call
 *     value_payload.c  what a CT_VALUES record holds: the fixed part, and blocks by operation
 *     value_plan.c     plans, made ready once
 *     value_type.c     a value of any type, and what it points to
 *     value_std.c      types of libstdc++
 *     value_plain.c    values without parts
 *     value_scalar.c   numbers and text
 *     value_strings.c  what the strings in there stand for
 *
 * Everything in a payload may be wrong, and a file that is still being written may change
 * while it is read: lengths are read once and checked against the payload's end. The index
 * was checked when it was opened, but for types that contain themselves: depth and the number
 * of values are bounded here.
 */
#ifndef CT_TRACE_VALUE_TYPE_H
#define CT_TRACE_VALUE_TYPE_H

#include "base/text.h"
#include "trace/internal.h"
#include "trace/stream.h"

/* --- payloads --- */

/* An operation of a plan that follows a pointer. */
struct ct_follower {
	uint16_t number; /* in its list */
	uint16_t base;
	uint16_t argument;
	uint8_t op;
	bool out;
	uint32_t at, size;
};

struct ct_followers {
	struct ct_follower items[CT_PLAN_FOLLOW_MAX];
	unsigned count;
};

struct ct_value_block {
	const uint8_t *data;
	uint32_t size;
	uint8_t status; /* enum ct_block_status; 0: it is not there */
};

/* A payload, taken apart. */
struct ct_values_read {
	const uint8_t *fixed; /* or the returned bytes */
	uint32_t fixed_size;
	uint8_t how;
	const uint64_t *rest, *end; /* the blocks */
};

void ct_followers_init(struct ct_followers *f, const struct ct_plan_op *ops, uint32_t count);
struct ct_values_read ct_values_open(struct ct_payload payload);
/* The blocks of these operations, in their order; `flags`: CT_BLOCK_OF_RETURN, or 0. */
void ct_values_blocks(const struct ct_values_read *v, const struct ct_followers *f, uint8_t flags,
                      struct ct_value_block blocks[CT_PLAN_FOLLOW_MAX]);

/* What the user did not want to be seen: of an argument, or (CT_NONE) of the returned value. */
enum ct_hidden { CT_HIDDEN_NOT, CT_HIDDEN_EXCLUDED, CT_HIDDEN_REDACTED };
enum ct_hidden ct_values_hidden(const struct ct_values_read *v, uint32_t argument, uint8_t hash[8]);

/* Whether the site of this call has no value for an argument that is CT_HOW_CALLER. */
bool ct_values_unknown(const struct ct_values_read *v, uint32_t argument);

/* --- values --- */

/* Where values are looked up that others point to. */
struct ct_view {
	const struct ct_index *index;
	const struct ct_raw *raw; /* for the names of functions */
	const struct ct_followers *followers;
	const struct ct_value_block *blocks; /* of these */
	unsigned budget; /* how many values may yet be written */
	bool typed; /* see value.h */
	struct ct_text *strings; /* of the value under way, a letter each: value_strings.h */
	bool misleading;         /* one of them within others is not what it looks like */
	bool overlapping;        /* within a variant: what was followed from here may have been another alternative's */
};

/* Bytes, and which they are: `at` of the fixed part (base 0), or of operation `base` - 1's block. */
struct ct_spot {
	const uint8_t *bytes;
	uint32_t size;
	uint32_t base, at;
	uint64_t address; /* where it was in the process; 0: not known */
};
#define CT_BASE_NONE UINT32_MAX /* nothing that is followed */

/* What is to be said of a value beside it. */
struct ct_remarks {
	bool truncated;  /* there is more of it */
	bool unreadable; /* it, or what follows, could not be read */
	bool has_address;
	uint64_t address;
	const uint8_t *bytes; /* exactly, where the text cannot tell; NULL: it can */
	uint32_t byte_count;
	bool counted;    /* the next argument says how much there is */
	const struct ct_index_type *type; /* if that is to be said */
	char letter;
	bool optional;   /* of C++: it might be empty */
	bool has_number;
	__int128 number; /* of an enumerator, a character */
};

/*
 * Writes the value; what lies within it has its remarks with it. False: there is none to
 * write, and the remarks say all.
 */
bool ct_value_write(struct ct_view *v, uint32_t type, struct ct_spot spot, struct ct_remarks *remarks,
                    struct ct_text *out);
/* ,"address":"0x..." and so on: behind another member. */
void ct_remarks_write(const struct ct_remarks *remarks, struct ct_text *out);
/* Without typedefs and qualifiers; NULL: void, or damaged. */
const struct ct_index_type *ct_value_type(const struct ct_index *x, uint32_t type);

/* There is not as much as the value takes. */
static inline bool ct_value_cut(struct ct_remarks *remarks)
{
	remarks->truncated = true;
	return false;
}

/* --- values with parts --- */

enum { CT_MOST_ELEMENTS = 64 };

/* Each is a value in another one, `depth` values deep; the first has its remarks with it. */
void ct_value_nested(struct ct_view *v, uint32_t type, struct ct_spot spot, unsigned depth, struct ct_text *out);
bool ct_value_within(struct ct_view *v, uint32_t type, struct ct_spot spot, struct ct_remarks *remarks, unsigned depth,
                     struct ct_text *out);
bool ct_value_elements(struct ct_view *v, uint32_t type, uint32_t count, struct ct_spot spot,
                       struct ct_remarks *remarks, unsigned depth, struct ct_text *out);
/* The same without brackets, behind others; returns how many there are now. */
uint32_t ct_value_add_elements(struct ct_view *v, uint32_t type, uint32_t count, struct ct_spot spot,
                               uint32_t before, unsigned depth, struct ct_text *out);
/* Of libstdc++: kinds from CT_TYPE_STD_STRING on, and structures that have a shape. */
bool ct_value_std(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot, struct ct_remarks *remarks,
                  unsigned depth, struct ct_text *out);

/*
 * What follows the pointer that is there, or NULL. `op`, `size`: it is this operation, of this size; 0: of any.
 */
const struct ct_follower *ct_value_follower(const struct ct_view *v, uint32_t base, uint32_t at, uint8_t op,
                                            uint32_t size);
/* Its block; false: there are no bytes, and why. */
bool ct_value_followed(const struct ct_view *v, const struct ct_follower *op, struct ct_value_block *block,
                       struct ct_remarks *remarks);
/* The name of the function that begins there, or NULL. */
const char *ct_value_function_at(const struct ct_view *v, uint64_t address);

/* --- values without parts --- */

/* SIGNED to ENUM; as much as their size is there. False as above. */
bool ct_value_plain(const struct ct_index *x, const struct ct_index_type *t, struct ct_spot spot,
                    struct ct_remarks *remarks, struct ct_text *out);
/* Strings of UTF-8, and of wide characters: `is_array`: they may fill the array to its end. */
bool ct_value_text(const uint8_t *bytes, uint32_t count, struct ct_remarks *remarks, struct ct_text *out);
bool ct_value_wide_text(struct ct_spot spot, uint32_t size, bool is_array, struct ct_remarks *remarks,
                        struct ct_text *out);
bool ct_value_is_character(const struct ct_index *x, const struct ct_index_type *t);
bool ct_value_is_signed(const struct ct_index *x, const struct ct_index_type *t);
unsigned __int128 ct_value_bits(struct ct_spot spot, uint32_t size);
__int128 ct_value_number(struct ct_spot spot, uint32_t size, bool with_sign);

/* --- scalars --- */

/* Beyond 2^53 a string of digits: programs that have doubles only would round it. */
void ct_value_integer(struct ct_text *out, unsigned __int128 magnitude, bool negative);
void ct_value_signed(struct ct_text *out, __int128 value);
/* Of 4, 8 or 16 bytes; false: of none of these. */
bool ct_value_float(struct ct_text *out, const uint8_t *bytes, uint32_t size, bool quad);
void ct_value_address(struct ct_text *out, uint64_t address);
void ct_value_hex(struct ct_text *out, const uint8_t *bytes, uint32_t count);
/* False: some of it is not UTF-8, and U+FFFD stands there. */
bool ct_value_utf8(struct ct_text *out, const uint8_t *bytes, uint32_t count);
/* Characters of 1 to 4 bytes each up to a NUL; `*ended`: there was one. False as above. */
bool ct_value_wide(struct ct_text *out, const uint8_t *bytes, uint32_t count, uint32_t size, bool *ended);

#endif
