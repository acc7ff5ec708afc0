/*
 * expression.h - values that an expression over registers gives (format/plan.h, COMPUTED).
 *
 * The code of an expression: DWARF's (section 2.5), as far as it is about 64-bit numbers
 * on a stack. Ends with a zero byte.
 *     DW_OP_lit0 … lit31, DW_OP_consts n       push a number
 *     DW_OP_breg0 … breg31 n                   push the captured word of that number, plus n
 *     DW_OP_dup, drop, over, swap, rot         as DWARF has them
 *     DW_OP_abs … plus, shl … xor, eq … ne     the same
 *     DW_OP_convert                            in DWARF a type follows; here a byte: its size,
 *                                              plus 0x80 if it is signed
 *     DW_OP_stack_value                        nothing
 */
#ifndef CT_TRACE_EXPRESSION_H
#define CT_TRACE_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False: the code is damaged, or divides by zero. `size`: how much of `code` may be read. */
bool ct_expression_value(const uint8_t *code, size_t size, const uint64_t *words,
                         uint32_t word_count, uint64_t *value);

#endif
