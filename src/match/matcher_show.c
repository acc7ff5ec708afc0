/* matcher_show.c - matchers as one would write them in an expectation file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "match/matcher_private.h"

static void add_real(long double x, struct ct_text *out)
{
	char text[64];

	for (int digits = 6; digits <= 21; digits++) {
		snprintf(text, sizeof text, "%.*Lg", digits, x);
		if (strtold(text, NULL) == x || (long double) strtod(text, NULL) == x)
			break; /* of a double what a double needs: 0.1 */
	}
	ct_text_add(out, text);
}

static void show_operand(const struct ct_operand *o, const struct ct_style *style, struct ct_text *out)
{
	if (o->shown) {
		ct_text_show_name(o->shown, style, out);
		return;
	}
	switch (o->kind) {
	case CT_OPERAND_NONE: ct_text_add_char(out, '?'); break;
	case CT_OPERAND_INTEGER: ct_integer_show(o->integer, o->is_unsigned, out); break;
	case CT_OPERAND_CHAR: ct_character_show(o->integer, style, out); break;
	case CT_OPERAND_FLOAT: add_real(o->real, out); break;
	case CT_OPERAND_STRING: ct_text_show_string(o->text, o->length, style, out); break;
	case CT_OPERAND_ADDRESS: ct_address_show(o->address, style, out); break;
	case CT_OPERAND_WORD: ct_text_show_name(o->text, style, out); break;
	case CT_OPERAND_FUNCTION:
		ct_text_add_char(out, '@');
		if (o->text)
			ct_text_show_name(o->text, style, out);
		else
			ct_address_show(o->address, style, out);
		break;
	}
}

/* Of a long list the first: it may be a container's. */
static void show_items(const struct ct_matcher *m, const struct ct_style *style, const char *open,
                       const char *between, const char *close, struct ct_text *out)
{
	enum { MOST = 40 };

	ct_text_add(out, open);
	for (size_t i = 0; i < m->count && i < MOST; i++) {
		ct_text_add(out, i ? between : "");
		ct_matcher_show(&m->items[i], style, out);
	}
	if (m->count > MOST)
		ct_text_addf(out, "%s%zu more", between, m->count - MOST);
	ct_text_add(out, close);
}

static void with_text(const struct ct_matcher *m, const struct ct_style *style, const char *before,
                      const char *behind, struct ct_text *out)
{
	ct_text_add(out, before);
	ct_text_show_string(m->a.text, m->a.length ? m->a.length : strlen(m->a.text), style, out);
	ct_text_add(out, behind);
}

static void with_operands(const struct ct_matcher *m, const struct ct_style *style, const char *before,
                          const char *between, struct ct_text *out)
{
	ct_text_add(out, before);
	show_operand(&m->a, style, out);
	if (!between)
		return;
	ct_text_add(out, between);
	show_operand(&m->b, style, out);
}

static void show_regex(const struct ct_matcher *m, const struct ct_style *style, struct ct_text *out)
{
	ct_text_add(out, "~/");
	ct_text_show_name(m->a.text, style, out);
	ct_text_add_char(out, '/');
}

/* In hexadecimal, the first of them. */
static void show_bytes(const struct ct_matcher *m, struct ct_text *out)
{
	enum { SHOWN = 16 };

	ct_text_addf(out, m->a.length == 1 ? "1 byte" : "%zu bytes", m->a.length);
	for (size_t i = 0; i < m->a.length && i < SHOWN; i++)
		ct_text_addf(out, " %02x", (unsigned char) m->a.text[i]);
	ct_text_add(out, m->a.length > SHOWN ? " ..." : "");
}

static void show_holder(const struct ct_matcher *m, const struct ct_style *style, struct ct_text *out)
{
	switch (m->kind) {
	case CT_MATCH_NAMED: show_items(m, style, m->text, "", "", out); break;
	case CT_MATCH_IN: show_items(m, style, "", " or ", "", out); break;
	case CT_MATCH_ALL: show_items(m, style, "", " and ", "", out); break;
	case CT_MATCH_NOT: show_items(m, style, "not ", "", "", out); break;
	case CT_MATCH_DEREF: show_items(m, style, "*", "", "", out); break;
	case CT_MATCH_AFTER: show_items(m, style, "after ", "", "", out); break;
	case CT_MATCH_ELEMENTS: show_items(m, style, "[", ", ", "]", out); break;
	default: show_items(m, style, "{", ", ", "}", out); break;
	}
}

static void show_named(const struct ct_matcher *m, const struct ct_style *style, struct ct_text *out)
{
	static const char comparisons[] = "<>!";
	size_t begin;

	ct_text_show_name(m->text, style, out);
	ct_text_add_char(out, ' ');
	begin = out->length;
	ct_matcher_show(&m->items[0], style, out);
	if (!strchr(comparisons, out->data[begin])) { /* "n > 0", but "n = 3" */
		char *value = strdup(out->data + begin);

		out->length = begin;
		ct_text_add(out, "= ");
		ct_text_add(out, value ? value : "");
		free(value);
	}
}

void ct_matcher_show(const struct ct_matcher *m, const struct ct_style *style, struct ct_text *out)
{
	if (m->source) {
		ct_text_show_name(m->source, style, out);
		return;
	}
	switch (m->kind) {
	case CT_MATCH_ANY: ct_text_add_char(out, '_'); break;
	case CT_MATCH_REST: ct_text_add(out, "..."); break;
	case CT_MATCH_NAMED: show_named(m, style, out); break;
	case CT_MATCH_EQ: case CT_MATCH_STRING: show_operand(&m->a, style, out); break;
	case CT_MATCH_NE: with_operands(m, style, "!= ", NULL, out); break;
	case CT_MATCH_LT: with_operands(m, style, "< ", NULL, out); break;
	case CT_MATCH_LE: with_operands(m, style, "<= ", NULL, out); break;
	case CT_MATCH_GT: with_operands(m, style, "> ", NULL, out); break;
	case CT_MATCH_GE: with_operands(m, style, ">= ", NULL, out); break;
	case CT_MATCH_RANGE: with_operands(m, style, "", "..", out); break;
	case CT_MATCH_FLAGS: with_operands(m, style, "with bits ", NULL, out); break;
	case CT_MATCH_MASK: with_operands(m, style, "& ", " == ", out); break;
	case CT_MATCH_EPSILON: with_operands(m, style, "", " +- ", out); break;
	case CT_MATCH_ULP: with_operands(m, style, "", " within ulps ", out); break;
	case CT_MATCH_NAN: ct_text_add(out, "nan"); break;
	case CT_MATCH_PREFIX: with_text(m, style, "", "...", out); break;
	case CT_MATCH_SUFFIX: with_text(m, style, "...", "", out); break;
	case CT_MATCH_CONTAINS: with_text(m, style, "...", "...", out); break;
	case CT_MATCH_GLOB: with_text(m, style, "~", "", out); break;
	case CT_MATCH_REGEX: show_regex(m, style, out); break;
	case CT_MATCH_ADDRESS: with_operands(m, style, "", NULL, out); break;
	case CT_MATCH_NULL: ct_text_add(out, "NULL"); break;
	case CT_MATCH_NOT_NULL: ct_text_add(out, "!= NULL"); break;
	case CT_MATCH_FUNCTION:
		show_operand(&(struct ct_operand){ .kind = CT_OPERAND_FUNCTION, .text = m->a.text,
		                                   .address = m->a.address, .shown = m->a.shown }, style, out);
		break;
	case CT_MATCH_SAME_AS: ct_text_addf(out, "same as %s", m->text); break;
	case CT_MATCH_BYTES: show_bytes(m, out); break;
	case CT_MATCH_PREDICATE: ct_text_add(out, m->text ? m->text : "what a function says"); break;
	case CT_MATCH_CAPTURE: ct_text_add_char(out, '_'); break;
	case CT_MATCH_VARIABLE: ct_text_show_name(m->text, style, out); break;
	default: show_holder(m, style, out); break;
	}
}
