/*
 * text.h - a growing string. Owns its bytes; never fails: out of memory ends the
 * program with status 2, because only the `calltrace` program uses it (the traced
 * process never does).
 */
#ifndef CT_BASE_TEXT_H
#define CT_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct ct_text {
	char *data; /* always NUL-terminated once anything was added; NULL before */
	size_t length;
	size_t capacity;
};

void ct_text_deinit(struct ct_text *text);
void ct_text_clear(struct ct_text *text);
/* Makes room for `more` bytes and a NUL behind `length`; returns where they go. */
char *ct_text_reserve(struct ct_text *text, size_t more);
/* Inline: a trace with values is written by tens of them for each call. */
static inline void ct_text_add_n(struct ct_text *text, const char *bytes, size_t n)
{
	char *to = text->capacity - text->length > n ? text->data + text->length : ct_text_reserve(text, n);

	if (n)
		memcpy(to, bytes, n);
	to[n] = '\0';
	text->length += n;
}
static inline void ct_text_add(struct ct_text *text, const char *string)
{
	ct_text_add_n(text, string, strlen(string));
}
static inline void ct_text_add_char(struct ct_text *text, char c)
{
	ct_text_add_n(text, &c, 1);
}
void ct_text_add_u64(struct ct_text *text, uint64_t value);
__attribute__((format(printf, 2, 3)))
void ct_text_addf(struct ct_text *text, const char *format, ...);
/* A JSON string literal, quotes included. Bytes that are not UTF-8 become U+FFFD (then false). */
void ct_text_add_json(struct ct_text *text, const char *string);
bool ct_text_add_json_n(struct ct_text *text, const char *bytes, size_t n);
/* A file name as one word of a shell's command line, and one line whatever is in it. */
void ct_text_add_shell(struct ct_text *text, const char *path);

/* malloc and friends that end the program with one line and status 2 on failure. */
void *ct_alloc(size_t size);
void *ct_calloc(size_t count, size_t size);
void *ct_realloc(void *old, size_t size);
char *ct_strdup(const char *string);

#endif
