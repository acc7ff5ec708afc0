/* value_std.c - values of libstdc++'s types, as a person writes them: format/plan.h says how they are laid out. */
#include <stdlib.h>
#include <string.h>

#include "trace/value_strings.h"
#include "trace/value_type.h"

static uint64_t word_at(struct ct_spot spot, uint32_t at)
{
	uint64_t word;

	memcpy(&word, spot.bytes + at, sizeof word);
	return word;
}

static uint32_t element_size(const struct ct_view *v, const struct ct_index_type *t)
{
	return v->index->types[t->target].size;
}

static const struct ct_index_member *member_of(const struct ct_view *v, const struct ct_index_type *t, uint32_t number)
{
	return &v->index->members[t->first + number];
}

/* A word in quotes: what is not text is noted so by the caller of all these. */
static bool put_word(struct ct_text *out, const char *word, size_t length)
{
	return ct_text_add_json_n(out, word, length);
}

/* --- strings --- */

static bool characters(struct ct_view *v, const struct ct_index_type *t, const uint8_t *bytes, uint32_t size,
                       struct ct_remarks *r, struct ct_text *out)
{
	const struct ct_index_type *wide = ct_value_type(v->index, t->target);

	if (!wide)
		return ct_value_text(bytes, size, r, out);
	return wide->size
	       && ct_value_wide_text((struct ct_spot){ .bytes = bytes, .size = size }, wide->size, true, r, out);
}

static uint32_t character_size(const struct ct_view *v, const struct ct_index_type *t)
{
	const struct ct_index_type *wide = ct_value_type(v->index, t->target);

	return wide && wide->size && wide->size <= 4 ? wide->size : 1;
}

/* A short std::string has its characters within itself. */
static bool is_within(const struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot, uint64_t length)
{
	return t->kind == CT_TYPE_STD_STRING && spot.address && spot.size >= 32
	       && word_at(spot, 0) == spot.address + 16 && length < 16 / character_size(v, t);
}

static bool std_string(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot,
                       uint32_t pointer_at, uint64_t length, struct ct_remarks *r, struct ct_text *out)
{
	uint32_t size = character_size(v, t);
	const struct ct_follower *op;
	struct ct_value_block b;

	if (length == 0) {
		ct_text_add(out, "\"\"");
		return true;
	}
	op = ct_value_follower(v, spot.base, spot.at + pointer_at, CT_OP_COUNTED, size);
	if (op && ct_value_followed(v, op, &b, r))
		return characters(v, t, b.data, b.size, r, out);
	if (is_within(v, t, spot, length)) {
		r->truncated = r->unreadable = false;
		return characters(v, t, spot.bytes + 16, (uint32_t) length * size, r, out);
	}
	if (!op)
		r->truncated = true;
	return false;
}

/* --- elements --- */

/* They are nowhere; how many there are is something. */
static bool only_size(uint64_t count, struct ct_remarks *r, struct ct_text *out)
{
	ct_text_add(out, "{\"size\":");
	ct_value_integer(out, count, false);
	ct_text_add_char(out, '}');
	r->truncated |= count > 0;
	return true;
}

static bool std_vector(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot,
                       struct ct_remarks *r, unsigned depth, struct ct_text *out)
{
	uint32_t size = element_size(v, t);
	uint64_t begin = word_at(spot, 0);
	const struct ct_follower *op;
	struct ct_value_block b;

	if (begin == word_at(spot, 8)) {
		ct_text_add(out, "[]");
		return true;
	}
	op = ct_value_follower(v, spot.base, spot.at, CT_OP_RANGE, size);
	if (op && ct_value_followed(v, op, &b, r) && size)
		return ct_value_elements(v, t->target, b.size / size,
		                         (struct ct_spot){ b.data, b.size, op->number + 1u, 0, begin }, r, depth, out);
	r->truncated |= !op || !size;
	r->has_address = true;
	r->address = begin;
	return false;
}

/* span and initializer_list: a pointer, and how many there are. */
static bool span(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot, struct ct_remarks *r,
                 unsigned depth, struct ct_text *out)
{
	const struct ct_index_type *element = ct_value_type(v->index, t->target);
	uint64_t begin = word_at(spot, 0), count = t->count == 2 ? word_at(spot, 8) : t->extra;
	uint32_t size = element_size(v, t);
	uint8_t kind = t->count == 2 ? CT_OP_COUNTED : CT_OP_BYTES;
	const struct ct_follower *op;
	struct ct_value_block b;

	if (count == 0) {
		ct_text_add(out, "[]");
		return true;
	}
	op = ct_value_follower(v, spot.base, spot.at, kind, kind == CT_OP_COUNTED ? size : 0);
	if (!op || !size || !element)
		return only_size(count, r, out);
	if (!ct_value_followed(v, op, &b, r)) {
		r->has_address = true;
		r->address = begin;
		return false;
	}
	r->truncated |= b.size / size < count && !r->unreadable;
	if (ct_value_is_character(v->index, element))
		return ct_value_text(b.data, b.size, r, out);
	return ct_value_elements(v, t->target, b.size / size,
	                         (struct ct_spot){ b.data, b.size, op->number + 1u, 0, begin }, r, depth, out);
}

/* An iterator of a deque. */
struct place {
	uint64_t at, first, last, node;
};

static bool place_sound(const struct place *p, uint64_t node, uint32_t size)
{
	return p->last - p->first == node && p->at >= p->first && p->at <= p->last && (p->at - p->first) % size == 0;
}

/* The elements of one node that were copied. */
static struct ct_spot node_copied(struct ct_view *v, struct ct_spot spot, uint32_t at, uint32_t size,
                                  struct ct_remarks *r)
{
	const struct ct_follower *op = ct_value_follower(v, spot.base, spot.at + at, CT_OP_RANGE, size);
	struct ct_remarks own = {0};
	struct ct_value_block b;

	if (!op || !ct_value_followed(v, op, &b, &own))
		return (struct ct_spot){ .base = CT_BASE_NONE };
	r->unreadable |= own.unreadable; /* truncated or not: they may be more than the deque has */
	return (struct ct_spot){ b.data, b.size, op->number + 1u, 0, word_at(spot, at) };
}

/* Its first elements: those in its first node, and, if there are two, in its last. */
static bool deque(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot, struct ct_remarks *r,
                  unsigned depth, struct ct_text *out)
{
	uint32_t size = element_size(v, t), have = 0;
	uint64_t node = size < 512 ? 512 / size * size : size, nodes, first, last, count;
	struct place begin, end;

	memcpy(&begin, spot.bytes + t->extra, sizeof begin);
	memcpy(&end, spot.bytes + t->extra + sizeof begin, sizeof end);
	nodes = (end.node - begin.node) / 8;
	if (!place_sound(&begin, node, size) || !place_sound(&end, node, size) || end.node < begin.node
	    || (end.node - begin.node) % 8 || (!nodes && end.at < begin.at) || nodes > UINT32_MAX)
		return ct_value_cut(r); /* not made yet, or no more */
	first = ((nodes ? begin.last : end.at) - begin.at) / size;
	last = nodes ? (end.at - end.first) / size : 0;
	count = first + last + (nodes > 1 ? (nodes - 1) * (node / size) : 0);
	if (count && !ct_value_follower(v, spot.base, spot.at + t->extra, CT_OP_RANGE, size))
		return only_size(count, r, out);
	ct_text_add_char(out, '[');
	have = ct_value_add_elements(v, t->target, (uint32_t) first, node_copied(v, spot, t->extra, size, r), 0, depth, out);
	if (have == first && nodes == 1)
		have = ct_value_add_elements(v, t->target, (uint32_t) last, node_copied(v, spot, t->extra + 40, size, r), have,
		                             depth, out);
	ct_text_add_char(out, ']');
	r->truncated |= have < count && !r->unreadable;
	return true;
}

static bool bools(struct ct_view *v, struct ct_spot spot, struct ct_remarks *r, struct ct_text *out)
{
	uint64_t begin = word_at(spot, 0), end = word_at(spot, 16), count;
	uint32_t before, behind, have;
	struct ct_spot bits;

	memcpy(&before, spot.bytes + 8, 4);
	memcpy(&behind, spot.bytes + 24, 4);
	if (end < begin || (end - begin) % 8 || before || behind >= 64 || end - begin > UINT32_MAX)
		return ct_value_cut(r);
	count = (end - begin) * 8 + behind;
	if (count && !ct_value_follower(v, spot.base, spot.at, CT_OP_RANGE, 8))
		return only_size(count, r, out);
	bits = count ? node_copied(v, spot, 0, 8, r) : (struct ct_spot){0};
	have = bits.size * 8ull < count ? bits.size * 8 : (uint32_t) count;
	if (have > CT_MOST_ELEMENTS)
		have = CT_MOST_ELEMENTS;
	ct_text_add_char(out, '[');
	for (uint32_t i = 0; i < have; i++)
		ct_text_addf(out, "%s%s", i ? "," : "", bits.bytes[i / 8] >> i % 8 & 1 ? "true" : "false");
	ct_text_add_char(out, ']');
	r->truncated |= have < count && !r->unreadable;
	return true;
}

static bool bitset(const struct ct_index_type *t, struct ct_spot spot, struct ct_remarks *r, struct ct_text *out)
{
	enum { MOST = 128 };
	uint32_t count = t->extra < MOST ? t->extra : MOST;

	r->truncated |= count < t->extra;
	ct_text_add_char(out, '"');
	for (uint32_t i = 0; i < count; i++) { /* the highest first, as it prints itself */
		uint32_t bit = t->extra - 1 - i;

		ct_text_add_char(out, spot.bytes[bit / 8] >> bit % 8 & 1 ? '1' : '0');
	}
	ct_text_add_char(out, '"');
	return true;
}

/* --- one of several, or several --- */

/* A member's part of the whole; false: it was not copied. */
static bool part_of(struct ct_view *v, const struct ct_index_member *m, struct ct_spot whole, struct ct_spot *part)
{
	const struct ct_index_type *t = ct_value_type(v->index, m->type);

	if (m->offset > whole.size || (m->offset == whole.size && t && t->size))
		return false;
	*part = (struct ct_spot){ whole.bytes + m->offset, whole.size - m->offset, whole.base, whole.at + m->offset,
		                  whole.address ? whole.address + m->offset : 0 };
	return true;
}

static bool std_optional(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot,
                         struct ct_remarks *r, unsigned depth, struct ct_text *out)
{
	if (spot.bytes[t->extra])
		return ct_value_within(v, t->target, spot, r, depth + 1, out);
	ct_text_add(out, "null");
	return true;
}

static bool only_member(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot, struct ct_remarks *r,
                        unsigned depth, struct ct_text *out)
{
	struct ct_spot part;

	if (!part_of(v, member_of(v, t, 0), spot, &part))
		return ct_value_cut(r);
	return ct_value_within(v, member_of(v, t, 0)->type, part, r, depth + 1, out);
}

static bool tuple(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot, struct ct_remarks *r,
                  unsigned depth, struct ct_text *out)
{
	struct ct_spot part;

	ct_text_add_char(out, '[');
	for (uint32_t i = 0; i < t->count; i++) {
		const struct ct_index_member *m = member_of(v, t, i);

		if (v->budget == 0 || !part_of(v, m, spot, &part)) {
			r->truncated = true;
			break;
		}
		if (i)
			ct_text_add_char(out, ',');
		ct_value_nested(v, m->type, part, depth, out);
	}
	ct_text_add_char(out, ']');
	return true;
}

/* The alternative that is there; all of them lie in the same place. */
static bool variant(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot, struct ct_remarks *r,
                    unsigned depth, struct ct_text *out)
{
	const struct ct_index_member *last = member_of(v, t, t->count - 1), *m;
	uint32_t size = v->index->types[last->type].size, index = 0;
	const struct ct_index_type *own;
	bool overlapping = v->overlapping, there;

	if (size != 1 && size != 2)
		return ct_value_cut(r);
	memcpy(&index, spot.bytes + last->offset, size);
	if (index == (1u << 8 * size) - 1)
		return put_word(out, "valueless", 9);
	if (index >= t->count - 1)
		return ct_value_cut(r); /* not made yet, or no more */
	m = member_of(v, t, index);
	own = ct_value_type(v->index, m->type);
	if (own && own->kind == CT_TYPE_STRUCT && strcmp(ct_index_string(v->index, own->name), "std::monostate") == 0)
		return put_word(out, "monostate", 9);
	v->overlapping = true;
	there = ct_value_within(v, m->type, spot, r, depth + 1, out);
	v->overlapping = overlapping;
	return there;
}

/* --- time --- */

static const struct {
	const char *name;
	uint64_t per_second; /* 0: it is longer */
	uint32_t seconds;
	uint8_t digits; /* of a fraction of a second */
} units[CT_UNITS] = {
	[CT_UNIT_NANOSECOND] = { "ns", 1000000000, 0, 9 }, [CT_UNIT_MICROSECOND] = { "us", 1000000, 0, 6 },
	[CT_UNIT_MILLISECOND] = { "ms", 1000, 0, 3 },      [CT_UNIT_SECOND] = { "s", 1, 1, 0 },
	[CT_UNIT_MINUTE] = { "min", 0, 60, 0 },            [CT_UNIT_HOUR] = { "h", 0, 3600, 0 },
	[CT_UNIT_DAY] = { "d", 0, 86400, 0 },
};

/* "1500ms" */
static bool duration(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot, struct ct_remarks *r,
                     struct ct_text *out)
{
	const struct ct_index_type *number = ct_value_type(v->index, member_of(v, t, 0)->type);
	struct ct_text digits = {0};
	bool there = number && number->size <= spot.size && ct_value_plain(v->index, number, spot, r, &digits)
	             && digits.length > 0;
	size_t quotes = there && digits.data[0] == '"';

	if (there) {
		ct_text_add_char(out, '"');
		ct_text_add_n(out, digits.data + quotes, digits.length - 2 * quotes);
		ct_text_addf(out, "%s\"", units[t->extra].name);
	}
	ct_text_deinit(&digits);
	return there ? true : ct_value_cut(r);
}

/* Years, months and days since 1970-01-01, in the calendar of today. */
static void civil(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
	unsigned of_era = (unsigned) (z - era * 146097);
	unsigned y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;

	*day = of_year - (153 * m + 2) / 5 + 1;
	*month = m < 10 ? m + 3 : m - 9;
	*year = (int64_t) y + era * 400 + (*month <= 2);
}

static void add_time(struct ct_text *out, int64_t seconds, uint64_t fraction, uint32_t unit)
{
	int64_t days = (seconds >= 0 ? seconds : seconds - 86399) / 86400, year;
	unsigned of_day = (unsigned) (seconds - days * 86400), month, day;

	civil(days, &year, &month, &day);
	ct_text_addf(out, "\"%04lld-%02u-%02u", (long long) year, month, day);
	if (unit != CT_UNIT_DAY)
		ct_text_addf(out, "T%02u:%02u:%02u", of_day / 3600, of_day / 60 % 60, of_day % 60);
	if (units[unit].digits)
		ct_text_addf(out, ".%0*llu", units[unit].digits, (unsigned long long) fraction);
	ct_text_add(out, unit == CT_UNIT_DAY ? "\"" : "Z\"");
}

/* "2026-11-28T21:06:03.500Z"; what is in no year of four digits, or has a fraction of its unit, as a duration. */
static bool time_point(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot, struct ct_remarks *r,
                       unsigned depth, struct ct_text *out)
{
	const struct ct_index_type *d = ct_value_type(v->index, member_of(v, t, 0)->type);
	const struct ct_index_type *number = d && d->shape == CT_SHAPE_DURATION
	                                             ? ct_value_type(v->index, member_of(v, d, 0)->type) : NULL;
	int64_t seconds, least = -62135596800, most = 253402300799;
	uint64_t per;
	__int128 count;

	if (!number || number->kind != CT_TYPE_SIGNED || number->size > 8 || number->size > spot.size)
		return only_member(v, t, spot, r, depth, out);
	count = ct_value_number(spot, number->size, true);
	per = units[d->extra].per_second;
	if (per) { /* down, not towards zero */
		__int128 whole = count >= 0 ? count / per : -((-count + (__int128) per - 1) / per);

		if (whole < least || whole > most)
			return only_member(v, t, spot, r, depth, out);
		seconds = (int64_t) whole;
		count -= whole * per;
	} else {
		count *= units[d->extra].seconds;
		if (count < least || count > most)
			return only_member(v, t, spot, r, depth, out);
		seconds = (int64_t) count;
		count = 0;
	}
	add_time(out, seconds, (uint64_t) count, d->extra);
	return true;
}

/* --- what can be called --- */

/*
 * "std::_Function_handler<int (int), main::{lambda(int)#1}>::_M_manager(...)": the type of what is called is the last of
 * the two between the outermost <>. False: that is not what the name looks like.
 */
static bool target_of(const char *name, const char **target, size_t *length)
{
	static const char head[] = "std::_Function_handler<", tail[] = ">::_M_manager(";
	const char *begin = name + sizeof head - 1, *end, *comma = NULL;
	int open = 0;

	if (!name || strncmp(name, head, sizeof head - 1) != 0)
		return false;
	for (end = begin; *end && !(open == 0 && *end == '>'); end++) {
		open += strchr("<({[", *end) != NULL;
		open -= strchr(">)}]", *end) != NULL;
		if (open < 0 || (end[0] == '-' && end[1] == '>') || strncmp(end, "operator", 8) == 0)
			return false;
		if (open == 0 && *end == ',') {
			if (comma)
				return false;
			comma = end;
		}
	}
	if (!comma || strncmp(end, tail, sizeof tail - 1) != 0 || end < comma + 3)
		return false;
	*target = comma + 2;
	*length = (size_t) (end - *target);
	return true;
}

static bool is_part(const char *text, size_t length, const char *part)
{
	return memmem(text, length, part, strlen(part)) != NULL;
}

static bool function(struct ct_view *v, struct ct_spot spot, struct ct_remarks *r, struct ct_text *out)
{
	uint64_t manager = word_at(spot, 16), first = word_at(spot, 0);
	const char *target;
	size_t length;

	if (!manager) {
		ct_text_add(out, "null");
		return true;
	}
	if (!target_of(ct_value_function_at(v, manager), &target, &length))
		return ct_value_cut(r);
	if (is_part(target, length, "(*)(") || (is_part(target, length, "::*)(") && !(first & 1))) {
		const char *name = target[length - 1] != '>' ? ct_value_function_at(v, first) : NULL;

		if (name)
			return put_word(out, name, strlen(name));
	}
	return put_word(out, target, length);
}

static bool mutex(struct ct_spot spot, struct ct_text *out)
{
	int32_t lock;

	memcpy(&lock, spot.bytes, sizeof lock);
	return lock ? put_word(out, "locked", 6) : put_word(out, "unlocked", 8);
}

/* --- weak_ptr --- */

/* What it leads to is there as long as others hold it: its counts tell. */
static bool weak_pointer(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot, struct ct_remarks *r,
                         unsigned depth, struct ct_text *out)
{
	const struct ct_follower *op;
	struct ct_value_block b;
	struct ct_remarks own = {0};
	int32_t uses;

	if (!word_at(spot, 0) || !word_at(spot, 8)) {
		ct_text_add(out, "null");
		return true;
	}
	op = ct_value_follower(v, spot.base, spot.at + 8, CT_OP_BYTES, t->extra + 4);
	if (!op || !ct_value_followed(v, op, &b, &own) || b.size < t->extra + 4) {
		r->has_address = true;
		r->address = word_at(spot, 0);
		return false;
	}
	memcpy(&uses, b.data + t->extra, sizeof uses);
	if (uses == 0)
		return put_word(out, "expired", 7);
	return only_member(v, t, spot, r, depth, out);
}

/* --- any of them --- */

static bool shaped(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot, struct ct_remarks *r,
                   unsigned depth, struct ct_text *out)
{
	switch ((enum ct_type_shape) t->shape) {
	case CT_SHAPE_VALUE: return only_member(v, t, spot, r, depth, out);
	case CT_SHAPE_TUPLE: return tuple(v, t, spot, r, depth, out);
	case CT_SHAPE_SPAN: return span(v, t, spot, r, depth, out);
	case CT_SHAPE_DEQUE: return deque(v, t, spot, r, depth, out);
	case CT_SHAPE_BOOLS: return bools(v, spot, r, out);
	case CT_SHAPE_VARIANT: return variant(v, t, spot, r, depth, out);
	case CT_SHAPE_DURATION: return duration(v, t, spot, r, out);
	case CT_SHAPE_TIME: return time_point(v, t, spot, r, depth, out);
	case CT_SHAPE_FUNCTION: return function(v, spot, r, out);
	case CT_SHAPE_BITS: return bitset(t, spot, r, out);
	case CT_SHAPE_MUTEX: return mutex(spot, out);
	case CT_SHAPE_WEAK: return weak_pointer(v, t, spot, r, depth, out);
	default: return ct_value_cut(r);
	}
}

bool ct_value_std(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot, struct ct_remarks *r,
                  unsigned depth, struct ct_text *out)
{
	switch (t->kind) {
	case CT_TYPE_STD_STRING: return std_string(v, t, spot, 0, word_at(spot, 8), r, out);
	case CT_TYPE_STD_STRING_VIEW: return std_string(v, t, spot, 8, word_at(spot, 0), r, out);
	case CT_TYPE_STD_VECTOR: return std_vector(v, t, spot, r, depth, out);
	case CT_TYPE_STD_OPTIONAL: return std_optional(v, t, spot, r, depth, out);
	case CT_TYPE_STD_SIZED: return only_size(word_at(spot, t->extra), r, out);
	default: return shaped(v, t, spot, r, depth, out);
	}
}
