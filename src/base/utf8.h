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
/* The text for a person to see: with '?' for each character that is not to be shown, and for bytes that make none. */
void ct_utf8_add_visible(struct ct_text *out, const char *text);
/* The same, until the eighth next call; for what one thread prints. */
const char *ct_shown(const char *text);

#endif
