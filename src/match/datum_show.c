/* datum_show.c - recorded values as people write them, in the quotes that a report can bear. */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "match/show.h"

enum { WIDTH = 60 };

struct showing {
	const struct ct_style *style;
	struct ct_text *out;
	size_t end; /* of `out`: what is written beyond is cut */
};

/* --- text --- */

static void add_escaped(struct ct_text *out, uint32_t c, bool plain)
{
	static const char letters[] = "abtnvfr";

	if (plain)
		ct_text_addf(out, c < 0x100 ? "<%02X>" : "<U+%04X>", c);
	else if (c >= 7 && c <= 13)
		ct_text_addf(out, "\\%c", letters[c - 7]);
	else if (c < 0x100)
		ct_text_addf(out, "\\x%02x", c);
	else
		ct_text_addf(out, c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
}

/* Returns how many bytes of the text it took. */
static size_t add_character(struct ct_text *out, const char *text, size_t left, bool plain, char quote)
{
	uint32_t c;
	size_t n = ct_utf8_decode(text, left, &c);

	if (n == 0) {
		add_escaped(out, (unsigned char) text[0], plain);
		return 1;
	}
	if (c == (unsigned char) quote || (c == '\\' && (quote || plain)) || (plain && c == '"')) {
		if (plain)
			add_escaped(out, c, true);
		else
			ct_text_addf(out, "\\%c", (int) c);
	} else if (c < 0x20 || c == 0x7f || !ct_utf8_visible(c)) {
		add_escaped(out, c, plain);
	} else {
		ct_text_add_n(out, text, n);
	}
	return n;
}

void ct_text_show_string(const char *text, size_t length, const struct ct_style *style, struct ct_text *out)
{
	char quote = style->plain ? '\'' : '"';
	size_t width = style->width ? style->width : WIDTH, begin = out->length;

	ct_text_add_char(out, quote);
	for (size_t i = 0; i < length;) {
		if (out->length - begin > width) {
			ct_text_add_char(out, quote);
			ct_text_addf(out, "...(%zu bytes)", length);
			return;
		}
		i += add_character(out, text + i, length - i, style->plain, quote);
	}
	ct_text_add_char(out, quote);
}

/* Of a name that came from a file: nothing in it moves a cursor, or ends a string of JSON. */
void ct_text_show_name(const char *name, const struct ct_style *style, struct ct_text *out)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < length;)
		i += add_character(out, name + i, length - i, style->plain, 0);
}

/* --- numbers --- */

void ct_integer_show(__int128 value, bool is_unsigned, struct ct_text *out)
{
	unsigned __int128 rest = (unsigned __int128) value;
	char digits[48];
	size_t at = sizeof digits;

	if (!is_unsigned && value < 0)
		rest = -rest;
	do
		digits[--at] = (char) ('0' + (int) (rest % 10));
	while (rest /= 10);
	if (!is_unsigned && value < 0)
		digits[--at] = '-';
	ct_text_add_n(out, digits + at, sizeof digits - at);
}

void ct_character_show(__int128 value, const struct ct_style *style, struct ct_text *out)
{
	struct ct_text utf8 = {0};

	if (value < 0 || value > 0x10ffff) {
		ct_integer_show(value, false, out);
		return;
	}
	if (value < 0x80)
		ct_text_add_char(&utf8, (char) value);
	else
		ct_utf8_add(&utf8, (uint32_t) value);
	ct_text_add_char(out, '\'');
	add_character(out, utf8.data, utf8.length, style->plain, '\'');
	ct_text_add_char(out, '\'');
	ct_text_deinit(&utf8);
}

void ct_address_show(uint64_t address, const struct ct_style *style, struct ct_text *out)
{
	if (address == 0)
		ct_text_add(out, "NULL");
	else if (style->addresses)
		ct_text_addf(out, "0x%llx", (unsigned long long) address);
	else
		ct_text_add(out, "ptr");
}

/* --- values --- */

static void show(struct showing *s, const struct ct_datum *d);

static bool full(const struct showing *s)
{
	return s->out->length >= s->end;
}

/* [250, 199, 0 x30] */
static void show_items(struct showing *s, const struct ct_datum *d)
{
	size_t last = 0, size = 0, count = 0; /* of a run of items that are shown alike */

	size_t i;

	ct_text_add_char(s->out, '[');
	for (i = 0; i < d->count && !full(s); i++) {
		size_t end = s->out->length, at;

		if (count > 1)
			ct_text_addf(s->out, " x%zu", count);
		ct_text_add(s->out, i ? ", " : "");
		at = s->out->length;
		show(s, &d->items[i]);
		if (count && s->out->length - at == size
		    && memcmp(s->out->data + at, s->out->data + last, size) == 0) {
			s->out->length = end;
			s->out->data[end] = '\0';
			count++;
		} else {
			last = at;
			size = s->out->length - at;
			count = 1;
		}
	}
	if (count > 1)
		ct_text_addf(s->out, " x%zu", count);
	ct_text_add(s->out, i < d->count ? ", ...]" : "]");
}

static void show_members(struct showing *s, const struct ct_datum *d)
{
	size_t i;

	ct_text_add_char(s->out, '{');
	for (i = 0; i < d->count && !full(s); i++) {
		ct_text_add(s->out, i ? ", " : "");
		if (d->items[i].name) {
			ct_text_show_name(d->items[i].name, s->style, s->out);
			ct_text_add_char(s->out, '=');
		}
		show(s, &d->items[i]);
	}
	ct_text_add(s->out, i < d->count ? ", ...}" : "}");
}

static void show_number(struct showing *s, const struct ct_datum *d)
{
	if (d->type_class == CT_CLASS_CHAR)
		ct_character_show(d->integer, s->style, s->out);
	else
		ct_integer_show(d->integer, !d->is_signed, s->out);
}

static void show(struct showing *s, const struct ct_datum *d)
{
	switch (d->kind) {
	case CT_DATUM_NONE: ct_text_add_char(s->out, '?'); return;
	case CT_DATUM_NULL: ct_text_add(s->out, "NULL"); return;
	case CT_DATUM_BOOL: ct_text_add(s->out, d->integer ? "true" : "false"); return;
	case CT_DATUM_INTEGER: show_number(s, d); break;
	case CT_DATUM_FLOAT: case CT_DATUM_WORD: ct_text_show_name(d->text, s->style, s->out); break;
	case CT_DATUM_STRING: ct_text_show_string(d->text, d->length, s->style, s->out); break;
	case CT_DATUM_ADDRESS: ct_address_show(d->address, s->style, s->out); break;
	case CT_DATUM_OBJECT: show_members(s, d); break;
	case CT_DATUM_ARRAY: show_items(s, d); break;
	}
	if (d->unreadable)
		ct_text_add(s->out, d->kind == CT_DATUM_ADDRESS ? " (unreadable)" : "...");
	else if (d->truncated && d->kind != CT_DATUM_ADDRESS)
		ct_text_add(s->out, "...");
}

void ct_datum_show(const struct ct_datum *datum, const struct ct_style *style, struct ct_text *out)
{
	size_t width = 2 * (size_t) (style->width ? style->width : WIDTH), begin = out->length;
	struct showing s = { style, out, begin + width };

	show(&s, datum);
	if (out->length - begin <= width + 24)
		return;
	out->length = begin + width;
	while (out->length > begin && ((unsigned char) out->data[out->length] & 0xc0) == 0x80)
		out->length--;
	out->data[out->length] = '\0';
	ct_text_add(out, "...");
}
