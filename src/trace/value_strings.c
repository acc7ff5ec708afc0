#include "trace/value_strings.h"

static bool has(struct ct_span text, const char *part)
{
	return memmem(text.data ? text.data : "", text.length, part, strlen(part)) != NULL;
}

static bool consists_of(struct ct_span text, const char *bytes)
{
	for (size_t i = 0; i < text.length; i++)
		if (!memchr(bytes, text.data[i], strlen(bytes)))
			return false;
	return text.length > 0;
}

static bool is_address(struct ct_span text)
{
	return text.length > 2 && text.length <= 18 && text.data[0] == '0' && text.data[1] == 'x'
	       && consists_of((struct ct_span){ text.data + 2, text.length - 2 }, "0123456789abcdef");
}

/* An integer beyond 2^53: the others are numbers in JSON, too. */
static bool is_big_integer(struct ct_span text)
{
	static const char least[] = "9007199254740992";
	size_t sign = text.length && text.data[0] == '-', length = text.length - sign;
	const char *digits = text.data + sign;

	return length >= sizeof least - 1 && length <= 39 && digits[0] != '0'
	       && consists_of((struct ct_span){ digits, length }, "0123456789")
	       && (length > sizeof least - 1 || memcmp(digits, least, length) > 0);
}

/* By the name of its type. */
static char guess_outermost(struct ct_span type, bool has_address, struct ct_span text)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:|+-.";

	if (is_address(text) && (!has(type, "char") || has(type, "**")))
		return CT_STRING_ADDRESS;
	if (has(type, "char") && !has(type, "*") && !has(type, "[") && !has(type, "<"))
		return CT_STRING_CHARACTER;
	if (has(type, "char") || has(type, "string"))
		return CT_STRING_TEXT;
	if (has(type, "enum ") || has(type, "(*") || has(type, "::*"))
		return CT_STRING_WORD;
	if (is_big_integer(text))
		return CT_STRING_NUMBER;
	return has_address || !consists_of(text, word) ? CT_STRING_TEXT : CT_STRING_WORD;
}

char ct_string_guess(struct ct_span type, bool has_address, struct ct_span text)
{
	if (type.data)
		return guess_outermost(type, has_address, text);
	if (is_address(text))
		return CT_STRING_ADDRESS;
	return is_big_integer(text) ? CT_STRING_NUMBER : CT_STRING_TEXT;
}

bool ct_string_misleads(struct ct_span type, bool has_address, struct ct_span text, char letter)
{
	char guess = ct_string_guess(type, has_address, text);

	if (type.data && guess == CT_STRING_NUMBER)
		guess = CT_STRING_WORD;
	if (type.data && letter == CT_STRING_NUMBER)
		letter = CT_STRING_WORD;
	return guess != letter;
}

char ct_strings_next(struct ct_strings *s, struct ct_span type, bool has_address, struct ct_span text)
{
	if (s->at < s->letters.length && memchr("twcna", s->letters.data[s->at], 5))
		return s->letters.data[s->at++];
	return ct_string_guess(type, has_address, text);
}
