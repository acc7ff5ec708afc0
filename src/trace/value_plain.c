/* value_plain.c - values that have no parts and lead nowhere: numbers, characters, enumerations. */
#include <string.h>

#include "trace/value_type.h"

/* --- numbers --- */

unsigned __int128 ct_value_bits(struct ct_spot spot, uint32_t size)
{
	unsigned __int128 bits = 0;

	memcpy(&bits, spot.bytes, size);
	return bits;
}

static __int128 extend(unsigned __int128 bits, uint32_t size)
{
	unsigned unused = 128 - 8 * size;

	return (__int128) (bits << unused) >> unused;
}

__int128 ct_value_number(struct ct_spot spot, uint32_t size, bool with_sign)
{
	unsigned __int128 bits = ct_value_bits(spot, size);

	return with_sign ? extend(bits, size) : (__int128) bits;
}

bool ct_value_is_signed(const struct ct_index *x, const struct ct_index_type *t)
{
	const char *name = t ? ct_index_string(x, t->name) : "";

	return t && (t->kind == CT_TYPE_SIGNED
	             || (t->kind == CT_TYPE_CHAR && strncmp(name, "unsigned", 8) != 0
	                 && strcmp(name, "char8_t") != 0));
}

static void integer(const struct ct_index_type *t, struct ct_spot spot, bool with_sign, struct ct_text *out)
{
	unsigned __int128 bits = ct_value_bits(spot, t->size);

	if (with_sign)
		ct_value_signed(out, extend(bits, t->size));
	else
		ct_value_integer(out, bits, false);
}

static void boolean(const struct ct_index_type *t, struct ct_spot spot, struct ct_text *out)
{
	unsigned __int128 bits = ct_value_bits(spot, t->size);

	if (bits > 1) /* it is what it is */
		ct_value_integer(out, bits, false);
	else
		ct_text_add(out, bits ? "true" : "false");
}

static bool number(struct ct_spot spot, uint32_t size, bool quad, struct ct_remarks *r, struct ct_text *out)
{
	if (ct_value_float(out, spot.bytes, size, quad))
		return true;
	r->bytes = spot.bytes;
	r->byte_count = size;
	return false;
}

static bool complex_number(const struct ct_index_type *t, struct ct_spot spot, struct ct_remarks *r,
                           struct ct_text *out)
{
	uint32_t half = t->size / 2;
	bool quad = t->flags & CT_TYPE_F_QUAD;

	if (half != 4 && half != 8 && half != 16)
		return number(spot, 0, false, r, out);
	ct_text_add_char(out, '[');
	ct_value_float(out, spot.bytes, half, quad);
	ct_text_add_char(out, ',');
	ct_value_float(out, spot.bytes + half, half, quad);
	ct_text_add_char(out, ']');
	return true;
}

/* --- enumerations --- */

static uint64_t mask_of(const struct ct_index_type *t)
{
	return t->size >= 8 ? UINT64_MAX : (1ull << 8 * t->size) - 1;
}

/* "A|B|0x40"; false: no enumerator is in it. */
static bool flags(const struct ct_index *x, const struct ct_index_type *t, uint64_t bits, struct ct_text *out)
{
	struct ct_text names = {0};
	uint64_t rest = bits;

	for (uint32_t i = 0; i < t->count; i++) {
		const struct ct_index_enumerator *e = &x->enumerators[t->first + i];
		uint64_t bit = e->value & mask_of(t);

		if (!bit || (rest & bit) != bit)
			continue;
		rest &= ~bit;
		ct_text_addf(&names, "%s%s", names.length ? "|" : "", ct_index_string(x, e->name));
	}
	if (names.length && rest)
		ct_text_addf(&names, "|0x%llx", (unsigned long long) rest);
	if (names.length)
		ct_text_add_json(out, names.data);
	ct_text_deinit(&names);
	return rest != bits;
}

static void enumeration(const struct ct_index *x, const struct ct_index_type *t, struct ct_spot spot,
                        struct ct_text *out)
{
	uint64_t bits = (uint64_t) ct_value_bits(spot, t->size);

	for (uint32_t i = 0; i < t->count; i++) {
		const struct ct_index_enumerator *e = &x->enumerators[t->first + i];

		if ((e->value & mask_of(t)) == bits) {
			ct_text_add_json(out, ct_index_string(x, e->name));
			return;
		}
	}
	if (!(t->flags & CT_TYPE_F_FLAGS) || !flags(x, t, bits, out))
		integer(t, spot, ct_value_is_signed(x, ct_value_type(x, t->target)), out);
}

/* --- text --- */

/* `char` is a character; `signed char` and `unsigned char` on their own are numbers to people. */
bool ct_value_is_character(const struct ct_index *x, const struct ct_index_type *t)
{
	const char *name = ct_index_string(x, t->name);

	return t->kind == CT_TYPE_CHAR && (strcmp(name, "char") == 0 || strcmp(name, "char8_t") == 0);
}

/* Without the beginning of a character whose rest was cut off. */
static uint32_t whole_characters(const uint8_t *bytes, uint32_t count)
{
	uint32_t tail = 0;

	while (tail < 3 && tail < count && (bytes[count - 1 - tail] & 0xc0) == 0x80)
		tail++;
	if (tail < count && bytes[count - 1 - tail] >= 0xc0
	    && tail < (bytes[count - 1 - tail] >= 0xf0 ? 3u : bytes[count - 1 - tail] >= 0xe0 ? 2u : 1u))
		return count - 1 - tail;
	return count;
}

bool ct_value_text(const uint8_t *bytes, uint32_t count, struct ct_remarks *r, struct ct_text *out)
{
	if (r->truncated)
		count = whole_characters(bytes, count);
	if (!ct_value_utf8(out, bytes, count)) {
		r->bytes = bytes;
		r->byte_count = count;
	}
	return true;
}

static void character(struct ct_spot spot, struct ct_remarks *r, struct ct_text *out)
{
	ct_value_text(spot.bytes, 1, r, out);
}

static void wide_character(const struct ct_index_type *t, struct ct_spot spot, struct ct_text *out)
{
	size_t start = out->length;
	bool ended;

	if (t->size > 4 || !ct_value_wide(out, spot.bytes, 1, t->size, &ended)) {
		out->length = start;
		integer(t, spot, false, out);
	} else if (ended) {
		out->length = start;
		ct_text_add(out, "\"\\u0000\"");
	}
}

/* Wide characters where `is_array` says how many there are, or a NUL does. */
bool ct_value_wide_text(struct ct_spot spot, uint32_t size, bool is_array, struct ct_remarks *r,
                      struct ct_text *out)
{
	uint32_t count = spot.size / size;
	bool ended;

	if (size > 4)
		return ct_value_cut(r);
	if (!ct_value_wide(out, spot.bytes, count, size, &ended)) {
		r->bytes = spot.bytes;
		r->byte_count = count * size;
	}
	r->truncated = !ended && (r->truncated || !is_array);
	return true;
}

/* --- any of these --- */

bool ct_value_plain(const struct ct_index *x, const struct ct_index_type *t, struct ct_spot spot,
                    struct ct_remarks *r, struct ct_text *out)
{
	switch (t->kind) {
	case CT_TYPE_SIGNED: integer(t, spot, true, out); return true;
	case CT_TYPE_UNSIGNED: integer(t, spot, false, out); return true;
	case CT_TYPE_CHAR:
		if (ct_value_is_character(x, t))
			character(spot, r, out);
		else
			integer(t, spot, ct_value_is_signed(x, t), out);
		return true;
	case CT_TYPE_WIDE_CHAR: wide_character(t, spot, out); return true;
	case CT_TYPE_BOOL: boolean(t, spot, out); return true;
	case CT_TYPE_FLOAT: return number(spot, t->size, t->flags & CT_TYPE_F_QUAD, r, out);
	case CT_TYPE_COMPLEX: return complex_number(t, spot, r, out);
	case CT_TYPE_ENUM:
		if (t->size == 0)
			return ct_value_cut(r);
		enumeration(x, t, spot, out);
		return true;
	default:
		return false;
	}
}
