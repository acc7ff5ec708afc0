#include "cli/show_value.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/show_name.h"
#include "trace/pull.h"

enum { DEEPEST = 16 };

/* --- text --- */

static void add_character(struct ct_text *out, const struct ct_show_values *style, uint32_t c, char quote)
{
	static const char letters[] = "abtnvfr";

	if (quote && (c == (unsigned char) quote || c == '\\'))
		ct_text_addf(out, "\\%c", (int) c);
	else if (c >= 7 && c <= 13)
		ct_text_addf(out, "\\%c", letters[c - 7]);
	else if (c < 0x20 || c == 0x7f)
		ct_text_addf(out, "\\x%02x", c);
	else if (c < 0x7f)
		ct_text_add_char(out, (char) c);
	else if (style->unicode && ct_utf8_visible(c))
		ct_utf8_add(out, c);
	else
		ct_text_addf(out, c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
}

static bool hex4(const char *s, size_t left, uint32_t *c)
{
	char digits[5] = "", *end;

	if (left < 4)
		return false;
	memcpy(digits, s, 4);
	*c = (uint32_t) strtoul(digits, &end, 16);
	return end == digits + 4 && digits[0] != '-' && digits[0] != '+' && digits[0] != ' ';
}

/* One character of a JSON string, escape and all; returns how many bytes it takes. */
static size_t next_character(struct ct_span raw, size_t at, uint32_t *c)
{
	static const char letters[] = "bfnrt", values[] = "\b\f\n\r\t";
	size_t left = raw.length - at;
	const char *s = raw.data + at, *letter;
	uint32_t low;

	if (s[0] != '\\' || left < 2) {
		size_t n = ct_utf8_decode(s, left, c);

		if (!n)
			*c = 0xfffd;
		return n ? n : 1;
	}
	letter = memchr(letters, s[1], sizeof letters - 1);
	*c = letter ? (unsigned char) values[letter - letters] : (unsigned char) s[1] & 0x7f;
	if (s[1] != 'u' || !hex4(s + 2, left - 2, c))
		return 2;
	if (*c >= 0xd800 && *c < 0xdc00 && left >= 12 && s[6] == '\\' && s[7] == 'u'
	    && hex4(s + 8, left - 8, &low) && low >= 0xdc00 && low < 0xe000) {
		*c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);
		return 12;
	}
	return 6;
}

static const char *ellipsis(const struct ct_show_values *style)
{
	return style->unicode ? "…" : "...";
}

/* Once, however many reasons there are. */
static void add_ellipsis(struct ct_text *out, const struct ct_show_values *style)
{
	size_t length = strlen(ellipsis(style));

	if (out->length < length || memcmp(out->data + out->length - length, ellipsis(style), length) != 0)
		ct_text_add(out, ellipsis(style));
}

/* A string in quotes (or none), its contents not wider than asked for. */
static void add_string(struct ct_text *out, const struct ct_show_values *style, struct ct_span raw, char quote)
{
	unsigned width = 0;
	uint32_t c;

	if (quote)
		ct_text_add_char(out, quote);
	for (size_t at = 0; at < raw.length;) {
		size_t before = out->length;

		at += next_character(raw, at, &c);
		add_character(out, style, c, quote);
		width += ct_show_width(out->data + before);
		if (style->width && width > style->width) {
			out->length = before;
			break;
		}
	}
	if (quote)
		ct_text_add_char(out, quote);
	if (style->width && width > style->width)
		ct_text_add(out, ellipsis(style));
}

/* --- values --- */

/* What a JSON object says of one value. */
struct shown {
	struct ct_span name, type, address, bytes;
	size_t value; /* where it is; 0: there is none */
	bool truncated, unreadable, unavailable, redacted;
	bool other; /* it has members that are none of these: it is a structure */
};

static bool read_shown(struct ct_pull *p, struct shown *s)
{
	struct ct_span key;

	*s = (struct shown){0};
	if (!ct_pull_open(p, '{'))
		return false;
	while (ct_pull_key(p, &key)) {
		if (ct_span_is(key, "value")) {
			ct_pull_peek(p);
			s->value = p->at;
			ct_pull_skip(p);
		} else if (ct_span_is(key, "address")) {
			s->address = ct_pull_raw_string(p);
		} else if (ct_span_is(key, "bytes")) {
			s->bytes = ct_pull_raw_string(p);
		} else if (ct_span_is(key, "truncated")) {
			s->truncated = ct_pull_bool(p);
		} else if (ct_span_is(key, "unreadable")) {
			s->unreadable = ct_pull_bool(p);
		} else {
			s->other = true;
			if (ct_span_is(key, "name"))
				s->name = ct_pull_raw_string(p);
			else if (ct_span_is(key, "type"))
				s->type = ct_pull_raw_string(p);
			else if (ct_span_is(key, "unavailable"))
				s->unavailable = true, ct_pull_skip(p);
			else if (ct_span_is(key, "redacted"))
				s->redacted = true, ct_pull_skip(p);
			else
				ct_pull_skip(p);
		}
	}
	return !p->failed;
}

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

/* Numbers, names of enumerators and functions are strings in JSON, but not in C. */
static char quote_of(const struct shown *s, struct ct_span text)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:|+-.";

	if (!s->type.data) /* within another value */
		return is_big_integer(text) ? 0 : '"';
	if (has(s->type, "char") && !has(s->type, "*") && !has(s->type, "[") && !has(s->type, "<"))
		return '\'';
	if (has(s->type, "char") || has(s->type, "string"))
		return '"';
	if (has(s->type, "enum ") || has(s->type, "(*") || has(s->type, "::*"))
		return 0;
	if (is_big_integer(text))
		return 0;
	return s->address.length || !consists_of(text, word) ? '"' : 0;
}

static void add_address(struct ct_text *out, const struct ct_show_values *style, struct ct_span address)
{
	if (style->addresses)
		add_string(out, style, address, 0);
	else
		ct_text_add(out, "ptr");
}

static void add_shown(struct ct_text *out, const struct ct_show_values *style, struct ct_pull *p,
                      const struct shown *s, unsigned depth);

static void add_value(struct ct_text *out, const struct ct_show_values *style, struct ct_pull *p,
                      unsigned depth);

/* Elements that are shown alike, in a row: the last of them is at `at`, `count` in all. */
struct run {
	size_t at, size, count;
};

static void end_run(struct ct_text *out, const struct ct_show_values *style, const struct run *run)
{
	if (run->count > 1)
		ct_text_addf(out, style->unicode ? " ×%zu" : " x%zu", run->count);
}

/* [250, 199, 0 ×30] */
static void add_array(struct ct_text *out, const struct ct_show_values *style, struct ct_pull *p,
                      unsigned depth)
{
	struct run run = {0};

	ct_text_add_char(out, '[');
	ct_pull_open(p, '[');
	while (ct_pull_element(p)) {
		size_t end = out->length, at;

		end_run(out, style, &run);
		ct_text_add(out, run.count ? ", " : "");
		at = out->length;
		add_value(out, style, p, depth + 1);
		if (run.count && out->length - at == run.size
		    && memcmp(out->data + at, out->data + run.at, run.size) == 0) {
			out->length = end;
			run.count++;
		} else {
			run = (struct run){ at, out->length - at, 1 };
		}
	}
	end_run(out, style, &run);
	ct_text_add_char(out, ']');
}

static void add_object(struct ct_text *out, const struct ct_show_values *style, struct ct_pull *p,
                       unsigned depth)
{
	const char *comma = "";
	size_t begin = p->at;
	struct ct_span key;
	struct shown s;

	if (!read_shown(p, &s))
		return;
	if (!s.other && (s.truncated || s.unreadable || s.bytes.data)) {
		add_shown(out, style, p, &s, depth + 1);
		return;
	}
	p->at = begin;
	ct_text_add_char(out, '{');
	ct_pull_open(p, '{');
	while (ct_pull_key(p, &key)) {
		ct_text_add(out, comma);
		add_string(out, style, key, 0);
		ct_text_add_char(out, '=');
		add_value(out, style, p, depth + 1);
		comma = ", ";
	}
	ct_text_add_char(out, '}');
}

/* A number or a word. */
static void add_plain(struct ct_text *out, const struct ct_show_values *style, struct ct_pull *p)
{
	size_t begin;

	ct_pull_peek(p);
	begin = p->at;
	ct_pull_skip(p);
	if (p->failed)
		return;
	if (p->data[begin] == 'n')
		ct_text_add(out, "NULL");
	else
		add_string(out, style, (struct ct_span){ p->data + begin, p->at - begin }, 0);
}

/* A value within another one: it has no type. */
static void add_value(struct ct_text *out, const struct ct_show_values *style, struct ct_pull *p,
                      unsigned depth)
{
	struct ct_span text;

	if (depth > DEEPEST) {
		ct_text_add(out, ellipsis(style));
		ct_pull_skip(p);
		return;
	}
	switch (ct_pull_peek(p)) {
	case '"':
		text = ct_pull_raw_string(p);
		if (is_address(text))
			add_address(out, style, text);
		else
			add_string(out, style, text, quote_of(&(struct shown){0}, text));
		break;
	case '[': add_array(out, style, p, depth); break;
	case '{': add_object(out, style, p, depth); break;
	default: add_plain(out, style, p); break;
	}
}

/* All that is known; the reader goes on where it was. */
static void add_shown(struct ct_text *out, const struct ct_show_values *style, struct ct_pull *p,
                      const struct shown *s, unsigned depth)
{
	size_t behind = p->at;

	if (s->value) {
		p->at = s->value;
		if (ct_pull_peek(p) == '"') {
			struct ct_span text = ct_pull_raw_string(p);

			if (is_address(text) && (!has(s->type, "char") || has(s->type, "**")))
				add_address(out, style, text);
			else
				add_string(out, style, text, quote_of(s, text));
		} else {
			add_value(out, style, p, depth);
		}
		p->at = behind;
		if (s->truncated || s->unreadable)
			add_ellipsis(out, style);
	} else if (s->redacted || s->unavailable) {
		ct_text_add(out, s->redacted ? "<redacted>" : "?");
	} else if (s->address.data) {
		add_address(out, style, s->address);
		ct_text_add(out, s->unreadable ? " (unreadable)" : "");
	} else if (s->bytes.data) {
		ct_text_add_char(out, '<');
		add_string(out, style, s->bytes, 0);
		ct_text_add_char(out, '>');
	} else {
		ct_text_add_char(out, '?');
	}
}

/* The same, not wider than twice what a string may be. */
static void add_bounded(struct ct_text *out, const struct ct_show_values *style, struct ct_pull *p,
                        const struct shown *s)
{
	size_t start = out->length, at = start;
	unsigned width = 0;

	add_shown(out, style, p, s, 0);
	if (!style->width || ct_show_width(out->data + start) <= 2 * style->width)
		return;
	while (width < 2 * style->width) {
		at++;
		while ((out->data[at] & 0xc0) == 0x80)
			at++;
		width++;
	}
	out->length = at;
	add_ellipsis(out, style);
}

/* --- calls --- */

static struct ct_pull read_text(const char *json)
{
	return (struct ct_pull){ .data = json, .size = strlen(json) };
}

/* What the argument was afterwards. */
static void add_after(struct ct_text *out, const struct ct_show_values *style, const struct shown *before,
                      const char *after)
{
	struct ct_pull p = read_text(after);
	struct shown s;

	if (ct_pull_open(&p, '['))
		while (ct_pull_element(&p) && read_shown(&p, &s)) {
			if (s.name.length != before->name.length || !s.name.data
			    || memcmp(s.name.data, before->name.data, s.name.length) != 0)
				continue;
			s.type = before->type;
			ct_text_add(out, style->unicode ? " → " : " => ");
			add_bounded(out, style, &p, &s);
			break;
		}
	ct_pull_deinit(&p);
}

void ct_show_arguments(struct ct_text *out, const struct ct_show_values *style, const char *arguments,
                       const char *after, bool variadic)
{
	struct ct_pull p = read_text(arguments);
	const char *comma = "";
	struct shown s;

	ct_text_add_char(out, '(');
	if (ct_pull_open(&p, '['))
		while (ct_pull_element(&p) && read_shown(&p, &s)) {
			ct_text_add(out, comma);
			add_string(out, style, s.name, 0);
			if (s.name.length)
				ct_text_add_char(out, '=');
			add_bounded(out, style, &p, &s);
			if (after)
				add_after(out, style, &s, after);
			comma = ", ";
		}
	ct_text_add(out, variadic ? comma : "");
	ct_text_add(out, variadic ? "..." : "");
	ct_text_add_char(out, ')');
	ct_pull_deinit(&p);
}

void ct_show_returned(struct ct_text *out, const struct ct_show_values *style, const char *returned)
{
	struct ct_pull p = read_text(returned);
	struct shown s;

	if (read_shown(&p, &s))
		add_bounded(out, style, &p, &s);
	else
		ct_text_add_char(out, '?');
	ct_pull_deinit(&p);
}
