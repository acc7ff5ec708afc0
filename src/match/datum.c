#include "match/datum.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "match/type_class.h"
#include "trace/value_strings.h"

enum { DEEPEST = 24 };

/* What one JSON object says of a value. */
struct described {
	size_t value; /* where it is; 0: there is none */
	struct ct_span bytes;
	char is;       /* letter of ct_type_letter(), 0: not said */
	unsigned size;
	bool other; /* it has members that are none of a description's: it is a structure */
};

struct reading {
	struct ct_pull p;
	struct ct_arena *arena;
	bool typed; /* from the recorder's bytes: every value is described */
	struct ct_strings strings; /* of the outermost value, if it says what they are */
};

static void read_value(struct reading *r, unsigned depth, struct ct_datum *out);

/* --- descriptions --- */

static void read_class(struct described *d, struct ct_span raw)
{
	char text[8] = "";

	if (raw.length < 2 || raw.length >= sizeof text)
		return;
	memcpy(text, raw.data, raw.length);
	d->is = text[0];
	d->size = (unsigned) strtoul(text + 1, NULL, 10);
}

/* An integer of up to 128 bits, in digits. */
static __int128 parse_integer(struct ct_span raw, bool *negative)
{
	unsigned __int128 value = 0;
	size_t i = raw.length && raw.data[0] == '-';

	*negative = i;
	for (; i < raw.length && raw.data[i] >= '0' && raw.data[i] <= '9'; i++)
		value = value * 10 + (unsigned) (raw.data[i] - '0');
	return (__int128) (*negative ? -value : value);
}

static struct ct_span raw_value(struct ct_pull *p)
{
	size_t begin;

	if (ct_pull_peek(p) == '"')
		return ct_pull_raw_string(p);
	begin = p->at;
	ct_pull_skip(p);
	return p->failed ? (struct ct_span){ "", 0 } : (struct ct_span){ p->data + begin, p->at - begin };
}

static void read_number(struct reading *r, struct ct_datum *out)
{
	bool negative;

	out->integer = parse_integer(raw_value(&r->p), &negative);
	out->has_number = true;
	out->is_signed |= negative;
}

/* One that a description has wherever it stands. */
static bool read_common(struct reading *r, struct ct_span key, bool outermost, struct described *d, struct ct_datum *out)
{
	struct ct_pull *p = &r->p;

	if (ct_span_is(key, "value")) {
		ct_pull_peek(p);
		d->value = p->at;
		ct_pull_skip(p);
	} else if (ct_span_is(key, "address")) {
		out->address = ct_span_address(ct_pull_raw_string(p));
		out->has_address = true;
	} else if (ct_span_is(key, "bytes")) {
		d->bytes = ct_pull_raw_string(p);
	} else if (ct_span_is(key, "truncated")) {
		out->truncated = ct_pull_bool(p);
	} else if (outermost && ct_span_is(key, "counted")) {
		out->is_counted = ct_pull_bool(p);
	} else if (ct_span_is(key, "unreadable")) {
		out->unreadable = ct_pull_bool(p);
	} else {
		return false;
	}
	return true;
}

/* The members of an argument, of what was returned, or, typed, of any value. */
static void read_description(struct reading *r, bool outermost, struct described *d, struct ct_datum *out)
{
	struct ct_pull *p = &r->p;
	struct ct_span key;

	*d = (struct described){0};
	if (!ct_pull_open(p, '{'))
		return;
	while (ct_pull_key(p, &key)) {
		if (read_common(r, key, outermost, d, out))
			continue;
		d->other = true;
		if (ct_span_is(key, "is") && (outermost || r->typed))
			read_class(d, ct_pull_raw_string(p));
		else if (ct_span_is(key, "number") && (outermost || r->typed))
			read_number(r, out);
		else if (ct_span_is(key, "optional") && (outermost || r->typed))
			out->is_optional = ct_pull_bool(p);
		else if (outermost && ct_span_is(key, "name"))
			out->name = ct_pull_string(p, r->arena);
		else if (outermost && ct_span_is(key, "type"))
			out->type = ct_pull_string(p, r->arena);
		else if (outermost && ct_span_is(key, "strings"))
			r->strings = (struct ct_strings){ ct_pull_raw_string(p), 0 };
		else if (outermost && ct_span_is(key, "unavailable"))
			out->why = ct_pull_string(p, r->arena);
		else if (outermost && ct_span_is(key, "redacted"))
			out->why = "redacted", ct_pull_skip(p);
		else
			ct_pull_skip(p);
	}
}

/* --- plain values --- */

static bool consists_of(const char *text, size_t length, const char *bytes)
{
	for (size_t i = 0; i < length; i++)
		if (!memchr(bytes, text[i], strlen(bytes)))
			return false;
	return length > 0;
}

static bool is_address(const char *text, size_t length)
{
	return length > 2 && length <= 18 && text[0] == '0' && text[1] == 'x'
	       && consists_of(text + 2, length - 2, "0123456789abcdef");
}

static bool is_integer(const char *text, size_t length)
{
	size_t sign = length && text[0] == '-';

	return length - sign <= 39 && consists_of(text + sign, length - sign, "0123456789");
}

static void set_integer(struct ct_datum *out)
{
	bool negative;

	out->kind = CT_DATUM_INTEGER;
	out->integer = parse_integer((struct ct_span){ out->text, out->length }, &negative);
	out->is_signed |= negative;
	out->has_number = true;
}

/* What was stored, not what its digits say to someone who knows doubles only: 0.1 was a float's. */
static void set_float(struct ct_datum *out)
{
	out->kind = CT_DATUM_FLOAT;
	out->real = out->size == 4    ? (long double) strtof(out->text, NULL)
	            : out->size == 16 ? strtold(out->text, NULL)
	                              : (long double) strtod(out->text, NULL);
}

static void set_bool(struct ct_datum *out)
{
	out->kind = CT_DATUM_BOOL;
	out->integer = out->text[0] == 't';
	out->has_number = true;
}

static void set_character(struct ct_datum *out)
{
	uint32_t c = 0;

	out->kind = CT_DATUM_INTEGER;
	if (!out->has_number && out->length && ct_utf8_decode(out->text, out->length, &c))
		out->integer = (__int128) c;
	out->has_number = true;
}

static void set_address(struct ct_datum *out)
{
	out->kind = CT_DATUM_ADDRESS;
	out->address = ct_span_address((struct ct_span){ out->text, out->length });
	out->has_address = true;
	out->is_pointer = true;
}

/* A JSON string, by what the type is; where that is not known, by what it looks like. */
static void set_text(struct ct_datum *out)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:|+-.";

	switch (out->type_class) {
	case CT_CLASS_CHAR: set_character(out); return;
	case CT_CLASS_FLOAT: set_float(out); return;
	case CT_CLASS_SIGNED: case CT_CLASS_UNSIGNED: set_integer(out); return;
	case CT_CLASS_ENUM: case CT_CLASS_FUNCTION: out->kind = CT_DATUM_WORD; return;
	case CT_CLASS_STRING: out->kind = CT_DATUM_STRING; return;
	case CT_CLASS_UNKNOWN: case CT_CLASS_POINTER: case CT_CLASS_OTHER:
		if (is_address(out->text, out->length))
			set_address(out);
		else if (is_integer(out->text, out->length) && out->length >= 16)
			set_integer(out);
		else if (out->type && !out->has_address && consists_of(out->text, out->length, word))
			out->kind = CT_DATUM_WORD;
		else
			out->kind = CT_DATUM_STRING;
		return;
	default: out->kind = CT_DATUM_STRING; return;
	}
}

/* The same, where it is said what the string is. */
static void set_string(struct ct_datum *out, char letter)
{
	switch (letter) {
	case CT_STRING_WORD: out->kind = CT_DATUM_WORD; break;
	case CT_STRING_ADDRESS: set_address(out); break;
	case CT_STRING_CHARACTER:
		out->type_class = CT_CLASS_CHAR;
		set_character(out);
		break;
	case CT_STRING_NUMBER:
		if (is_integer(out->text, out->length))
			set_integer(out);
		else
			set_float(out);
		break;
	default: out->kind = CT_DATUM_STRING; break;
	}
}

/* A number, true, false or null. */
static void set_word(struct ct_datum *out)
{
	if (out->text[0] == 't' || out->text[0] == 'f') {
		set_bool(out);
	} else if (out->text[0] == 'n') {
		out->kind = CT_DATUM_NULL;
		out->is_pointer = true;
	} else if (out->type_class == CT_CLASS_FLOAT || !is_integer(out->text, out->length)) {
		set_float(out);
	} else {
		set_integer(out);
	}
}

static void read_plain(struct reading *r, struct ct_datum *out)
{
	bool is_string = ct_pull_peek(&r->p) == '"';

	if (is_string) {
		out->text = ct_pull_string_n(&r->p, r->arena, &out->length);
	} else {
		struct ct_span raw = raw_value(&r->p);

		out->text = ct_arena_strndup(r->arena, raw.data, raw.length);
		out->length = raw.length;
	}
	if (!out->text || r->p.failed)
		return;
	if (is_string && r->strings.at < r->strings.letters.length)
		set_string(out, r->strings.letters.data[r->strings.at++]);
	else if (is_string)
		set_text(out);
	else
		set_word(out);
}

/* --- values with parts --- */

/* Items grow in a block of their own, and move into the arena when there are no more. */
struct items {
	struct ct_datum *rows;
	size_t count, capacity;
};

static struct ct_datum *add_item(struct items *items)
{
	if (items->count == items->capacity) {
		items->capacity = items->capacity ? items->capacity * 2 : 8;
		items->rows = ct_realloc(items->rows, items->capacity * sizeof *items->rows);
	}
	items->rows[items->count] = (struct ct_datum){0};
	return &items->rows[items->count++];
}

static void keep_items(struct reading *r, struct items *items, struct ct_datum *out)
{
	out->items = ct_arena_alloc(r->arena, (items->count + 1) * sizeof *out->items);
	if (items->count)
		memcpy(out->items, items->rows, items->count * sizeof *out->items);
	out->count = items->count;
	free(items->rows);
}

static void read_array(struct reading *r, unsigned depth, struct ct_datum *out)
{
	struct items items = {0};

	out->kind = CT_DATUM_ARRAY;
	ct_pull_open(&r->p, '[');
	while (ct_pull_element(&r->p))
		read_value(r, depth + 1, add_item(&items));
	keep_items(r, &items, out);
}

static void read_members(struct reading *r, unsigned depth, struct ct_datum *out)
{
	struct items items = {0};
	struct ct_span key;

	out->kind = CT_DATUM_OBJECT;
	if (out->type_class == CT_CLASS_UNKNOWN)
		out->type_class = CT_CLASS_STRUCT;
	ct_pull_open(&r->p, '{');
	while (ct_pull_key(&r->p, &key)) {
		const struct ct_span member = ct_value_member(key);
		const char *name = ct_arena_strndup(r->arena, member.data, member.length);
		struct ct_datum *item = add_item(&items);

		read_value(r, depth + 1, item);
		item->name = name;
	}
	keep_items(r, &items, out);
}

/* --- any value --- */

/* Text that is not UTF-8 has its bytes beside it. */
static void take_bytes(struct reading *r, struct ct_span hex, struct ct_datum *out)
{
	char *bytes = ct_arena_alloc(r->arena, hex.length / 2 + 1);

	for (size_t i = 0; i + 1 < hex.length; i += 2) {
		char digits[3] = { hex.data[i], hex.data[i + 1], '\0' };

		bytes[i / 2] = (char) strtoul(digits, NULL, 16);
	}
	out->text = bytes;
	out->length = hex.length / 2;
	if (out->kind == CT_DATUM_NONE)
		out->why = "of a type that is not understood";
}

static void read_undescribed(struct reading *r, unsigned depth, struct ct_datum *out)
{
	switch (ct_pull_peek(&r->p)) {
	case '[': read_array(r, depth, out); break;
	case '{': read_members(r, depth, out); break;
	default: read_plain(r, out); break;
	}
}

/*
 * What a pointer leads to: the pointer's datum is the other's, with its own address and name. Of a reference to a
 * pointer it is the pointer's: that is what the source sees.
 */
static void read_pointee(struct reading *r, unsigned depth, bool is_reference, struct ct_datum *out)
{
	struct ct_datum pointee = {0};
	char first = ct_pull_peek(&r->p);

	out->is_pointer = !is_reference;
	if (first != '{') {
		out->type_class = first == '"' ? CT_CLASS_STRING : CT_CLASS_POINTER;
		read_undescribed(r, depth, out);
		return;
	}
	read_value(r, depth + 1, &pointee);
	pointee.name = out->name;
	pointee.type = out->type;
	if (!is_reference || !pointee.is_pointer) {
		pointee.has_address = out->has_address;
		pointee.address = out->address;
	}
	pointee.is_pointer |= !is_reference;
	pointee.truncated |= out->truncated;
	pointee.unreadable |= out->unreadable;
	*out = pointee;
}

static void read_described(struct reading *r, unsigned depth, const struct described *d,
                           struct ct_datum *out)
{
	size_t behind = r->p.at;
	bool leads = d->is == 'p' || d->is == 'r';

	if (d->is)
		ct_class_of_letter(d->is, d->size, out);
	else
		ct_class_of_name(out->type, out);
	if (d->value) {
		r->p.at = d->value;
		if (leads)
			read_pointee(r, depth, d->is == 'r', out);
		else
			read_undescribed(r, depth, out);
		r->p.at = behind;
		out->is_pointer |= !d->is && out->has_address;
		out->is_pointer &= !(out->is_optional && out->kind == CT_DATUM_NULL);
	} else if (out->has_address && !out->why) {
		out->kind = CT_DATUM_ADDRESS;
		out->is_pointer = true;
	} else if (!out->why) {
		out->why = out->unreadable ? "unreadable" : out->truncated ? "no room" : "not recorded";
	}
	if (d->bytes.length)
		take_bytes(r, d->bytes, out);
}

/* Within another one. */
static void read_value(struct reading *r, unsigned depth, struct ct_datum *out)
{
	size_t begin;
	struct described d;

	if (depth > DEEPEST) {
		out->why = "too deep within others";
		ct_pull_skip(&r->p);
		return;
	}
	if (ct_pull_peek(&r->p) != '{') {
		read_undescribed(r, depth, out);
		return;
	}
	begin = r->p.at;
	read_description(r, false, &d, out);
	if (r->typed || (!d.other && (out->truncated || out->unreadable || d.bytes.data))) {
		read_described(r, depth, &d, out);
		return;
	}
	*out = (struct ct_datum){0};
	r->p.at = begin;
	read_members(r, depth, out);
}

/* By the name of its type, as saved traces have it. */
static bool is_optional(const char *type)
{
	static const char words[] = "std::optional<";

	type += strncmp(type, "const ", 6) == 0 ? 6 : 0;
	return strncmp(type, words, sizeof words - 1) == 0;
}

/* An argument, or what was returned. */
static void read_outermost(struct reading *r, struct ct_datum *out)
{
	struct described d;

	r->strings = (struct ct_strings){0};
	read_description(r, true, &d, out);
	r->typed = d.is != 0;
	out->is_optional |= !r->typed && out->type && is_optional(out->type);
	read_described(r, 0, &d, out);
}

bool ct_datum_arguments(const char *json, struct ct_arena *arena, struct ct_datum *out)
{
	struct reading r = { .p = { .data = json, .size = strlen(json) }, .arena = arena };
	struct items items = {0};

	*out = (struct ct_datum){ .kind = CT_DATUM_ARRAY };
	if (ct_pull_open(&r.p, '['))
		while (ct_pull_element(&r.p))
			read_outermost(&r, add_item(&items));
	keep_items(&r, &items, out);
	ct_pull_deinit(&r.p);
	return !r.p.failed;
}

bool ct_datum_returned(const char *json, struct ct_arena *arena, struct ct_datum *out)
{
	struct reading r = { .p = { .data = json, .size = strlen(json) }, .arena = arena };

	*out = (struct ct_datum){0};
	read_outermost(&r, out);
	ct_pull_deinit(&r.p);
	return !r.p.failed;
}

/* Members of anonymous ones and of bases count as the structure's own. */
static const struct ct_datum *member(const struct ct_datum *d, const char *name, size_t length, unsigned depth)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->items[i].name && strlen(d->items[i].name) == length
		    && memcmp(d->items[i].name, name, length) == 0)
			return &d->items[i];
	for (size_t i = 0; i < d->count && depth < 4; i++) {
		const struct ct_datum *found = NULL;

		if (d->items[i].kind == CT_DATUM_OBJECT && !d->items[i].is_pointer)
			found = member(&d->items[i], name, length, depth + 1);
		if (found)
			return found;
	}
	return NULL;
}

const struct ct_datum *ct_datum_member(const struct ct_datum *d, const char *name, size_t length)
{
	return member(d, name, length, 0);
}

struct ct_datum ct_datum_copy(struct ct_arena *arena, const struct ct_datum *d)
{
	struct ct_datum out = *d;

	out.text = d->text ? ct_arena_strndup(arena, d->text, d->length) : NULL;
	out.name = d->name ? ct_arena_strdup(arena, d->name) : NULL;
	out.type = d->type ? ct_arena_strdup(arena, d->type) : NULL;
	out.why = d->why ? ct_arena_strdup(arena, d->why) : NULL;
	out.enumerators = d->is_specimen ? d->enumerators : NULL; /* they were lent */
	out.items = d->count ? ct_arena_alloc(arena, d->count * sizeof *out.items) : NULL;
	for (size_t i = 0; i < d->count; i++)
		out.items[i] = ct_datum_copy(arena, &d->items[i]);
	return out;
}
