/* expectation_scan.c - characters and words of an expectation file, and what is wrong at which column. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "match/expectation_parse.h"
#include "match/show.h"

/* --- problems --- */

/* Columns are counted in characters, from 1. */
static unsigned column_of(const struct ct_scan *s, const char *at)
{
	unsigned column = 1;

	for (const char *c = s->line_begin; c < at; c++)
		column += ((unsigned char) *c & 0xc0) != 0x80;
	return column;
}

bool ct_scan_problem(struct ct_scan *s, const char *at, const char *format, ...)
{
	static const struct ct_style style = { .plain = false };
	char text[512];
	va_list args;

	if (s->bad_line == s->line)
		return false;
	s->bad_line = s->line;
	if (s->problem_count++ >= CT_EXPECT_PROBLEMS)
		return false;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	ct_text_addf(s->problems, "%s:%u:%u: ", s->path, s->line, column_of(s, at < s->line_begin ? s->line_begin : at));
	ct_text_show_name(text, &style, s->problems);
	ct_text_add_char(s->problems, '\n');
	return false;
}

/* What stands there, as far as a person would call it one thing. */
static void found(const struct ct_scan *s, char *out, size_t size)
{
	size_t n = 0, left = (size_t) (s->end - s->at);

	if (left == 0) {
		snprintf(out, size, "the end of the file");
		return;
	}
	if (*s->at == '\n' || *s->at == '\r' || *s->at == '#') {
		snprintf(out, size, "the end of the line");
		return;
	}
	while (n < left && n < 32 && ct_scan_is_word(s->at[n]))
		n++;
	if (n == 0)
		for (n = 1; n < left && n < 4 && ((unsigned char) s->at[n] & 0xc0) == 0x80;)
			n++;
	snprintf(out, size, "'%.*s'", (int) n, s->at);
}

bool ct_scan_expected(struct ct_scan *s, const char *what)
{
	char text[64];

	ct_scan_space(s);
	found(s, text, sizeof text);
	return ct_scan_problem(s, s->at, "expected %s, found %s", what, text);
}

/* --- characters --- */

static void next_line(struct ct_scan *s)
{
	s->at++;
	s->line++;
	s->line_begin = s->at;
}

void ct_scan_space(struct ct_scan *s)
{
	for (; s->at < s->end; s->at++) {
		if (*s->at == '#')
			while (s->at < s->end && *s->at != '\n')
				s->at++;
		while (s->brackets && s->at < s->end && *s->at == '\n')
			next_line(s);
		if (s->at == s->end || !strchr(" \t\r", *s->at) || !*s->at) {
			if (s->brackets && s->at < s->end && *s->at == '#')
				continue;
			return;
		}
	}
}

bool ct_scan_at_end(struct ct_scan *s)
{
	ct_scan_space(s);
	return s->at == s->end || *s->at == '\n';
}

void ct_scan_skip_line(struct ct_scan *s)
{
	while (s->at < s->end && *s->at != '\n')
		s->at++;
	if (s->at < s->end)
		next_line(s);
	s->brackets = 0;
	s->depth = 0;
}

bool ct_scan_line_end(struct ct_scan *s)
{
	if (!ct_scan_at_end(s))
		return ct_scan_expected(s, "the end of the line");
	if (s->at < s->end)
		next_line(s);
	return true;
}

static bool starts_with(const struct ct_scan *s, const char *text)
{
	size_t n = strlen(text);

	return (size_t) (s->end - s->at) >= n && memcmp(s->at, text, n) == 0;
}

bool ct_scan_sees(struct ct_scan *s, const char *sign)
{
	ct_scan_space(s);
	return starts_with(s, sign);
}

bool ct_scan_sign(struct ct_scan *s, const char *sign)
{
	if (!ct_scan_sees(s, sign))
		return false;
	s->at += strlen(sign);
	return true;
}

bool ct_scan_word(struct ct_scan *s, const char *word)
{
	size_t n = strlen(word);

	if (!ct_scan_sees(s, word) || (s->at + n < s->end && ct_scan_is_word(s->at[n])))
		return false;
	s->at += n;
	return true;
}

const char *ct_scan_name(struct ct_scan *s)
{
	const char *begin;

	ct_scan_space(s);
	begin = s->at;
	while (s->at < s->end
	       && (ct_scan_is_word(*s->at) || (*s->at == '.' && s->at > begin && s->at[1] != '.')
	           || (starts_with(s, "::") && s->at[2] != ':')))
		s->at += *s->at == ':' ? 2 : 1;
	if (s->at == begin || (*begin >= '0' && *begin <= '9')) {
		s->at = begin;
		return NULL;
	}
	return ct_arena_strndup(s->arena, begin, (size_t) (s->at - begin));
}

/* --- strings, numbers --- */

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 32) : NULL;

	return at && (c < '0' || c > '9' ? (c | 32) >= 'a' : true) ? (int) (at - digits) : -1;
}

/* Behind the backslash; returns false where C knows no such escape. */
static bool escape(struct ct_scan *s, char **to)
{
	static const char letters[] = "abtnvfre\"'\\?", values[] = "\a\b\t\n\v\f\r\033\"'\\?";
	const char *letter = s->at < s->end && *s->at ? strchr(letters, *s->at) : NULL;
	int value = 0, digits = 0;

	if (letter) {
		*(*to)++ = values[letter - letters];
		s->at++;
		return true;
	}
	if (s->at < s->end && *s->at == 'x') {
		s->at++;
		for (; digits < 2 && s->at < s->end && hex_digit(*s->at) >= 0; digits++)
			value = value * 16 + hex_digit(*s->at++);
	} else {
		for (; digits < 3 && s->at < s->end && *s->at >= '0' && *s->at <= '7'; digits++)
			value = value * 8 + (*s->at++ - '0');
	}
	*(*to)++ = (char) value;
	return digits > 0;
}

const char *ct_scan_string(struct ct_scan *s, size_t *length)
{
	const char *begin = s->at, *end = s->at + 1;
	char quote = *s->at++, *text, *to;

	while (end < s->end && *end != '\n' && *end != quote)
		end += *end == '\\' && end + 1 < s->end ? 2 : 1;
	if (end >= s->end || *end != quote) {
		ct_scan_problem(s, begin, "the %s that begins here has no end on this line",
		                quote == '"' ? "string" : "character");
		return NULL;
	}
	text = to = ct_arena_alloc(s->arena, (size_t) (end - begin) + 1);
	while (s->at < end) {
		if (*s->at != '\\') {
			*to++ = *s->at++;
			continue;
		}
		begin = s->at++;
		if (!escape(s, &to)) {
			ct_scan_problem(s, begin, "'\\%c' is no escape that C knows", *s->at);
			return NULL;
		}
	}
	s->at = end + 1;
	*length = (size_t) (to - text);
	return text;
}

bool ct_scan_count(struct ct_scan *s, uint32_t most, const char *what, uint32_t *out)
{
	unsigned long long value;
	const char *begin = s->at;
	char *end;

	if (s->at == s->end || *s->at < '0' || *s->at > '9')
		return ct_scan_expected(s, what);
	errno = 0;
	value = strtoull(s->at, &end, 10);
	if (errno || value > most)
		return ct_scan_problem(s, begin, "%.*s is too large: at most %u", (int) (end - begin), begin, most);
	s->at = end;
	*out = (uint32_t) value;
	return true;
}
