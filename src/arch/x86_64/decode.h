/*
 * decode.h - the calls and jumps in a piece of x86-64 text, and what a call passes.
 *
 * Cold: only the index is made with it. Bytes are never trusted: what does not
 * decode is stepped over, byte by byte.
 */
#ifndef CT_ARCH_X86_64_DECODE_H
#define CT_ARCH_X86_64_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ct_target {
	CT_TARGET_ADDRESS, /* call rel32 */
	CT_TARGET_SLOT,    /* call *slot(%rip), call *slot: `target` is the slot's address */
	CT_TARGET_POINTER, /* through a register, or memory at a computed address */
};

struct ct_branch {
	uint64_t address; /* of the instruction */
	uint64_t next;    /* of the one behind it: a call's return address */
	uint64_t target;
	uint32_t instruction; /* its number in the text */
	uint8_t how;          /* enum ct_target */
	int8_t reg;           /* POINTER: the register that holds it, or -1 */
	bool call;            /* else a jump, conditional or not */
};

/* What a register holds, as far as the instructions before a call tell. */
enum ct_value_kind { CT_VALUE_UNKNOWN, CT_VALUE_CONSTANT, CT_VALUE_LOADED };
struct ct_value {
	enum ct_value_kind kind;
	uint64_t value; /* LOADED: the address that it was loaded from */
};

enum ct_argument { CT_ARGUMENT_1, CT_ARGUMENT_2, CT_ARGUMENT_3 }; /* rdi, rsi, rdx */

/* Zero before the first use; may be used for any number of texts, one after the other. */
struct ct_decoder {
	const uint8_t *bytes;
	size_t size;
	uint64_t address;
	struct ct_branch *branches; /* all calls, and the jumps that leave the text */
	uint32_t branch_count, branch_capacity;
	struct ct_jump *jumps; /* those inside the text */
	uint32_t jump_count, jump_capacity;
	bool open; /* there is a jump through a pointer or a slot, or what does not decode: its ways are not seen */
	uint32_t *starts; /* offset of each instruction */
	uint32_t start_count, start_capacity;
	/* For ct_decode_argument(), made when it is first called for a text. */
	struct ct_effect *effects; /* one for each instruction */
	uint32_t effect_capacity;
	bool ready;
};

/* Decodes `size` bytes (4 GiB at most) that lie at `address`, straight through. */
void ct_decode(struct ct_decoder *decoder, const uint8_t *bytes, size_t size, uint64_t address);
/* Where one of the jumps leads that stay in the text. */
uint64_t ct_decode_jump(const struct ct_decoder *decoder, uint32_t number);
void ct_decoder_deinit(struct ct_decoder *decoder);

/*
 * The value of an argument register at a branch of the text decoded last: a constant
 * only if it is the same on all ways through the text that lead there. Ways through
 * a jump table are not seen.
 */
struct ct_value ct_decode_argument(struct ct_decoder *decoder, const struct ct_branch *branch,
                                   enum ct_argument argument);
/* The same for the register that a branch goes through. */
struct ct_value ct_decode_pointer(struct ct_decoder *decoder, const struct ct_branch *branch);

/* How control goes on behind one instruction. */
enum ct_flow {
	CT_FLOW_ON,     /* with the next */
	CT_FLOW_JUMP,   /* elsewhere: `how` and `target` */
	CT_FLOW_BRANCH, /* elsewhere or with the next */
	CT_FLOW_CALL,   /* with the next, after a call: `how` and `target` */
	CT_FLOW_RETURN,
	CT_FLOW_STOP,   /* not at all: ud2, hlt */
};
struct ct_step {
	enum ct_flow flow;
	uint8_t how; /* enum ct_target */
	uint64_t next, target;
	uint64_t writes; /* a bit for each register, DWARF's numbers; 33: the x87 stack */
	bool no_value;   /* what it writes is none: the stack protector's canary, a pop */
	int8_t copied;   /* the register that it copies to another one, or -1 */
	bool at_return;  /* it reads or writes the return address; or returns to another */
};
#define CT_WRITES_X87 (1ull << 33)

/* Where rsp and rbp point, from the canonical frame address. */
struct ct_stack {
	bool rsp_known, rbp_known;
	int64_t rsp, rbp;
};

/* Decodes one instruction, and carries `stack` over it; false: it is none. */
bool ct_decode_step(const uint8_t *bytes, size_t size, uint64_t address, struct ct_stack *stack,
                    struct ct_step *step);

/*
 * If the bytes are a stub that does nothing but jump through a slot (an entry of a
 * procedure linkage table), stores the slot's address.
 */
bool ct_decode_stub(const uint8_t *bytes, size_t size, uint64_t address, uint64_t *slot);

#endif
