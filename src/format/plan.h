/*
 * plan.h - types and capture plans: the tables of the index that say where the values of a
 * call are, and what they mean.
 *
 * Three readers. The recorder runs the operations of a hook's plan against the registers and
 * the memory of the call, and copies bytes: it knows no types. The reader of a trace walks
 * the same operations, so knows what the bytes are of. Both take the numbers in here as
 * checked: ct_index_open() does that once.
 *
 * The rule. A value is right, or it is marked unavailable with a reason; there is no third
 * thing. Where the debug information is silent, or says what cannot be proven at the
 * hook's address, the plan says UNAVAILABLE.
 *
 * Where to look. Locations are those valid at the hook's call instruction: what gcc calls
 * overwritten by the call is still there then. rdi and rsi hold the hook's own arguments;
 * r10 and r11 may have been used by the procedure linkage table; every other register is as
 * it was at the call instruction, rsp included (before the return address was pushed).
 *
 * A location is not enough. clang calls the hook before it stores parameters where its
 * locations say they are (all of them at -O0): memory of the function's own frame counts
 * only if something was written there before. And a parameter without a location, or in a
 * register that is lost, is known all the same where the decoder proves that the register
 * it came in was copied to a place that still holds it (arch/x86_64/track.h).
 *
 * Payload of the CT_VALUES record of an enter hook: the plan's fixed part, in
 * which each operation that copies has its own place; then blocks, in order of the operations
 * that follow a pointer. Of an exit hook: the returned bytes
 * (`return_fixed`), then the blocks of the parameters' operations with CT_OP_F_OUT, followed
 * again, and those of the returned value's. The head is where other records have their time.
 *
 *     head   bits 0-15   words of the fixed part, or of the returned bytes; 0: none
 *            bits 16-23  enum ct_how: why there are none; else CT_HOW_PLAIN
 *            bits 24-31  CT_VALUES_*
 *     block  bits 0-7    enum ct_block_status
 *            bits 8-23   number of the operation, from 0 in its list; or of an argument
 *            bits 24-31  CT_BLOCK_*
 *            bits 32-63  how many bytes follow, padded with zeros to a multiple of 8
 *
 * A word of 0 where a block would begin is the end: what was reserved and not used is 0.
 * An operation whose pointer is in a block that is not there, or is null, has no block. Where a
 * block is missing though its pointer is there and not null, a limit left it out (depth, bytes
 * of one call). An argument that the user excluded or redacted has zeros in the fixed part, no
 * blocks of its operations, and one block that says so, which comes before the others.
 *
 * An argument that is CT_HOW_CALLER has 8 bytes in the fixed part that no operation copies: the
 * recorder takes them from what the index says of the call site (index.h, ct_index_site_value).
 * Where it says nothing of the very site that the call came from, they are zeros, and a
 * block without bytes says so (CT_BLOCK_UNKNOWN): the argument is OVERWRITTEN in that call.
 *
 * A value that cannot be copied without risk of a fault (passed by hidden reference) or is
 * larger than CT_PLAN_VALUE_MAX is INDIRECT: the fixed part has its address, and it is itself
 * the block of the operation BYTES with the same `at` and base 0. A returned value in memory
 * is the same, with its address at 0 of the returned bytes.
 */
#ifndef CT_FORMAT_PLAN_H
#define CT_FORMAT_PLAN_H

#include <stdint.h>

/* --- types --- */

enum ct_type_kind {
	CT_TYPE_UNKNOWN = 0, /* shown as bytes */
	CT_TYPE_VOID,
	CT_TYPE_SIGNED, CT_TYPE_UNSIGNED, /* 1 to 16 bytes */
	CT_TYPE_CHAR,                     /* char, signed char, unsigned char, char8_t: a character */
	CT_TYPE_WIDE_CHAR,                /* wchar_t, char16_t, char32_t */
	CT_TYPE_BOOL,
	CT_TYPE_FLOAT,                    /* 4, 8, 16 bytes (16: x87 extended unless CT_TYPE_QUAD) */
	CT_TYPE_COMPLEX,                  /* two floats of half the size */
	CT_TYPE_ENUM,                     /* first, count: enumerators; target: underlying type */
	CT_TYPE_POINTER,                  /* target; CT_NONE: void */
	CT_TYPE_REFERENCE,                /* target; a pointer in memory */
	CT_TYPE_MEMBER_POINTER,           /* data: an offset, -1 null */
	CT_TYPE_METHOD_POINTER,           /* two words: Itanium C++ ABI 2.3 */
	CT_TYPE_FUNCTION,                 /* what a function pointer points to */
	CT_TYPE_STRUCT, CT_TYPE_UNION,    /* first, count: members */
	CT_TYPE_ARRAY,                    /* target: element; count: elements; 0: not known */
	CT_TYPE_VECTOR,                   /* target: element; count: lanes */
	CT_TYPE_ALIAS,                    /* typedef, cv-qualified: `name` is how it is written; target */
	/* libstdc++, told by name and layout; `target` is the element. Of STRING and its view CT_NONE: char. */
	CT_TYPE_STD_STRING, CT_TYPE_STD_STRING_VIEW, CT_TYPE_STD_VECTOR, CT_TYPE_STD_UNIQUE_PTR,
	CT_TYPE_STD_OPTIONAL, /* first: member _M_payload's value; extra: offset of the flag */
	CT_TYPE_STD_SIZED,    /* map, set, list and the like: extra: where how many there are is, 8 bytes */
	CT_TYPE_KINDS
};

/*
 * More of libstdc++: structures whose members are the ones that matter, out of bases and of other members, and
 * how a person writes them.
 */
enum ct_type_shape {
	CT_SHAPE_NONE = 0,
	CT_SHAPE_VALUE,    /* what its one member is: array, atomic, path, containers of the debug mode */
	CT_SHAPE_TUPLE,    /* its members, in order, without their names */
	CT_SHAPE_SPAN,     /* target: element; members: pointer at 0, count at 8. One member: `extra` elements */
	CT_SHAPE_DEQUE,    /* target: element; two iterators of four words at `extra` */
	CT_SHAPE_BOOLS,    /* vector<bool>: two iterators of a word and 32 bits, and the end of storage */
	CT_SHAPE_VARIANT,  /* members: alternatives, then the index of the one that is there */
	CT_SHAPE_DURATION, /* one member; `extra`: enum ct_time_unit */
	CT_SHAPE_TIME,     /* of the system's clock: one member, since 1970 */
	CT_SHAPE_FUNCTION, /* function: what is called at 0 (2 words), how it is managed at 16 */
	CT_SHAPE_BITS,     /* bitset: words; `extra`: how many bits */
	CT_SHAPE_MUTEX,    /* 4 bytes at 0 that are 0 while nobody holds it */
	CT_SHAPE_WEAK,     /* weak_ptr: members: pointer at 0, to its counts at 8; `extra`: where in those the uses are */
	CT_SHAPES
};
enum ct_time_unit {
	CT_UNIT_NANOSECOND, CT_UNIT_MICROSECOND, CT_UNIT_MILLISECOND, CT_UNIT_SECOND, CT_UNIT_MINUTE, CT_UNIT_HOUR,
	CT_UNIT_DAY, CT_UNITS
};

struct ct_index_type {
	uint32_t name; /* string: as C or C++ writes it: "const char *", "struct point" */
	uint8_t kind;  /* enum ct_type_kind */
	uint8_t flags; /* CT_TYPE_F_* */
	uint16_t shape; /* STRUCT: enum ct_type_shape */
	uint32_t size; /* bytes; 0: incomplete */
	uint32_t target; /* row of types, or CT_NONE */
	uint32_t first, count; /* rows of members or enumerators; elements */
	uint32_t extra;
};
#define CT_TYPE_F_CONST 1u    /* ALIAS: a const-qualified target */
#define CT_TYPE_F_CLASS 2u    /* STRUCT: declared as class */
#define CT_TYPE_F_FLAGS 4u    /* ENUM: enumerators are distinct bits: shown as A|B */
#define CT_TYPE_F_QUAD 8u     /* FLOAT: IEEE binary128 */
#define CT_TYPE_F_VOLATILE 16u
#define CT_TYPE_F_BY_MEMORY 32u /* passed and returned by hidden reference (not trivially copyable) */
#define CT_TYPE_F_OPAQUE 64u    /* STRUCT, UNION, ENUM: contents left out: too many pointers away */

struct ct_index_member {
	uint32_t name; /* string; "" for an anonymous one */
	uint32_t type;
	uint32_t offset;   /* bytes from the beginning of the whole */
	uint8_t bit_size;  /* 0: no bit field */
	uint8_t bit_offset; /* from the least significant bit at `offset` */
	uint8_t flags;     /* CT_MEMBER_* */
	uint8_t reserved;
};
#define CT_MEMBER_BASE 1u /* a base class */

struct ct_index_enumerator {
	uint64_t value; /* sign-extended */
	uint32_t name;
	uint32_t reserved;
};

/* --- values --- */

/* How a value was obtained, where not plainly, and why it was not. */
enum ct_how {
	CT_HOW_PLAIN = 0,
	CT_HOW_ENTRY,    /* what the register it came in held, from where that provably still is */
	CT_HOW_CALLER,   /* what the call site passes */
	CT_HOW_CONSTANT, /* the debug information gives the value */
	CT_HOW_COMPUTED, /* by an expression over registers */
	CT_HOW_UNAVAILABLE, /* reasons from here on */
	CT_HOW_OPTIMISED_OUT = CT_HOW_UNAVAILABLE, /* no location at the hook */
	CT_HOW_OVERWRITTEN, /* an entry value whose register is in use for something else by now */
	CT_HOW_PARTIAL,     /* some bytes of it are optimised out */
	CT_HOW_UNSUPPORTED, /* a location expression that is not understood */
	CT_HOW_NO_DEBUG,    /* no debug information for the function */
	CT_HOW_TOO_LARGE,   /* over the limit of bytes per value */
	CT_HOW_EXCLUDED,    /* by the user's choice */
	CT_HOW_NOT_RETURNED, /* return values: the call was left by a jump, or is open */
	CT_HOW_UNWINDING,   /* return values: left by an exception */
	CT_HOW_INLINED,     /* return values: no return instruction of its own */
	CT_HOW_TAIL,        /* return values: the exit hook is a tail jump (void anyway) */
	CT_HOW_SHADOW_STACK, /* return values: hardware forbids the method */
	CT_HOW_UNREADABLE,  /* memory that could not be read */
	CT_HOW_NO_ROOM,     /* the recorder had no room for it */
	CT_HOWS
};

/* Numbers of registers in operations: DWARF's for x86-64 (psABI 3.6.2): 0-15 rax rdx rcx rbx rsi
 * rdi rbp rsp r8-r15, 17-32 xmm0-15; rsi, rdi, r10 and r11 are never asked for. And: */
#define CT_REG_RBP 6u
#define CT_REG_RSP 7u
#define CT_REG_CFA 64u   /* the canonical frame address; used only where it is neither rsp nor rbp plus a number */
#define CT_REG_NONE 255u /* 0; with `offset` an address in the file, to which the bias is added */

enum ct_op {
	/* Into the fixed part at `at`: */
	CT_OP_REGISTER = 1, /* `size` bytes of register `reg`, from its byte `offset` on */
	CT_OP_FRAME,        /* `size` bytes at reg + offset; reg is rsp, CFA, or rbp where it is a frame
	                       pointer: cannot fault */
	CT_OP_VALUE,        /* the number reg + offset, `size` bytes (8 at most) of it */
	CT_OP_CONSTANT,     /* the number `offset`, `size` bytes (8 at most) of it */
	/* A block each; the pointer is the 8 bytes at `at` of the fixed part (`base` 0) or of the
	 * block of operation number `base` - 1. */
	CT_OP_STRING = 16, /* up to the limit, or the NUL, which is not copied */
	CT_OP_BYTES,       /* `size` bytes */
	CT_OP_COUNTED,     /* elements of `size` bytes, as many as the 8-byte number at `extra`. Of a pointer
	                      to void or to characters, the number is the next argument: read(fd, buf, n).
	                      `char` is shown as text that ends there, or at a NUL before; void and
	                      unsigned char as bytes. A number of 4 bytes has a second copy in the fixed part, behind all
	                      arguments, with zeros in its upper half: a negative one is very large. */
	CT_OP_RANGE,       /* from there up to the pointer at `extra`, elements of `size` bytes */
};

struct ct_plan_op {
	uint8_t op;
	uint8_t reg;
	uint8_t flags; /* CT_OP_F_* */
	uint8_t reserved;
	uint16_t base;
	uint16_t argument; /* which argument it belongs to, from 0; 0xffff: the returned value */
	uint32_t size;
	uint32_t at, extra;
	int32_t reserved2;
	int64_t offset;
};
#define CT_OP_F_OUT 1u /* the pointee is not const: follow it again when the call returns */

struct ct_plan_arg {
	uint32_t name; /* string; "" for an unnamed one */
	uint32_t type; /* row of types; CT_NONE: not known, then unavailable */
	uint32_t at;   /* offset in the fixed part */
	uint32_t expression; /* COMPUTED: offset into the expressions; its words are 8 bytes each at `at` */
	uint32_t size;
	uint8_t how; /* enum ct_how */
	uint8_t flags; /* CT_ARG_* */
	uint16_t words; /* COMPUTED: how many words */
};
#define CT_ARG_INDIRECT 1u   /* see above */
#define CT_ARG_ARTIFICIAL 2u /* the source does not write it: `this` */

#define CT_PLAN_VALUE_MAX 256u /* bytes of one value or pointee */
#define CT_PLAN_FIXED_MAX 4096u
#define CT_PLAN_FOLLOW_MAX 16u /* operations of one call that follow a pointer */

/* One per enter hook, in the same order as the enter hooks in `hooks` (ct_index_hook.plan). */
struct ct_plan {
	uint32_t args, arg_count; /* rows */
	uint32_t ops, op_count;   /* rows */
	uint32_t fixed;           /* bytes of the fixed part, a multiple of 8 */
	uint32_t return_type;     /* row of types; CT_NONE: void */
	uint32_t return_ops, return_op_count; /* rows: follow the returned value's pointers */
	uint32_t return_fixed;    /* bytes of the returned value, padded to 8; 8 if it is in memory */
	uint8_t return_class[4];  /* for each 8 bytes of it: enum ct_return_part */
	uint32_t out_ops; /* how many of `ops` have CT_OP_F_OUT */
	uint32_t flags;   /* CT_PLAN_* */
	uint32_t callers; /* how many arguments are CT_HOW_CALLER */
	/* Where, at this hook, the values are that rbx, rbp, r12, r13, r14, r15 had when the function was
	 * entered: CT_KEPT_*, or in 8 bytes of memory at the canonical frame address plus this. */
	int32_t kept[6];
	/* For that, and for sites' values: the canonical frame address is what rsp or rbp has at the hook, plus
	 * this. CT_REG_NONE: not known. (The recorder's own rule is a guess without an unwind table.) */
	int32_t cfa_offset;
	uint8_t cfa_reg;
	uint8_t reserved[3];
};
#define CT_KEPT_REGISTER INT32_MAX /* still in the register */
#define CT_KEPT_NOWHERE INT32_MIN  /* not known */
#define CT_PLAN_VARIADIC 1u
#define CT_PLAN_NORETURN 2u

/* Where a part of a returned value is (psABI 3.2.3). */
enum ct_return_part {
	CT_RETURN_NOTHING = 0,
	CT_RETURN_RAX, CT_RETURN_RDX, CT_RETURN_XMM0, CT_RETURN_XMM1,
	CT_RETURN_ST0, CT_RETURN_ST1, /* 16 bytes each */
	CT_RETURN_MEMORY, /* rax holds its address */
	CT_RETURN_XMM0_HIGH, /* the upper half of a 16-byte vector */
	CT_RETURN_UNSUPPORTED, /* ymm and the like */
};

/* What may be done at an exit hook. */
enum ct_exit_class {
	CT_EXIT_UNKNOWN = 0, /* the text behind it was not understood: leave it alone */
	CT_EXIT_PLAIN,       /* every path leads to `ret` without a call: the window is open */
	CT_EXIT_UNWINDING,   /* leads to _Unwind_Resume */
	CT_EXIT_INLINED,     /* in another function's text */
	CT_EXIT_TAIL,        /* reached by a jump */
	CT_EXIT_EMPTY,       /* as PLAIN, but what returns the value is not written on some path: the
	                        compiler found that no caller wants it, or a `return` is missing */
};

/*
 * Where the parts of the returned value are when the exit hook is called, if on every way to `ret` they
 * are only copied from there, and nothing is written to memory: then the call can end at the hook.
 */
enum ct_exit_part_kind {
	CT_EXIT_PART_NONE = 0, /* there is no such part */
	CT_EXIT_PART_REGISTER, /* the low bytes of `reg`: rbx, rbp, r12 to r15 */
	CT_EXIT_PART_FRAME,    /* memory at the canonical frame address plus `offset` */
	CT_EXIT_PART_NUMBER,   /* `offset`, its sign extended */
};
struct ct_exit_part {
	uint8_t kind; /* enum ct_exit_part_kind */
	uint8_t reg;
	uint8_t size; /* bytes of it that count, 1 to 8 */
	uint8_t to;   /* enum ct_return_part: where it will be; not ST0, ST1, UNSUPPORTED */
	int32_t offset;
};
struct ct_exit_value {
	struct ct_exit_part parts[4]; /* as in ct_plan.return_class */
};

enum ct_block_status {
	CT_BLOCK_WHOLE = 1,
	CT_BLOCK_CUT = 2,  /* by a limit: there is more */
	CT_BLOCK_BAD = 3,  /* the pointer cannot be read: no bytes */
	CT_BLOCK_PART = 4, /* it can be read up to here only */
};
#define CT_BLOCK_OF_RETURN 1u /* of the returned value's operations */
#define CT_BLOCK_REDACTED  2u /* the number is an argument's (CT_BLOCK_OF_RETURN: none's); the 8
                                 bytes are a keyed hash of the value and all that it points to */
#define CT_BLOCK_EXCLUDED  4u /* likewise; no bytes */
#define CT_BLOCK_UNKNOWN   8u /* the number is that of an argument which is CT_HOW_CALLER, and the call
                                 site has no value for it; no bytes */

#define CT_VALUES_LIMITED 1u /* blocks were left out: the limit of bytes per call */

static inline uint32_t ct_values_head(uint32_t words, uint8_t how, uint8_t flags)
{
	return words | (uint32_t) how << 16 | (uint32_t) flags << 24;
}
static inline uint32_t ct_values_words(uint32_t head)
{
	return (uint32_t) head & 0xffff;
}
static inline uint8_t ct_values_how(uint32_t head)
{
	return (uint8_t) (head >> 16);
}
static inline uint8_t ct_values_flags(uint32_t head)
{
	return (uint8_t) (head >> 24);
}

static inline uint64_t ct_block(enum ct_block_status status, uint32_t number, uint8_t flags,
                                uint32_t size)
{
	return (uint64_t) status | (uint64_t) number << 8 | (uint64_t) flags << 24
	       | (uint64_t) size << 32;
}
static inline enum ct_block_status ct_block_status(uint64_t word)
{
	return (enum ct_block_status)(word & 0xff);
}
static inline uint32_t ct_block_number(uint64_t word)
{
	return (uint32_t)(word >> 8) & 0xffff;
}
static inline uint8_t ct_block_flags(uint64_t word)
{
	return (uint8_t) (word >> 24);
}
static inline uint32_t ct_block_size(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

#endif
