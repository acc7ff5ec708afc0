#include "cli/show_value.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/show_name.h"
#include "trace/pull.h"
#include "trace/value_strings.h"

enum { DEEPEST = 32 };

/* A value on its way from JSON to text. */
struct showing {
	struct ct_text *out;
	const struct ct_show_values *style;
	struct ct_pull *p;
	struct ct_strings strings;
};

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
	struct ct_span name, type, address, bytes, strings;
	size_t value; /* where it is; 0: there is none */
	bool truncated, unreadable, unavailable, redacted;
	bool other; /* it has members that are none of these: it is a structure */
};

/* What only an argument or what was returned has. */
static void read_outermost(struct ct_pull *p, struct ct_span key, struct shown *s)
{
	s->other = true;
	if (ct_span_is(key, "name"))
		s->name = ct_pull_raw_string(p);
	else if (ct_span_is(key, "type"))
		s->type = ct_pull_raw_string(p);
	else if (ct_span_is(key, "strings"))
		s->strings = ct_pull_raw_string(p);
	else if (ct_span_is(key, "unavailable"))
		s->unavailable = true, ct_pull_skip(p);
	else if (ct_span_is(key, "redacted"))
		s->redacted = true, ct_pull_skip(p);
	else
		ct_pull_skip(p);
}

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
			read_outermost(p, key, s);
		}
	}
	return !p->failed;
}

/* Names and numbers are strings in JSON, but not in C. */
static char quote_of(char letter)
{
	return letter == CT_STRING_TEXT ? '"' : letter == CT_STRING_CHARACTER ? '\'' : 0;
}

static void add_address(struct showing *w, struct ct_span address)
{
	if (w->style->addresses)
		add_string(w->out, w->style, address, 0);
	else
		ct_text_add(w->out, "ptr");
}

/* A JSON string: of the outermost value, or (NULL) of one within. */
static void add_json_string(struct showing *w, const struct shown *s)
{
	struct ct_span text = ct_pull_raw_string(w->p);
	char letter = ct_strings_next(&w->strings, s ? s->type : (struct ct_span){0}, s && s->address.length, text);

	if (letter == CT_STRING_ADDRESS)
		add_address(w, text);
	else
		add_string(w->out, w->style, text, quote_of(letter));
}

static void add_shown(struct showing *w, const struct shown *s, unsigned depth);

static void add_value(struct showing *w, unsigned depth);

/* Elements that are shown alike, in a row: the last of them is at `at`, `count` in all. */
struct run {
	size_t at, size, count;
};

static void end_run(const struct showing *w, const struct run *run)
{
	if (run->count > 1)
		ct_text_addf(w->out, w->style->unicode ? " ×%zu" : " x%zu", run->count);
}

/* [250, 199, 0 ×30] */
static void add_array(struct showing *w, unsigned depth)
{
	struct ct_text *out = w->out;
	struct run run = {0};

	ct_text_add_char(out, '[');
	ct_pull_open(w->p, '[');
	while (ct_pull_element(w->p)) {
		size_t end = out->length, at;

		end_run(w, &run);
		ct_text_add(out, run.count ? ", " : "");
		at = out->length;
		add_value(w, depth + 1);
		if (run.count && out->length - at == run.size
		    && memcmp(out->data + at, out->data + run.at, run.size) == 0) {
			out->length = end;
			run.count++;
		} else {
			run = (struct run){ at, out->length - at, 1 };
		}
	}
	end_run(w, &run);
	ct_text_add_char(out, ']');
}

static void add_object(struct showing *w, unsigned depth)
{
	const char *comma = "";
	size_t begin = w->p->at;
	struct ct_span key;
	struct shown s;

	if (!read_shown(w->p, &s))
		return;
	if (!s.other && (s.truncated || s.unreadable || s.bytes.data)) {
		add_shown(w, &s, depth + 1);
		return;
	}
	w->p->at = begin;
	ct_text_add_char(w->out, '{');
	ct_pull_open(w->p, '{');
	while (ct_pull_key(w->p, &key)) {
		ct_text_add(w->out, comma);
		add_string(w->out, w->style, key, 0);
		ct_text_add_char(w->out, '=');
		add_value(w, depth + 1);
		comma = ", ";
	}
	ct_text_add_char(w->out, '}');
}

/* A number or a word. */
static void add_plain(struct showing *w)
{
	struct ct_pull *p = w->p;
	size_t begin;

	ct_pull_peek(p);
	begin = p->at;
	ct_pull_skip(p);
	if (p->failed)
		return;
	if (p->data[begin] == 'n')
		ct_text_add(w->out, "NULL");
	else
		add_string(w->out, w->style, (struct ct_span){ p->data + begin, p->at - begin }, 0);
}

/* A value within another one: it has no type. */
static void add_value(struct showing *w, unsigned depth)
{
	if (depth > DEEPEST) {
		ct_text_add(w->out, ellipsis(w->style));
		ct_pull_skip(w->p);
		return;
	}
	switch (ct_pull_peek(w->p)) {
	case '"': add_json_string(w, NULL); break;
	case '[': add_array(w, depth); break;
	case '{': add_object(w, depth); break;
	default: add_plain(w); break;
	}
}

/* All that is known; the reader goes on where it was. */
static void add_shown(struct showing *w, const struct shown *s, unsigned depth)
{
	size_t behind = w->p->at;

	if (s->value) {
		w->p->at = s->value;
		if (ct_pull_peek(w->p) == '"')
			add_json_string(w, s);
		else
			add_value(w, depth);
		w->p->at = behind;
		if (s->truncated || s->unreadable)
			add_ellipsis(w->out, w->style);
	} else if (s->redacted || s->unavailable) {
		ct_text_add(w->out, s->redacted ? "<redacted>" : "?");
	} else if (s->address.data) {
		add_address(w, s->address);
		ct_text_add(w->out, s->unreadable ? " (unreadable)" : "");
	} else if (s->bytes.data) {
		ct_text_add_char(w->out, '<');
		add_string(w->out, w->style, s->bytes, 0);
		ct_text_add_char(w->out, '>');
	} else {
		ct_text_add_char(w->out, '?');
	}
}

/* The same, not wider than twice what a string may be. */
static void add_bounded(struct ct_text *out, const struct ct_show_values *style, struct ct_pull *p,
                        const struct shown *s)
{
	struct showing w = { out, style, p, { s->strings, 0 } };
	size_t start = out->length, at = start;
	unsigned width = 0;

	add_shown(&w, s, 0);
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
