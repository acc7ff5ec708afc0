#include "trace/pull.h"

#include <stdlib.h>

void ct_pull_deinit(struct ct_pull *p)
{
	ct_text_deinit(&p->key);
}

void ct_pull_fail(struct ct_pull *p, const char *what)
{
	if (p->failed)
		return;
	p->failed = true;
	p->what = what;
}

static inline bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

char ct_pull_peek(struct ct_pull *p)
{
	while (p->at < p->size && is_space(p->data[p->at]))
		p->at++;
	if (p->failed)
		return 0;
	if (p->at == p->size) {
		ct_pull_fail(p, "it ends in the middle");
		return 0;
	}
	return p->data[p->at];
}

/* --- strings --- */

/* Behind the closing quote of the string that begins at `at`; 0: there is none. */
static size_t string_end(const struct ct_pull *p, size_t at)
{
	for (at++; at < p->size; at++) {
		const char *quote = memchr(p->data + at, '"', p->size - at);
		size_t slashes = 0, end;

		if (!quote)
			return 0;
		end = (size_t)(quote - p->data);
		while (end - slashes > at && p->data[end - slashes - 1] == '\\')
			slashes++;
		if (slashes % 2 == 0)
			return end + 1;
		at = end;
	}
	return 0;
}

struct ct_span ct_pull_raw_string(struct ct_pull *p)
{
	size_t begin = p->at, end;

	if (ct_pull_peek(p) != '"') {
		if (!p->failed)
			ct_pull_skip(p);
		return (struct ct_span){ "", 0 };
	}
	begin = p->at;
	end = string_end(p, begin);
	if (!end) {
		ct_pull_fail(p, "a string does not end");
		return (struct ct_span){ "", 0 };
	}
	p->at = end;
	p->first = false;
	return (struct ct_span){ p->data + begin + 1, end - begin - 2 };
}

static bool hex4(const char *s, size_t left, uint32_t *value)
{
	*value = 0;
	if (left < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		char c = s[i];

		if (c >= '0' && c <= '9')
			*value = *value * 16 + (uint32_t)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			*value = *value * 16 + (uint32_t)((c | 32) - 'a' + 10);
		else
			return false;
	}
	return true;
}

static void add_code_point(struct ct_text *to, uint32_t c)
{
	/* A C string cannot hold NUL, nor UTF-8 half a surrogate pair. */
	if (c == 0 || (c >= 0xd800 && c < 0xe000))
		c = 0xfffd;
	if (c < 0x80) {
		ct_text_add_char(to, (char) c);
	} else if (c < 0x800) {
		ct_text_add_char(to, (char) (0xc0 | c >> 6));
		ct_text_add_char(to, (char) (0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		ct_text_add_char(to, (char) (0xe0 | c >> 12));
		ct_text_add_char(to, (char) (0x80 | (c >> 6 & 0x3f)));
		ct_text_add_char(to, (char) (0x80 | (c & 0x3f)));
	} else {
		ct_text_add_char(to, (char) (0xf0 | c >> 18));
		ct_text_add_char(to, (char) (0x80 | (c >> 12 & 0x3f)));
		ct_text_add_char(to, (char) (0x80 | (c >> 6 & 0x3f)));
		ct_text_add_char(to, (char) (0x80 | (c & 0x3f)));
	}
}

/* What stands behind "\u"; returns how many bytes of it were taken, 0: it is wrong. */
static size_t add_unicode(struct ct_text *to, const char *s, size_t left)
{
	uint32_t high, low;

	if (!hex4(s, left, &high))
		return 0;
	if (high >= 0xd800 && high < 0xdc00 && left >= 10 && s[4] == '\\' && s[5] == 'u'
	    && hex4(s + 6, left - 6, &low) && low >= 0xdc00 && low < 0xe000) {
		add_code_point(to, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
		return 10;
	}
	add_code_point(to, high);
	return 4;
}

/* Resolves the escapes; false: one is wrong. */
static bool unescape(struct ct_text *to, struct ct_span raw)
{
	static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";

	for (size_t i = 0; i < raw.length; i++) {
		const char *letter;
		size_t taken;

		if ((unsigned char) raw.data[i] < 0x20)
			return false;
		if (raw.data[i] != '\\') {
			ct_text_add_char(to, raw.data[i]);
			continue;
		}
		if (++i == raw.length)
			return false;
		letter = memchr(letters, raw.data[i], sizeof letters - 1);
		if (letter) {
			ct_text_add_char(to, values[letter - letters]);
			continue;
		}
		taken = raw.data[i] == 'u' ? add_unicode(to, raw.data + i + 1, raw.length - i - 1) : 0;
		if (!taken)
			return false;
		i += taken;
	}
	return true;
}

const char *ct_pull_string_n(struct ct_pull *p, struct ct_arena *arena, size_t *length)
{
	struct ct_text text = {0};
	struct ct_span raw;
	const char *string = NULL;

	if (ct_pull_peek(p) != '"') {
		if (!p->failed)
			ct_pull_skip(p);
		return NULL;
	}
	raw = ct_pull_raw_string(p);
	if (p->failed)
		return NULL;
	ct_text_add(&text, "");
	if (unescape(&text, raw))
		string = ct_arena_strndup(arena, text.data, text.length);
	else
		ct_pull_fail(p, "a string has an escape or a character that JSON does not know");
	*length = text.length;
	ct_text_deinit(&text);
	return string;
}

const char *ct_pull_string(struct ct_pull *p, struct ct_arena *arena)
{
	size_t length;

	return ct_pull_string_n(p, arena, &length);
}

/* --- numbers, words --- */

static bool is_number_byte(char c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* Digits and nothing else are read exactly; what else is a number, as the nearest one. */
static uint64_t other_number(const char *text, size_t length)
{
	char copy[64];
	double value;

	if (length >= sizeof copy)
		return 0;
	memcpy(copy, text, length);
	copy[length] = '\0';
	value = strtod(copy, NULL);
	return value >= 18446744073709551615.0 ? UINT64_MAX : value > 0 ? (uint64_t) value : 0;
}

uint64_t ct_pull_number(struct ct_pull *p)
{
	char c = ct_pull_peek(p);
	size_t begin = p->at, at = p->at;
	uint64_t value = 0;
	bool whole = true;

	if (p->failed)
		return 0;
	if (c != '-' && (c < '0' || c > '9')) {
		ct_pull_skip(p);
		return 0;
	}
	for (; at < p->size && is_number_byte(p->data[at]); at++) {
		unsigned digit = (unsigned) (p->data[at] - '0');

		if (digit > 9 || value > UINT64_MAX / 10 || value * 10 > UINT64_MAX - digit)
			whole = false;
		else
			value = value * 10 + digit;
	}
	p->at = at;
	p->first = false;
	return whole ? value : other_number(p->data + begin, at - begin);
}

static bool take_word(struct ct_pull *p, const char *word)
{
	size_t n = strlen(word);

	if (p->size - p->at < n || memcmp(p->data + p->at, word, n) != 0)
		return false;
	p->at += n;
	p->first = false;
	return true;
}

bool ct_pull_bool(struct ct_pull *p)
{
	if (ct_pull_peek(p) == 't' && take_word(p, "true"))
		return true;
	if (!p->failed)
		ct_pull_skip(p);
	return false;
}

/* --- arrays, objects --- */

bool ct_pull_open(struct ct_pull *p, char bracket)
{
	char c = ct_pull_peek(p);

	if (p->failed)
		return false;
	if (c != bracket) {
		ct_pull_skip(p);
		return false;
	}
	p->at++;
	p->first = true;
	return true;
}

/* Takes the comma before the next item, or the end. */
static bool next_item(struct ct_pull *p, char end)
{
	char c = ct_pull_peek(p);

	if (p->failed)
		return false;
	if (c == end) {
		p->at++;
		p->first = false;
		return false;
	}
	if (p->first) {
		p->first = false;
		return true;
	}
	if (c != ',') {
		ct_pull_fail(p, "a comma or the end of an array or object is missing");
		return false;
	}
	p->at++;
	ct_pull_peek(p);
	return !p->failed;
}

bool ct_pull_element(struct ct_pull *p)
{
	return next_item(p, ']');
}

bool ct_pull_key(struct ct_pull *p, struct ct_span *key)
{
	if (!next_item(p, '}'))
		return false;
	if (ct_pull_peek(p) != '"') {
		ct_pull_fail(p, "a name of a member is missing");
		return false;
	}
	*key = ct_pull_raw_string(p);
	if (!p->failed && memchr(key->data, '\\', key->length)) {
		ct_text_clear(&p->key);
		if (!unescape(&p->key, *key))
			ct_pull_fail(p, "a string has an escape or a character that JSON does not know");
		*key = (struct ct_span){ p->key.data ? p->key.data : "", p->key.length };
	}
	if (ct_pull_peek(p) != ':') {
		ct_pull_fail(p, "a colon is missing");
		return false;
	}
	p->at++;
	return true;
}

/* Behind the array or object at `at`; 0: it does not end. Brackets are only counted. */
static size_t nested_end(const struct ct_pull *p, size_t at)
{
	size_t depth = 0;

	while (at < p->size) {
		switch (p->data[at]) {
		case '"':
			at = string_end(p, at);
			if (!at)
				return 0;
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			if (--depth == 0)
				return at + 1;
			break;
		default:
			break;
		}
		at++;
	}
	return 0;
}

void ct_pull_skip(struct ct_pull *p)
{
	char c = ct_pull_peek(p);
	size_t end;

	if (p->failed)
		return;
	if (c == '"') {
		ct_pull_raw_string(p);
	} else if (c == '{' || c == '[') {
		end = nested_end(p, p->at);
		if (!end) {
			p->at = p->size;
			ct_pull_fail(p, "it ends in the middle");
			return;
		}
		p->at = end;
	} else if (c == '-' || (c >= '0' && c <= '9')) {
		ct_pull_number(p);
	} else if (!take_word(p, "true") && !take_word(p, "false") && !take_word(p, "null")) {
		ct_pull_fail(p, "a value is missing");
	}
	p->first = false;
}
