/* matcher_elements.c - arrays by their elements. So is text: of bytes behind a pointer it may be all that is recorded. */
#include <string.h>

#include "base/utf8.h"
#include "match/matcher_private.h"

/* What an ELEMENTS asks for. */
struct asked {
	size_t count;
	bool rest; /* and any others */
};

static struct asked asked_by(const struct ct_matcher *m)
{
	bool rest = m->count && m->items[m->count - 1].kind == CT_MATCH_REST;

	return (struct asked){ m->count - rest, rest };
}

static enum ct_answer other_count(const struct ct_test *t, size_t count, const struct asked *asked)
{
	return ct_because(t, CT_ANSWER_NO, "it has %zu elements, expected %zu", count, asked->count);
}

/* --- text --- */

static bool type_has(const struct ct_datum *d, const char *a, const char *b, const char *c)
{
	return d->type && (strstr(d->type, a) || strstr(d->type, b) || strstr(d->type, c));
}

static bool is_char(const struct ct_datum *d)
{
	return type_has(d, "const char ", "const char ", "const char ") || (d->type && strncmp(d->type, "char ", 5) == 0);
}

/* Those of which NULs are nothing special. */
static bool is_bytes(const struct ct_datum *d)
{
	return type_has(d, "signed char", "int8_t", "u_char") || type_has(d, "void *", "std::byte", "void const");
}

/* By the type's name; bytes of others may be the one or the other. */
static bool is_signed(const struct ct_datum *d)
{
	return type_has(d, "signed char", "int8_t", "int8_t") || is_char(d);
}

/* Whether it has as many bytes as were recorded: a std::string has, and what the next argument counts, but for text. */
static bool has_length(const struct ct_datum *d)
{
	return !d->truncated && ((d->is_counted && is_bytes(d)) || type_has(d, "string", "string", "string")
	                         || (d->type_class == CT_CLASS_STRING && !d->is_pointer));
}

/* The byte at hand, or the wide character; 0 behind the last one. */
static struct ct_datum next_element(const struct ct_datum *d, size_t *at)
{
	struct ct_datum out = { .kind = CT_DATUM_INTEGER, .type_class = CT_CLASS_CHAR, .size = 1, .is_signed = true,
		                .has_number = true, .is_specimen = d->is_specimen };
	unsigned char byte = *at < d->length ? (unsigned char) d->text[*at] : 0;
	uint32_t c = byte;
	size_t length = 1;

	out.integer = (signed char) byte;
	if (type_has(d, "wchar_t", "char16_t", "char32_t")) {
		length = byte < 0x80 ? 1 : ct_utf8_decode(d->text + *at, d->length - *at, &c);
		out.size = 4;
		out.is_signed = false;
		out.integer = (__int128) c;
	} else if (type_has(d, "unsigned char", "uint8_t", "u_char")) {
		out.type_class = CT_CLASS_UNSIGNED;
		out.is_signed = false;
		out.integer = byte;
	} else if (byte >= 0x80 && !is_signed(d)) {
		out = (struct ct_datum){ .why = "whether its bytes are signed is not known" };
	}
	*at += length ? length : 1;
	return out;
}

/* Of a pointer and an array the 0 that ends the text was seen, too; of what is behind it nothing is known. */
static enum ct_answer test_text(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	const struct asked asked = asked_by(m);
	bool exact = has_length(d);
	size_t at = 0, there = d->length + !(exact || d->truncated || d->is_counted);
	enum ct_answer all = CT_ANSWER_YES;

	if (!asked.rest && !exact)
		return ct_because(t, d->is_counted && is_bytes(d) ? CT_ANSWER_INCONCLUSIVE : CT_ANSWER_NEVER, "%s does not say how many elements there are: write %s behind them",
		                  d->is_pointer ? "a pointer" : "text", t->style->rest ? t->style->rest : "'...'");
	for (size_t i = 0; i < asked.count; i++) {
		struct ct_datum element;
		enum ct_answer one;

		if (at >= there && !d->is_specimen)
			return exact ? other_count(t, i, &asked)
			             : ct_because(t, CT_ANSWER_INCONCLUSIVE, "only %zu elements of it were recorded%s", i,
			                          d->truncated || d->is_counted ? "" : ", up to a 0");
		element = next_element(d, &at);
		one = ct_test(t, &m->items[i], &element);
		if (one == CT_ANSWER_NEVER || (one == CT_ANSWER_NO && !d->is_specimen))
			return one;
		all = one == CT_ANSWER_YES ? all : one;
	}
	return exact && at < there && !asked.rest && !d->is_specimen ? other_count(t, d->length, &asked) : all;
}

/* --- arrays --- */

/* Of a std::map and its like there is no more than that. */
static bool has_size_only(const struct ct_datum *d)
{
	return d->kind == CT_DATUM_OBJECT && d->count == 1 && d->items[0].name && strcmp(d->items[0].name, "size") == 0;
}

static enum ct_answer no_elements(const struct ct_test *t, const struct ct_datum *d)
{
	if (d->kind == CT_DATUM_NULL)
		return ct_because(t, CT_ANSWER_NO, "it is NULL");
	if (d->kind == CT_DATUM_ADDRESS)
		return ct_because(t, CT_ANSWER_INCONCLUSIVE, "what it points to %s",
		                  d->unreadable ? "could not be read" : "was not recorded");
	if (has_size_only(d))
		return ct_because(t, CT_ANSWER_NEVER, "what is in it was not recorded, but how much it is: ask for its member size");
	return ct_because(t, CT_ANSWER_NEVER, "it is not an array");
}

/* A specimen has one element, which stands for all. */
static const struct ct_datum *element_at(const struct ct_datum *d, size_t at)
{
	return d->is_specimen ? d->items : &d->items[at];
}

enum ct_answer ct_test_elements(const struct ct_test *t, const struct ct_matcher *m, const struct ct_datum *d)
{
	const struct asked asked = asked_by(m);
	size_t there = d->is_specimen && d->count ? asked.count : d->count;
	enum ct_answer all = CT_ANSWER_YES;

	if (d->kind == CT_DATUM_STRING)
		return test_text(t, m, d);
	if (d->kind != CT_DATUM_ARRAY)
		return no_elements(t, d);
	for (size_t i = 0; i < asked.count && i < there; i++) {
		enum ct_answer one = ct_test(t, &m->items[i], element_at(d, i));

		if (one == CT_ANSWER_NEVER || (one == CT_ANSWER_NO && !d->is_specimen))
			return one;
		all = one == CT_ANSWER_YES ? all : one;
	}
	if (d->truncated && (d->count < asked.count || !asked.rest) && d->count <= asked.count)
		return ct_because(t, CT_ANSWER_INCONCLUSIVE, "only %zu elements were recorded", d->count);
	if (d->count < asked.count || (d->count > asked.count && !asked.rest))
		return other_count(t, d->count, &asked);
	return all;
}
