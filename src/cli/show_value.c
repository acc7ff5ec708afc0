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
	bool shortened; /* some of it is not there */
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

/* Once, however many reasons there are: not behind "…", nor "…]". */
static void add_ellipsis(struct ct_text *out, const struct ct_show_values *style)
{
	size_t length = strlen(ellipsis(style)), end = out->length;

	if (end > length && strchr("]}", out->data[end - 1]))
		end--;
	if (end < length || memcmp(out->data + end - length, ellipsis(style), length) != 0)
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

/* --- values with parts --- */

enum { MOST_PIECES = 80 };

/* What has been written of an array or an object: to be shortened where it is too wide. */
struct pieces {
	size_t start; /* its bracket */
	unsigned count;
	struct {
		size_t at, value, end; /* with the member's name before the value */
	} items[MOST_PIECES];
};

/* How wide a value may be. */
static unsigned limit_of(const struct ct_show_values *style)
{
	return style->width * 5 / 2;
}

static bool too_wide(const struct showing *w, size_t start, size_t end)
{
	unsigned width = 0;

	if (!w->style->width)
		return false;
	for (size_t i = start; i < end; i++)
		width += (w->out->data[i] & 0xc0) != 0x80;
	return width > limit_of(w->style);
}

static void add_piece(struct pieces *p, size_t at, size_t value, size_t end)
{
	if (p->count == MOST_PIECES)
		return;
	p->items[p->count].at = at;
	p->items[p->count].value = value;
	p->items[p->count++].end = end;
}

/* The text of a piece's value becomes {…}. */
static void leave_out(struct showing *w, struct pieces *p, unsigned number)
{
	size_t at = p->items[number].value + 1, end = p->items[number].end, rest = w->out->length - end;
	char close = w->out->data[at - 1] == '{' ? '}' : ']';
	const char *dots = ellipsis(w->style);
	size_t n = strlen(dots) + 1, less = end - at - n;

	w->shortened = true;
	memcpy(w->out->data + at, dots, n - 1);
	w->out->data[at + n - 1] = close;
	memmove(w->out->data + at + n, w->out->data + end, rest);
	w->out->length -= less;
	p->items[number].end -= less;
	for (unsigned i = number + 1; i < p->count; i++) {
		p->items[i].at -= less;
		p->items[i].value -= less;
		p->items[i].end -= less;
	}
}

/* The widest that has parts itself, if it becomes shorter; -1: none. */
static int widest(const struct showing *w, const struct pieces *p)
{
	size_t most = strlen(ellipsis(w->style)) + 2;
	int found = -1;

	for (unsigned i = 0; i < p->count; i++) {
		char first = w->out->data[p->items[i].value];
		size_t size = p->items[i].end - p->items[i].value;

		if ((first != '{' && first != '[') || size <= most)
			continue;
		most = size;
		found = (int) i;
	}
	return found;
}

/* The first pieces, as many as fit, and that there are more. Its bracket is still open. */
static void keep_first(struct showing *w, struct pieces *p)
{
	unsigned kept = p->count;

	w->shortened = true;
	while (kept && too_wide(w, p->start, p->items[kept - 1].end + 4))
		kept--;
	w->out->length = kept ? p->items[kept - 1].end : p->start + 1;
	ct_text_add(w->out, kept ? ", " : "");
	ct_text_add(w->out, ellipsis(w->style));
}

/* Members: what has parts itself is left out, the widest first: all names are there, as long as they fit. */
static void shorten_object(struct showing *w, struct pieces *p)
{
	int number;

	while (too_wide(w, p->start, w->out->length) && (number = widest(w, p)) >= 0)
		leave_out(w, p, (unsigned) number);
	if (too_wide(w, p->start, w->out->length))
		keep_first(w, p);
}

/* Elements: the first ones. */
static void shorten_array(struct showing *w, struct pieces *p)
{
	if (!too_wide(w, p->start, w->out->length))
		return;
	if (p->count && too_wide(w, p->start, p->items[0].end + 4) && widest(w, &(struct pieces){
		p->start, 1, { { p->items[0].at, p->items[0].value, p->items[0].end } } }) == 0)
		leave_out(w, p, 0);
	keep_first(w, p);
}

/* Elements that are shown alike, in a row: the last of them is at `at`, `count` in all. */
struct run {
	size_t at, size, count;
};

static void end_run(const struct showing *w, const struct run *run, struct pieces *pieces)
{
	if (run->count > 1)
		ct_text_addf(w->out, w->style->unicode ? " ×%zu" : " x%zu", run->count);
	if (run->count)
		add_piece(pieces, run->at, run->at, w->out->length);
}

/* [250, 199, 0 ×30] */
static void add_array(struct showing *w, unsigned depth)
{
	struct pieces pieces = { .start = w->out->length };
	struct ct_text *out = w->out;
	struct run run = {0};

	ct_text_add_char(out, '[');
	ct_pull_open(w->p, '[');
	while (ct_pull_element(w->p)) {
		size_t end = out->length, at;
		unsigned before = pieces.count;

		end_run(w, &run, &pieces);
		ct_text_add(out, run.count ? ", " : "");
		at = out->length;
		add_value(w, depth + 1);
		if (run.count && out->length - at == run.size
		    && memcmp(out->data + at, out->data + run.at, run.size) == 0) {
			out->length = end;
			pieces.count = before;
			run.count++;
		} else {
			run = (struct run){ at, out->length - at, 1 };
		}
	}
	end_run(w, &run, &pieces);
	shorten_array(w, &pieces);
	ct_text_add_char(out, ']');
}

static void add_object(struct showing *w, unsigned depth)
{
	struct pieces pieces = { .start = w->out->length };
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
		size_t at, value;

		ct_text_add(w->out, w->out->length > pieces.start + 1 ? ", " : "");
		at = w->out->length;
		add_string(w->out, w->style, ct_value_member(key), 0);
		ct_text_add_char(w->out, '=');
		value = w->out->length;
		add_value(w, depth + 1);
		add_piece(&pieces, at, value, w->out->length);
	}
	shorten_object(w, &pieces);
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

/* The same, not wider than it may be. True: for that, parts of it were left out. */
static bool add_bounded(struct ct_text *out, const struct ct_show_values *style, struct ct_pull *p,
                        const struct shown *s)
{
	struct showing w = { .out = out, .style = style, .p = p, .strings = { s->strings, 0 } };
	size_t start = out->length, at = start;
	unsigned width = 0;

	add_shown(&w, s, 0);
	if (!style->width || ct_show_width(out->data + start) <= limit_of(style))
		return w.shortened;
	while (width < limit_of(style)) {
		at++;
		while ((out->data[at] & 0xc0) == 0x80)
			at++;
		width++;
	}
	out->length = at;
	add_ellipsis(out, style);
	return true;
}

/* The value that begins here, as it stands. */
static struct ct_span raw_value(struct ct_pull *p)
{
	size_t begin;

	ct_pull_peek(p);
	begin = p->at;
	ct_pull_skip(p);
	return (struct ct_span){ p->data + begin, p->failed ? 0 : p->at - begin };
}

/* Of an object only those members that are not what they were. False: it is another object. */
static bool add_changes(struct showing *w, struct ct_pull *before)
{
	struct pieces pieces = { .start = w->out->length };
	bool same = true, left = false;
	struct ct_span key, old_key;

	ct_text_add_char(w->out, '{');
	ct_pull_open(w->p, '{');
	ct_pull_open(before, '{');
	while (ct_pull_key(w->p, &key)) {
		size_t end = w->out->length, at, value;
		struct ct_span old, now;

		same = same && ct_pull_key(before, &old_key) && old_key.length == key.length
		       && memcmp(old_key.data, key.data, key.length) == 0;
		ct_text_add(w->out, end > pieces.start + 1 ? ", " : "");
		at = w->out->length;
		add_string(w->out, w->style, key, 0);
		ct_text_add_char(w->out, '=');
		value = w->out->length;
		old = same ? raw_value(before) : (struct ct_span){ "", 0 };
		now = raw_value(w->p);
		w->p->at -= now.length;
		add_value(w, 1); /* what is not shown has strings, too */
		if (old.length == now.length && memcmp(old.data, now.data, now.length) == 0) {
			w->out->length = end;
			left = true;
		} else {
			add_piece(&pieces, at, value, w->out->length);
		}
	}
	shorten_object(w, &pieces);
	ct_text_add(w->out, !left ? "" : w->out->length > pieces.start + 1 ? ", " : "");
	if (left)
		add_ellipsis(w->out, w->style);
	ct_text_add_char(w->out, '}');
	return same && !w->p->failed;
}

/* --- calls --- */

static struct ct_pull read_text(const char *json)
{
	return (struct ct_pull){ .data = json, .size = strlen(json) };
}

/* All of it if there is room, else what is new in it. `before` NULL: there was nothing. */
static void add_left(struct ct_text *out, const struct ct_show_values *style, const struct shown *before,
                     struct ct_pull *old, bool shortened, struct ct_pull *p, const struct shown *s)
{
	struct showing w = { .out = out, .style = style, .p = p, .strings = { s->strings, 0 } };
	size_t start = out->length, behind = p->at;

	shortened |= add_bounded(out, style, p, s);
	if (!before || !shortened || !before->value || !s->value || old->data[before->value] != '{' || p->data[s->value] != '{')
		return;
	out->length = start;
	old->at = before->value;
	p->at = s->value;
	if (!add_changes(&w, old)) {
		out->length = start;
		p->failed = false;
		p->at = behind;
		add_bounded(out, style, p, s);
	} else if (s->truncated || s->unreadable) {
		add_ellipsis(out, style);
	}
	p->at = behind;
}

/* What the argument was afterwards. `made`: it was nothing before. */
static void add_after(struct ct_text *out, const struct ct_show_values *style, const struct shown *before,
                      struct ct_pull old, bool shortened, bool made, const char *after)
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
			add_left(out, style, made ? NULL : before, &old, shortened, &p, &s);
			break;
		}
	ct_pull_deinit(&p);
	ct_pull_deinit(&old);
}

/* --- constructors and destructors --- */

/* A function's own name, in ns::outer<int>::outer(int), and that of what it belongs to: "outer" and "outer<int>". */
static void last_names(const char *function, struct ct_span *own, struct ct_span *of)
{
	const char *begin = function, *at = function;
	int open = 0;

	*own = *of = (struct ct_span){ "", 0 };
	for (; *at && !(open == 0 && *at == '('); at++) {
		open += (*at == '<' || *at == '(' || *at == '{') - (*at == '>' || *at == ')' || *at == '}');
		if (open < 0)
			return; /* operator> and the like */
		if (open == 0 && at[0] == ':' && at[1] == ':') {
			*of = (struct ct_span){ begin, (size_t) (at - begin) };
			begin = at + 2;
			at++;
		}
	}
	*own = (struct ct_span){ begin, (size_t) (at - begin) };
}

static bool is_constructor(const char *function)
{
	struct ct_span own, of;
	size_t n;

	last_names(function, &own, &of);
	n = strcspn(of.data, "<:");
	n = n < of.length ? n : of.length;
	return n && own.length >= n && memcmp(own.data, of.data, n) == 0
	       && (own.length == n || own.data[n] == '<' || own.data[n] == '[');
}

static bool is_destructor(const char *function)
{
	struct ct_span own, of;

	last_names(function, &own, &of);
	return of.length && own.length && own.data[0] == '~';
}

/* The argument's object: "this={x=1} → {x=2}", "this → {x=2}", "this={x=1}". */
static void add_argument(struct ct_text *out, const struct ct_show_values *style, const char *function,
                         const struct shown *s, struct ct_pull *p, const char *after)
{
	bool is_this = ct_span_is(s->name, "this") && s->value && function;
	bool made = is_this && is_constructor(function), shortened;
	struct ct_pull old = { .data = p->data, .size = p->size };
	size_t before, behind;

	add_string(out, style, s->name, 0);
	before = out->length;
	if (s->name.length)
		ct_text_add_char(out, '=');
	shortened = add_bounded(out, style, p, s);
	behind = out->length;
	if (after && !(is_this && is_destructor(function)))
		add_after(out, style, s, old, shortened, made, after);
	if (made && out->length > behind) {
		memmove(out->data + before, out->data + behind, out->length - behind);
		out->length -= behind - before;
		ct_text_add(out, "");
	}
}

void ct_show_arguments(struct ct_text *out, const struct ct_show_values *style, const char *function,
                       const char *arguments, const char *after, bool variadic)
{
	struct ct_pull p = read_text(arguments);
	const char *comma = "";
	struct shown s;

	ct_text_add_char(out, '(');
	if (ct_pull_open(&p, '['))
		while (ct_pull_element(&p) && read_shown(&p, &s)) {
			ct_text_add(out, comma);
			add_argument(out, style, function, &s, &p, after);
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
