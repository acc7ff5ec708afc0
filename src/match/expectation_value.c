/* expectation_value.c - values of expectation files -> matchers. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "match/expectation_parse.h"

static bool alternative(struct ct_scan *s, struct ct_matcher *out);

static struct ct_matcher *keep(struct ct_scan *s, const struct ct_matcher *m)
{
	struct ct_matcher *copy = ct_arena_alloc(s->arena, sizeof *copy);

	*copy = *m;
	return copy;
}

/* --- numbers --- */

static bool integer(struct ct_scan *s, bool negative, struct ct_operand *out)
{
	const char *begin = s->at;
	unsigned __int128 value = 0;
	unsigned base = s->at[0] == '0' && (s->at[1] | 32) == 'x' ? 16 : 10;
	bool too_large = false;

	s->at += base == 16 ? 2 : 0;
	for (;; s->at++) {
		char c = *s->at;
		unsigned digit = c >= '0' && c <= '9' ? (unsigned) (c - '0') : (c | 32) >= 'a' && (c | 32) <= 'f' ? (unsigned) ((c | 32) - 'a' + 10) : 16;

		if (digit >= base)
			break;
		too_large |= value > (~(unsigned __int128) 0 - digit) / base;
		value = value * base + digit;
	}
	if (too_large || (negative && value > (unsigned __int128) 1 << 127))
		return ct_scan_problem(s, begin, "this number has more than 128 bits");
	if (base == 16 && s->at == begin + 2)
		return ct_scan_expected(s, "hexadecimal digits");
	while (s->at < s->end && strchr("uUlL", *s->at) && *s->at) /* as C writes them */
		s->at++;
	if (ct_scan_is_word(*s->at))
		return ct_scan_expected(s, "the end of the number");
	*out = (struct ct_operand){ .kind = CT_OPERAND_INTEGER, .integer = negative ? (__int128) -value : (__int128) value,
		                    .is_unsigned = !negative };
	return true;
}

/* Digits, then what no integer has: a point that is no "..", or an exponent. */
static bool is_real(const char *at, const char *end)
{
	if (at + 1 < end && at[0] == '0' && (at[1] | 32) == 'x')
		return false;
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at < end && ((*at == '.' && at[1] != '.') || (*at | 32) == 'e');
}

static bool number(struct ct_scan *s, struct ct_operand *out)
{
	const char *begin = s->at;
	bool negative = *s->at == '-';
	char *end;

	s->at += negative || *s->at == '+';
	if (!is_real(s->at, s->end))
		return integer(s, negative, out);
	*out = (struct ct_operand){ .kind = CT_OPERAND_FLOAT, .real = strtold(begin, &end) };
	s->at = end;
	if (*s->at == 'f' || *s->at == 'F')
		s->at++;
	if (ct_scan_is_word(*s->at))
		return ct_scan_expected(s, "the end of the number");
	return true;
}

static bool character(struct ct_scan *s, struct ct_operand *out)
{
	const char *begin = s->at, *text;
	uint32_t c = 0;
	size_t length;

	text = ct_scan_string(s, &length);
	if (!text)
		return false;
	if (length == 1)
		c = (unsigned char) text[0];
	else if (length == 0 || ct_utf8_decode(text, length, &c) != length)
		return ct_scan_problem(s, begin, "between ' and ' stands one character; a string is written with \"");
	*out = (struct ct_operand){ .kind = CT_OPERAND_CHAR, .integer = length == 1 && text[0] < 0 ? text[0] : (__int128) c };
	return true;
}

/* An enumerator, several of them, true, false, inf. */
static bool word(struct ct_scan *s, struct ct_operand *out)
{
	struct ct_text text = {0};
	const char *name;

	do {
		name = ct_scan_name(s);
		if (!name) {
			ct_text_deinit(&text);
			return ct_scan_expected(s, "a name");
		}
		ct_text_addf(&text, "%s%s", text.length ? "|" : "", name);
	} while (ct_scan_sign(s, "|"));
	*out = (struct ct_operand){ .kind = CT_OPERAND_WORD, .text = ct_arena_strdup(s->arena, text.data) };
	ct_text_deinit(&text);
	if (strcmp(out->text, "inf") == 0)
		*out = (struct ct_operand){ .kind = CT_OPERAND_FLOAT, .real = (long double) INFINITY };
	return true;
}

static bool is_number(const struct ct_scan *s)
{
	const char *at = s->at + (s->at < s->end && (*s->at == '-' || *s->at == '+'));

	return at < s->end && *at >= '0' && *at <= '9';
}

static bool operand(struct ct_scan *s, struct ct_operand *out)
{
	const char *text;
	size_t length;

	ct_scan_space(s);
	if (s->at == s->end)
		return ct_scan_expected(s, "a value");
	if (is_number(s))
		return number(s, out);
	if (*s->at == '\'')
		return character(s, out);
	if (*s->at == '"') {
		text = ct_scan_string(s, &length);
		*out = (struct ct_operand){ .kind = CT_OPERAND_STRING, .text = text, .length = length };
		return text != NULL;
	}
	if (ct_scan_sign(s, "-inf")) {
		*out = (struct ct_operand){ .kind = CT_OPERAND_FLOAT, .real = -(long double) INFINITY };
		return true;
	}
	if (ct_scan_is_word(*s->at))
		return word(s, out);
	return ct_scan_expected(s, "a value");
}

/* --- values that begin with a sign --- */

/* ~"glob", ~/expression/ */
static bool shape(struct ct_scan *s, struct ct_matcher *out)
{
	const char *begin, *text;
	struct ct_text regex = {0};
	size_t length;

	if (s->at < s->end && *s->at == '"') {
		text = ct_scan_string(s, &length);
		*out = (struct ct_matcher){ .kind = CT_MATCH_GLOB, .a = { .kind = CT_OPERAND_STRING, .text = text, .length = length } };
		return text != NULL;
	}
	if (s->at == s->end || *s->at != '/')
		return ct_scan_expected(s, "\"a pattern with * and ?\" or /a regular expression/ behind ~");
	begin = s->at++;
	for (; s->at < s->end && *s->at != '/' && *s->at != '\n'; s->at++) {
		s->at += *s->at == '\\' && s->at[1] == '/';
		ct_text_add_n(&regex, s->at, 1);
	}
	if (s->at == s->end || *s->at != '/') {
		ct_text_deinit(&regex);
		return ct_scan_problem(s, begin, "the regular expression that begins here has no / at its end");
	}
	s->at++;
	text = ct_arena_strndup(s->arena, regex.data ? regex.data : "", regex.length);
	*out = (struct ct_matcher){ .kind = CT_MATCH_REGEX, .a = { .kind = CT_OPERAND_STRING, .text = text, .length = regex.length } };
	ct_text_deinit(&regex);
	if (!ct_regex_valid(text))
		return ct_scan_problem(s, begin, "this is no regular expression (POSIX extended)");
	return true;
}

static bool variable(struct ct_scan *s, struct ct_matcher *out)
{
	const char *begin = s->at - 1;

	while (s->at < s->end && ct_scan_is_word(*s->at))
		s->at++;
	if (s->at == begin + 1)
		return ct_scan_expected(s, "a name behind $");
	*out = (struct ct_matcher){ .kind = CT_MATCH_VARIABLE, .text = ct_arena_strndup(s->arena, begin, (size_t) (s->at - begin)) };
	if (s->name_count == sizeof s->names / sizeof *s->names)
		return ct_scan_problem(s, begin, "there are too many variables");
	s->names[s->name_count++] = out->text;
	return true;
}

static bool function(struct ct_scan *s, struct ct_matcher *out)
{
	const char *name = ct_scan_function(s);

	*out = (struct ct_matcher){ .kind = CT_MATCH_FUNCTION, .a = { .kind = CT_OPERAND_FUNCTION, .text = name } };
	return name != NULL;
}

static bool holding(struct ct_scan *s, enum ct_matcher_kind kind, struct ct_matcher *out)
{
	struct ct_matcher inner;

	if (!alternative(s, &inner))
		return false;
	*out = (struct ct_matcher){ .kind = kind, .items = keep(s, &inner), .count = 1 };
	return true;
}

static bool with_operand(struct ct_scan *s, enum ct_matcher_kind kind, struct ct_matcher *out)
{
	*out = (struct ct_matcher){ .kind = kind };
	if (kind == CT_MATCH_NE && (ct_scan_word(s, "NULL") || ct_scan_word(s, "null"))) {
		out->kind = CT_MATCH_NOT_NULL;
		return true;
	}
	return operand(s, &out->a);
}

static bool bracket(struct ct_scan *s, enum ct_matcher_kind kind, char close, struct ct_matcher *out)
{
	*out = (struct ct_matcher){ .kind = kind };
	return ct_scan_list(s, close, kind == CT_MATCH_FIELDS, &out->items, &out->count);
}

/* Alone, or between two: 3, 3..5, 3 +- 0.1 */
static bool plain(struct ct_scan *s, struct ct_matcher *out)
{
	*out = (struct ct_matcher){ .kind = CT_MATCH_EQ };
	if (!operand(s, &out->a))
		return false;
	if (out->a.kind == CT_OPERAND_STRING || out->a.kind == CT_OPERAND_WORD)
		return true;
	if (ct_scan_sees(s, "...") || !ct_scan_sign(s, "..")) {
		if (!ct_scan_sign(s, "+-"))
			return true;
		out->kind = CT_MATCH_EPSILON;
		return operand(s, &out->b);
	}
	out->kind = CT_MATCH_RANGE;
	return operand(s, &out->b);
}

static bool one(struct ct_scan *s, struct ct_matcher *out)
{
	static const struct {
		const char *sign;
		enum ct_matcher_kind kind;
	} comparisons[] = { { "!=", CT_MATCH_NE }, { "<=", CT_MATCH_LE }, { ">=", CT_MATCH_GE },
		            { "<", CT_MATCH_LT }, { ">", CT_MATCH_GT } };

	ct_scan_space(s);
	for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++)
		if (ct_scan_sign(s, comparisons[i].sign))
			return with_operand(s, comparisons[i].kind, out);
	if (ct_scan_word(s, "_")) {
		*out = (struct ct_matcher){ .kind = CT_MATCH_ANY };
		return true;
	}
	if (ct_scan_word(s, "NULL") || ct_scan_word(s, "null")) {
		*out = (struct ct_matcher){ .kind = CT_MATCH_NULL };
		return true;
	}
	if (ct_scan_word(s, "nan")) {
		*out = (struct ct_matcher){ .kind = CT_MATCH_NAN };
		return true;
	}
	if (ct_scan_word(s, "not"))
		return holding(s, CT_MATCH_NOT, out);
	if (ct_scan_word(s, "after"))
		return holding(s, CT_MATCH_AFTER, out);
	if (ct_scan_word(s, "bits"))
		return with_operand(s, CT_MATCH_FLAGS, out);
	if (ct_scan_sign(s, "~"))
		return shape(s, out);
	if (ct_scan_sign(s, "$"))
		return variable(s, out);
	if (ct_scan_sign(s, "@"))
		return function(s, out);
	if (ct_scan_sign(s, "*"))
		return holding(s, CT_MATCH_DEREF, out);
	if (ct_scan_sign(s, "{"))
		return bracket(s, CT_MATCH_FIELDS, '}', out);
	if (ct_scan_sign(s, "["))
		return bracket(s, CT_MATCH_ELEMENTS, ']', out);
	return plain(s, out);
}

/* Values within values are bounded: they are read by recursion. */
static bool alternative(struct ct_scan *s, struct ct_matcher *out)
{
	bool ok;

	if (s->depth == CT_EXPECT_DEPTH_MOST)
		return ct_scan_problem(s, s->at, "there are more than %d values within values here", CT_EXPECT_DEPTH_MOST);
	s->depth++;
	ok = one(s, out);
	s->depth--;
	return ok;
}

bool ct_scan_value(struct ct_scan *s, struct ct_matcher *out)
{
	struct ct_matcher first, items[16];
	size_t count = 1;

	if (!alternative(s, &first))
		return false;
	*out = first;
	if (!ct_scan_sees(s, "or") || ct_scan_is_word(s->at[2]))
		return true;
	items[0] = first;
	while (ct_scan_word(s, "or")) {
		if (count == sizeof items / sizeof *items)
			return ct_scan_problem(s, s->at, "there are more than 16 values here");
		if (!alternative(s, &items[count++]))
			return false;
	}
	*out = (struct ct_matcher){ .kind = CT_MATCH_IN, .count = count };
	out->items = memcpy(ct_arena_alloc(s->arena, count * sizeof *items), items, count * sizeof *items);
	return true;
}

/* --- lists --- */

/* Whether this is a name and then a sign: "fd = 3", "n > 0"; an enumerator has none behind it. */
static bool named(struct ct_scan *s, const char **name)
{
	const char *begin = s->at, *line_begin = s->line_begin;
	unsigned line = s->line;

	*name = ct_scan_name(s);
	if (!*name)
		return false;
	if (ct_scan_sign(s, "==") || ct_scan_sign(s, "="))
		return true;
	if (ct_scan_sees(s, "<") || ct_scan_sees(s, ">") || ct_scan_sees(s, "!="))
		return true;
	s->at = begin;
	s->line = line; /* the sign was looked for in the next one, too */
	s->line_begin = line_begin;
	return false;
}

static bool item(struct ct_scan *s, bool named_only, struct ct_matcher *out)
{
	struct ct_matcher value;
	const char *name;

	ct_scan_space(s);
	if (ct_scan_sign(s, "...")) {
		*out = (struct ct_matcher){ .kind = CT_MATCH_REST };
		return true;
	}
	if (!named(s, &name)) {
		if (named_only)
			return ct_scan_expected(s, "'member = value'");
		return ct_scan_value(s, out);
	}
	if (!ct_scan_value(s, &value))
		return false;
	*out = (struct ct_matcher){ .kind = CT_MATCH_NAMED, .text = name, .items = keep(s, &value), .count = 1 };
	return true;
}

/* Members are some of all there are in any case: "..." among them says nothing. */
static bool keep_list(struct ct_scan *s, bool named_only, struct ct_matcher *items, size_t count,
                      const struct ct_matcher **out, size_t *out_count)
{
	struct ct_matcher *copy = ct_arena_alloc(s->arena, (count + 1) * sizeof *copy);

	*out_count = 0;
	for (size_t i = 0; i < count; i++) {
		if (items[i].kind == CT_MATCH_REST && i + 1 < count)
			return ct_scan_problem(s, s->at, "'...' stands last");
		if (items[i].kind != CT_MATCH_REST || !named_only)
			copy[(*out_count)++] = items[i];
	}
	*out = copy;
	return true;
}

bool ct_scan_list(struct ct_scan *s, char close, bool named_only, const struct ct_matcher **out, size_t *out_count)
{
	const char end[] = { close, '\0' };
	char what[] = "',' or 'x'";
	struct ct_matcher items[64];
	size_t count = 0;

	what[8] = close;
	s->brackets++;
	if (!ct_scan_sees(s, end))
		do {
			if (count == sizeof items / sizeof *items)
				return ct_scan_problem(s, s->at, "there are more than 64 values here");
			if (!item(s, named_only, &items[count++]))
				return false;
		} while (ct_scan_sign(s, ","));
	if (!ct_scan_sees(s, end))
		return ct_scan_expected(s, what);
	s->brackets--;
	s->at++;
	return keep_list(s, named_only, items, count, out, out_count);
}
