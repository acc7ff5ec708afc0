#include "base/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *memory, size_t size)
{
	if (!memory && size > 0) {
		fputs("calltrace: out of memory\n", stderr);
		exit(2);
	}
	return memory;
}

void *ct_alloc(size_t size)
{
	return checked(malloc(size), size);
}

void *ct_calloc(size_t count, size_t size)
{
	return checked(calloc(count, size), count && size);
}

void *ct_realloc(void *old, size_t size)
{
	return checked(realloc(old, size), size);
}

char *ct_strdup(const char *string)
{
	return checked(strdup(string), 1);
}

void ct_text_deinit(struct ct_text *text)
{
	free(text->data);
	*text = (struct ct_text){0};
}

void ct_text_clear(struct ct_text *text)
{
	text->length = 0;
	if (text->data)
		text->data[0] = '\0';
}

char *ct_text_reserve(struct ct_text *text, size_t more)
{
	if (text->capacity - text->length <= more) {
		size_t capacity = text->capacity ? text->capacity * 2 : 64;

		while (capacity - text->length <= more)
			capacity *= 2;
		text->data = ct_realloc(text->data, capacity);
		text->capacity = capacity;
	}
	return text->data + text->length;
}

void ct_text_add_u64(struct ct_text *text, uint64_t value)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char) ('0' + value % 10);
		value /= 10;
	} while (value);
	ct_text_add_n(text, digits + at, sizeof digits - at);
}

void ct_text_addf(struct ct_text *text, const char *format, ...)
{
	va_list args;
	int need;

	va_start(args, format);
	need = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (need < 0)
		return;
	va_start(args, format);
	vsnprintf(ct_text_reserve(text, (size_t) need), (size_t) need + 1, format, args);
	va_end(args);
	text->length += (size_t) need;
}

/*
 * Length of the UTF-8 sequence at `s` (RFC 3629: no overlong forms, no surrogates,
 * nothing above U+10FFFF), or 0.
 */
static size_t utf8_length(const unsigned char *s, size_t left)
{
	unsigned low = 0x80, high = 0xbf;
	size_t need;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf) {
		need = 2;
	} else if (s[0] >= 0xe0 && s[0] <= 0xef) {
		need = 3;
		if (s[0] == 0xe0)
			low = 0xa0;
		if (s[0] == 0xed)
			high = 0x9f;
	} else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		need = 4;
		if (s[0] == 0xf0)
			low = 0x90;
		if (s[0] == 0xf4)
			high = 0x8f;
	} else {
		return 0;
	}
	if (left < need || s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < need; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return need;
}

bool ct_text_add_json_n(struct ct_text *text, const char *bytes, size_t n)
{
	const unsigned char *s = (const unsigned char *) bytes;
	bool whole = true;

	ct_text_add_char(text, '"');
	for (size_t i = 0; i < n;) {
		size_t length = utf8_length(s + i, n - i);

		if (length == 0) {
			ct_text_add(text, "\\ufffd");
			whole = false;
			i++;
		} else if (length > 1) {
			ct_text_add_n(text, bytes + i, length);
			i += length;
		} else {
			unsigned char c = s[i++];

			if (c == '"' || c == '\\') {
				ct_text_add_char(text, '\\');
				ct_text_add_char(text, (char) c);
			} else if (c == '\n') {
				ct_text_add(text, "\\n");
			} else if (c == '\t') {
				ct_text_add(text, "\\t");
			} else if (c == '\r') {
				ct_text_add(text, "\\r");
			} else if (c < 0x20 || c == 0x7f) {
				ct_text_addf(text, "\\u%04x", c);
			} else {
				ct_text_add_char(text, (char) c);
			}
		}
	}
	ct_text_add_char(text, '"');
	return whole;
}

void ct_text_add_json(struct ct_text *text, const char *string)
{
	ct_text_add_json_n(text, string, strlen(string));
}

static bool is_control(char c)
{
	return (unsigned char) c < ' ' || c == 0x7f;
}

void ct_text_add_shell(struct ct_text *text, const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_./+:@%,=-";
	bool quote = !*path, control = false;

	if (*path == '-') /* no option */
		ct_text_add(text, "./");
	for (const char *c = path; *c; c++) {
		quote |= !strchr(plain, *c) && (unsigned char) *c < 0x80;
		control |= is_control(*c);
	}
	ct_text_add(text, control ? "$'" : quote ? "'" : "");
	for (const char *c = path; *c; c++) {
		if (is_control(*c))
			ct_text_addf(text, "\\%03o", (unsigned) *c);
		else if (control && (*c == '\'' || *c == '\\'))
			ct_text_addf(text, "\\%c", *c);
		else if (*c == '\'')
			ct_text_add(text, "'\\''");
		else
			ct_text_add_char(text, *c);
	}
	ct_text_add(text, quote ? "'" : "");
}
