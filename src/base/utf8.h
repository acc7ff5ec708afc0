/* utf8.h - code points of UTF-8, one at a time, and which of them may be shown to a person. */
#ifndef CT_BASE_UTF8_H
#define CT_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* A code point that is right; returns its length, 0: it is wrong. `left` is not 0. */
size_t ct_utf8_decode(const char *text, size_t left, uint32_t *c);
/* Of 0x80 and above. */
void ct_utf8_add(struct ct_text *out, uint32_t c);
/* Not control characters, nor those that change the order or hide what is around them. */
bool ct_utf8_visible(uint32_t c);

#endif
