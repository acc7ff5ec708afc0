/* matcher_text.c - strings, and bytes. A string that was cut off may tell yes or no, or neither. */
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "match/matcher_private.h"

/* --- words --- */

/* RED is Color::RED, too. */
static bool same_word(const char *word, size_t length, const char *part, size_t part_length)
{
	if (part_length > length || memcmp(word + length - part_length, part, part_length) != 0)
		return false;
	return part_length == length
	       || (length - part_length >= 2 && memcmp(word + length - part_length - 2, "::", 2) == 0);
}

static bool has_word(const char *words, const char *part, size_t part_length)
{
	for (const char *w = words;; w++) {
		size_t length = strcspn(w, "|");

		if (same_word(w, length, part, part_length))
			return true;
		w += length;
		if (!*w)
			return false;
	}
}

bool ct_words_include(const char *whole, const char *part)
{
	for (const char *p = part;; p++) {
		size_t length = strcspn(p, "|");

		if (!has_word(whole, p, length))
			return false;
		p += length;
		if (!*p)
			return true;
	}
}

/* --- text --- */

static enum ct_answer cut_off(const struct ct_test *t, const struct ct_datum *d)
{
	return ct_because(t, CT_ANSWER_INCONCLUSIVE, "only the first %zu bytes of it were recorded", d->length);
}

static enum ct_answer test_prefix(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	size_t both = m->a.length < d->length ? m->a.length : d->length;

	if (memcmp(d->text, m->a.text, both) != 0)
		return ct_differs(t, m, d);
	if (m->a.length <= d->length)
		return CT_ANSWER_YES;
	return d->truncated ? cut_off(t, d) : ct_differs(t, m, d);
}

static enum ct_answer test_content(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	enum ct_answer prefix = test_prefix(t, m, d);

	if (prefix != CT_ANSWER_YES || (m->a.length == d->length && !d->truncated))
		return prefix;
	return ct_differs(t, m, d);
}

static enum ct_answer test_suffix(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	if (d->truncated)
		return cut_off(t, d);
	if (m->a.length <= d->length
	    && memcmp(d->text + d->length - m->a.length, m->a.text, m->a.length) == 0)
		return CT_ANSWER_YES;
	return ct_differs(t, m, d);
}

static bool matches_regex(const char *text, const char *pattern, bool *wrong)
{
	regex_t regex;
	bool found;

	*wrong = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0;
	if (*wrong)
		return false;
	found = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return found;
}

bool ct_regex_valid(const char *pattern)
{
	bool wrong;

	matches_regex("", pattern, &wrong);
	return !wrong;
}

static enum ct_answer test_shape(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	bool wrong = false, found;

	if (m->kind == CT_MATCH_CONTAINS)
		found = memmem(d->text, d->length, m->a.text, m->a.length) != NULL;
	else if (m->kind == CT_MATCH_GLOB)
		found = ct_glob(m->a.text, d->text);
	else
		found = matches_regex(d->text, m->a.text, &wrong);
	if (wrong)
		return ct_because(t, CT_ANSWER_NEVER, "it is not a regular expression (POSIX extended)");
	if (found && (m->kind == CT_MATCH_CONTAINS || !d->truncated))
		return CT_ANSWER_YES;
	return d->truncated ? cut_off(t, d) : ct_differs(t, m, d);
}

/* --- bytes --- */

/* The bytes of an array of numbers of one byte, or of text. */
static bool bytes_of(const struct ct_datum *d, struct ct_text *out)
{
	if (d->kind == CT_DATUM_STRING || (d->kind == CT_DATUM_NONE && d->text)) {
		ct_text_add_n(out, d->text, d->length);
		if (d->kind == CT_DATUM_STRING && !d->truncated && !d->is_counted)
			ct_text_add_n(out, "", 1); /* its NUL was there */
		return true;
	}
	if (d->kind == CT_DATUM_INTEGER && d->size && d->size <= 16) {
		ct_text_add_n(out, (const char *) &d->integer, d->size);
		return true;
	}
	if (d->kind != CT_DATUM_ARRAY)
		return false;
	for (size_t i = 0; i < d->count; i++)
		if (!d->items[i].has_number || d->items[i].integer < -128 || d->items[i].integer > 255
		    || d->items[i].size > 1)
			return false;
	for (size_t i = 0; i < d->count; i++)
		ct_text_add_char(out, (char) d->items[i].integer);
	return true;
}

static enum ct_answer test_bytes(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	struct ct_text bytes = {0};
	enum ct_answer answer;

	if (!bytes_of(d, &bytes))
		answer = ct_because(t, CT_ANSWER_INCONCLUSIVE, "its bytes were not recorded");
	else if (memcmp(bytes.data ? bytes.data : "", m->a.text, bytes.length < m->a.length ? bytes.length : m->a.length) != 0)
		answer = ct_differs(t, m, d);
	else if (bytes.length >= m->a.length)
		answer = CT_ANSWER_YES;
	else
		answer = ct_because(t, CT_ANSWER_INCONCLUSIVE, "only %zu bytes of it were recorded", bytes.length);
	ct_text_deinit(&bytes);
	return answer;
}

/* --- any of these --- */

static enum ct_answer no_text(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	if (d->kind == CT_DATUM_NULL)
		return ct_differs(t, m, d);
	if (d->kind == CT_DATUM_ADDRESS && (d->unreadable || d->type_class == CT_CLASS_STRING))
		return ct_because(t, CT_ANSWER_INCONCLUSIVE, "the text that it points to could not be read");
	if (d->kind == CT_DATUM_ADDRESS && d->truncated)
		return ct_because(t, CT_ANSWER_INCONCLUSIVE, "what it points to was not recorded");
	if (d->type_class == CT_CLASS_UNKNOWN && d->kind != CT_DATUM_ADDRESS)
		return ct_differs(t, m, d);
	return ct_because(t, CT_ANSWER_NEVER, "a string is expected, and it is %s",
	                  d->type_class == CT_CLASS_CHAR ? "one character: that is written with ' around it"
	                  : d->is_pointer ? "a pointer to what is not known to be text" : "none");
}

enum ct_answer ct_test_text(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	if (m->kind == CT_MATCH_BYTES)
		return d->kind == CT_DATUM_NULL ? ct_differs(t, m, d) : test_bytes(t, m, d);
	if (d->kind != CT_DATUM_STRING && !(d->kind == CT_DATUM_WORD && d->type_class == CT_CLASS_UNKNOWN))
		return no_text(t, m, d);
	switch (m->kind) {
	case CT_MATCH_PREFIX: return test_prefix(t, m, d);
	case CT_MATCH_SUFFIX: return test_suffix(t, m, d);
	case CT_MATCH_CONTAINS: case CT_MATCH_GLOB: case CT_MATCH_REGEX: return test_shape(t, m, d);
	default: return test_content(t, m, d);
	}
}
