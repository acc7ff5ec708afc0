#include "trace/expression.h"

enum { DEEPEST = 32 };

/* DWARF 5, section 7.7.1. dwarf.h comes with elfutils, which only src/index may use. */
enum {
	OP_CONSTS = 0x11, OP_DUP, OP_DROP, OP_OVER, OP_SWAP = 0x16, OP_ROT, OP_ABS = 0x19, OP_AND,
	OP_DIV, OP_MINUS, OP_MOD, OP_MUL, OP_NEG, OP_NOT, OP_OR, OP_PLUS, OP_SHL = 0x24, OP_SHR,
	OP_SHRA, OP_XOR, OP_EQ = 0x29, OP_GE, OP_GT, OP_LE, OP_LT, OP_NE, OP_LIT0 = 0x30,
	OP_BREG0 = 0x70, OP_STACK_VALUE = 0x9f, OP_CONVERT = 0xa8,
};

struct machine {
	const uint8_t *at, *end;
	const uint64_t *words;
	uint32_t word_count;
	uint64_t stack[DEEPEST];
	unsigned depth;
	bool failed;
};

static void push(struct machine *m, uint64_t value)
{
	if (m->depth == DEEPEST)
		m->failed = true;
	else
		m->stack[m->depth++] = value;
}

static uint64_t pop(struct machine *m)
{
	if (m->depth == 0) {
		m->failed = true;
		return 0;
	}
	return m->stack[--m->depth];
}

static uint8_t byte(struct machine *m)
{
	if (m->at == m->end) {
		m->failed = true;
		return 0;
	}
	return *m->at++;
}

static uint64_t signed_number(struct machine *m)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t b;

	do {
		b = byte(m);
		if (shift < 64)
			value |= (uint64_t) (b & 0x7f) << shift;
		shift += 7;
	} while (b & 0x80 && !m->failed);
	if (shift < 64 && b & 0x40)
		value |= UINT64_MAX << shift;
	return value;
}

static uint64_t divide(struct machine *m, uint64_t x, uint64_t y)
{
	if (y == 0) {
		m->failed = true;
		return 0;
	}
	return y == UINT64_MAX ? 0 - x : (uint64_t) ((int64_t) x / (int64_t) y);
}

static uint64_t remainder_of(struct machine *m, uint64_t x, uint64_t y)
{
	m->failed |= y == 0;
	return y ? x % y : 0;
}

static uint64_t shift_right_signed(uint64_t x, uint64_t y)
{
	return (uint64_t) ((int64_t) x >> (y > 63 ? 63 : y));
}

static void binary(struct machine *m, uint8_t op)
{
	uint64_t y = pop(m), x = pop(m);
	int64_t sx = (int64_t) x, sy = (int64_t) y;

	switch (op) {
	case OP_AND: push(m, x & y); break;
	case OP_DIV: push(m, divide(m, x, y)); break;
	case OP_MINUS: push(m, x - y); break;
	case OP_MOD: push(m, remainder_of(m, x, y)); break;
	case OP_MUL: push(m, x * y); break;
	case OP_OR: push(m, x | y); break;
	case OP_PLUS: push(m, x + y); break;
	case OP_SHL: push(m, y < 64 ? x << y : 0); break;
	case OP_SHR: push(m, y < 64 ? x >> y : 0); break;
	case OP_SHRA: push(m, shift_right_signed(x, y)); break;
	case OP_XOR: push(m, x ^ y); break;
	case OP_EQ: push(m, x == y); break;
	case OP_GE: push(m, sx >= sy); break;
	case OP_GT: push(m, sx > sy); break;
	case OP_LE: push(m, sx <= sy); break;
	case OP_LT: push(m, sx < sy); break;
	case OP_NE: push(m, x != y); break;
	default: m->failed = true;
	}
}

static void rotate(struct machine *m)
{
	uint64_t top = pop(m), second = pop(m), third = pop(m);

	push(m, top);
	push(m, third);
	push(m, second);
}

/* `over` and `dup`: the entry that many below the top, again. */
static void pick(struct machine *m, unsigned below)
{
	if (m->depth <= below)
		m->failed = true;
	else
		push(m, m->stack[m->depth - 1 - below]);
}

static void swap(struct machine *m)
{
	uint64_t top = pop(m), second = pop(m);

	push(m, top);
	push(m, second);
}

static void convert(struct machine *m)
{
	uint8_t type = byte(m);
	unsigned unused = 64 - 8 * (type & 0x7f);
	uint64_t value = pop(m);

	if ((type & 0x7f) == 0 || (type & 0x7f) > 8) {
		m->failed = true;
		return;
	}
	value <<= unused;
	push(m, type & 0x80 ? (uint64_t) ((int64_t) value >> unused) : value >> unused);
}

static void word(struct machine *m, unsigned number)
{
	uint64_t offset = signed_number(m);

	if (number >= m->word_count)
		m->failed = true;
	else
		push(m, m->words[number] + offset);
}

static void step(struct machine *m, uint8_t op)
{
	if (op >= OP_LIT0 && op < OP_LIT0 + 32)
		push(m, op - OP_LIT0);
	else if (op >= OP_BREG0 && op < OP_BREG0 + 32)
		word(m, op - OP_BREG0);
	else
		switch (op) {
		case OP_CONSTS: push(m, signed_number(m)); break;
		case OP_DUP: pick(m, 0); break;
		case OP_DROP: pop(m); break;
		case OP_OVER: pick(m, 1); break;
		case OP_SWAP: swap(m); break;
		case OP_ROT: rotate(m); break;
		case OP_ABS: {
			uint64_t x = pop(m);

			push(m, x >> 63 ? 0 - x : x);
			break;
		}
		case OP_NEG: push(m, 0 - pop(m)); break;
		case OP_NOT: push(m, ~pop(m)); break;
		case OP_CONVERT: convert(m); break;
		case OP_STACK_VALUE: break;
		default: binary(m, op);
		}
}

bool ct_expression_value(const uint8_t *code, size_t size, const uint64_t *words,
                         uint32_t word_count, uint64_t *value)
{
	struct machine m = { .at = code, .end = code + size, .words = words, .word_count = word_count };
	uint8_t op;

	while (!m.failed && (op = byte(&m)) != 0)
		step(&m, op);
	*value = pop(&m);
	return !m.failed;
}
