/* test_plan_expression.c - the stack machine for computed values. */
#include <criterion/criterion.h>

#include "trace/expression.h"

static uint64_t value_of(const char *code, size_t size, const uint64_t *words, uint32_t count)
{
	uint64_t value = 0;

	cr_assert(ct_expression_value((const uint8_t *) code, size, words, count, &value));
	return value;
}
#define VALUE(code, ...) \
	value_of(code, sizeof(code), (const uint64_t[]){ __VA_ARGS__, 0 }, \
	         sizeof((const uint64_t[]){ __VA_ARGS__ }) / 8)

static bool fails(const char *code, size_t size)
{
	uint64_t words[1] = { 7 }, value;

	return !ct_expression_value((const uint8_t *) code, size, words, 1, &value);
}
#define FAILS(code) fails(code, sizeof(code) - 1)

Test(plan_expression, words_and_numbers)
{
	cr_assert_eq(VALUE("\x70\x00", 5), 5u, "breg0 0");
	cr_assert_eq(VALUE("\x71\x7f", 5, 9), 8u, "breg1 -1");
	cr_assert_eq(VALUE("\x70\x80\x01", 5), 133u, "breg0 128");
	cr_assert_eq(VALUE("\x11\x7f", 0), UINT64_MAX, "consts -1");
	cr_assert_eq(VALUE("\x3f", 0), 15u, "lit15");
	cr_assert_eq(VALUE("\x35\x9f", 0), 5u, "lit5, stack_value");
}

Test(plan_expression, arithmetic)
{
	cr_assert_eq(VALUE("\x70\x00\x71\x00\x1c", 9, 4), 5u, "minus");
	cr_assert_eq(VALUE("\x70\x00\x71\x00\x22", 9, 4), 13u, "plus");
	cr_assert_eq(VALUE("\x70\x00\x71\x00\x1e", 9, 4), 36u, "mul");
	cr_assert_eq((int64_t) VALUE("\x70\x00\x32\x1b", (uint64_t) -9), -4, "div is signed");
	cr_assert_eq(VALUE("\x70\x00\x11\x7f\x1b", (uint64_t) INT64_MIN), (uint64_t) INT64_MIN, "div does not trap");
	cr_assert_eq(VALUE("\x70\x00\x34\x24", 3), 48u, "shl");
	cr_assert_eq(VALUE("\x70\x00\x34\x25", (uint64_t) -16), UINT64_MAX >> 4, "shr");
	cr_assert_eq((int64_t) VALUE("\x70\x00\x34\x26", (uint64_t) -16), -1, "shra");
	cr_assert_eq(VALUE("\x70\x00\x1f", 3), (uint64_t) -3, "neg");
}

Test(plan_expression, conversion)
{
	cr_assert_eq(VALUE("\x70\x00\xa8\x01", 0x1ff), 0xffu, "to 1 byte");
	cr_assert_eq(VALUE("\x70\x00\xa8\x81", 0x1ff), UINT64_MAX, "to 1 byte, signed");
	cr_assert_eq(VALUE("\x70\x00\xa8\x88", 0x1ff), 0x1ffu, "to 8 bytes");
}

Test(plan_expression, damage_is_noticed)
{
	cr_assert(FAILS(""), "no end");
	cr_assert(FAILS("\0"), "nothing on the stack");
	cr_assert(FAILS("\x22\0"), "too little on the stack");
	cr_assert(FAILS("\x71\0\0"), "no such word");
	cr_assert(FAILS("\x30\x30\x1b\0"), "division by zero");
	cr_assert(FAILS("\x30\x30\x1d\0"), "modulo zero");
	cr_assert(FAILS("\x30\xa8\x09\0"), "a wide type");
	cr_assert(FAILS("\x30\xff\0"), "no such operation");
	cr_assert(FAILS("\x70\x80"), "cut in a number");
}
