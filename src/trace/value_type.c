/* value_type.c - a value of any type as JSON: what it is, and what it points to. */
#include <string.h>

#include "trace/value_type.h"

enum { DEEPEST = 8, ALIASES = 32, MOST_ELEMENTS = 64 };

static bool value(struct ct_view *v, uint32_t type, struct ct_spot spot, struct ct_remarks *r,
                  unsigned depth, struct ct_text *out);

const struct ct_index_type *ct_value_type(const struct ct_index *x, uint32_t type)
{
	for (int i = 0; i < ALIASES && type != CT_NONE; i++) {
		if (x->types[type].kind != CT_TYPE_ALIAS)
			return &x->types[type];
		type = x->types[type].target;
	}
	return NULL;
}

/* --- remarks --- */

void ct_remarks_write(const struct ct_remarks *r, struct ct_text *out)
{
	if (r->has_address) {
		ct_text_add(out, ",\"address\":");
		ct_value_address(out, r->address);
	}
	if (r->bytes) {
		ct_text_add(out, ",\"bytes\":");
		ct_value_hex(out, r->bytes, r->byte_count);
	}
	if (r->truncated)
		ct_text_add(out, ",\"truncated\":true");
	if (r->unreadable)
		ct_text_add(out, ",\"unreadable\":true");
}

/* There is not as much as the value takes. */
static bool cut(struct ct_remarks *r)
{
	r->truncated = true;
	return false;
}

static void insert(struct ct_text *out, size_t at, const char *text)
{
	size_t n = strlen(text);

	ct_text_add(out, text);
	memmove(out->data + at + n, out->data + at, out->length - n - at);
	memcpy(out->data + at, text, n);
}

/* A value in another one: where there are remarks, they and it become an object. */
static void nested(struct ct_view *v, uint32_t type, struct ct_spot spot, unsigned depth,
                   struct ct_text *out)
{
	size_t start = out->length;
	struct ct_remarks r = {0};
	bool there = value(v, type, spot, &r, depth + 1, out);

	if (there)
		r.has_address = false; /* what is there says more */
	if (!r.truncated && !r.unreadable && !r.bytes) {
		if (r.has_address)
			ct_value_address(out, r.address);
		return;
	}
	if (there) {
		insert(out, start, "{\"value\":");
		ct_remarks_write(&r, out);
	} else {
		ct_remarks_write(&r, out);
		out->data[start] = '{';
	}
	ct_text_add_char(out, '}');
}

/* --- numbers --- */

static unsigned __int128 load(struct ct_spot spot, uint32_t size)
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

static bool is_signed(const struct ct_index *x, const struct ct_index_type *t)
{
	const char *name = t ? ct_index_string(x, t->name) : "";

	return t && (t->kind == CT_TYPE_SIGNED
	             || (t->kind == CT_TYPE_CHAR && strncmp(name, "unsigned", 8) != 0
	                 && strcmp(name, "char8_t") != 0));
}

static void integer(const struct ct_index_type *t, struct ct_spot spot, bool with_sign, struct ct_text *out)
{
	unsigned __int128 bits = load(spot, t->size);

	if (with_sign)
		ct_value_signed(out, extend(bits, t->size));
	else
		ct_value_integer(out, bits, false);
}

static void boolean(const struct ct_index_type *t, struct ct_spot spot, struct ct_text *out)
{
	unsigned __int128 bits = load(spot, t->size);

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
	uint64_t bits = (uint64_t) load(spot, t->size);

	for (uint32_t i = 0; i < t->count; i++) {
		const struct ct_index_enumerator *e = &x->enumerators[t->first + i];

		if ((e->value & mask_of(t)) == bits) {
			ct_text_add_json(out, ct_index_string(x, e->name));
			return;
		}
	}
	if (!(t->flags & CT_TYPE_F_FLAGS) || !flags(x, t, bits, out))
		integer(t, spot, is_signed(x, ct_value_type(x, t->target)), out);
}

/* --- text --- */

/* `char` is a character; `signed char` and `unsigned char` on their own are numbers to people. */
static bool is_character(const struct ct_index *x, const struct ct_index_type *t)
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

static bool text(const uint8_t *bytes, uint32_t count, struct ct_remarks *r, struct ct_text *out)
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
	text(spot.bytes, 1, r, out);
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
static bool wide_text(struct ct_spot spot, uint32_t size, bool is_array, struct ct_remarks *r,
                      struct ct_text *out)
{
	uint32_t count = spot.size / size;
	bool ended;

	if (size > 4)
		return cut(r);
	if (!ct_value_wide(out, spot.bytes, count, size, &ended)) {
		r->bytes = spot.bytes;
		r->byte_count = count * size;
	}
	r->truncated = !ended && (r->truncated || !is_array);
	return true;
}

/* --- what pointers point to --- */

static const struct ct_follower *follower_at(const struct ct_view *v, uint32_t base, uint32_t at)
{
	for (unsigned i = 0; i < v->followers->count; i++)
		if (v->followers->items[i].base == base && v->followers->items[i].at == at)
			return &v->followers->items[i];
	return NULL;
}

/* The block of what was followed from there; false: there are no bytes, and why. */
static bool followed(const struct ct_view *v, uint32_t base, uint32_t at, const struct ct_follower **op,
                     struct ct_value_block *block, struct ct_remarks *r)
{
	*op = follower_at(v, base, at);
	if (!*op)
		return false;
	*block = v->blocks[*op - v->followers->items];
	r->truncated |= block->status != CT_BLOCK_WHOLE && block->status != CT_BLOCK_BAD
	                && block->status != CT_BLOCK_PART;
	r->unreadable |= block->status == CT_BLOCK_BAD || block->status == CT_BLOCK_PART;
	return block->status == CT_BLOCK_WHOLE || block->status == CT_BLOCK_CUT
	       || block->status == CT_BLOCK_PART;
}

/* What is pointed to by what is pointed to: its address is a value. */
static bool pointed_value(struct ct_view *v, uint32_t target, struct ct_spot spot, struct ct_remarks *r,
                          unsigned depth, struct ct_text *out)
{
	struct ct_remarks inner = {0};
	bool there = value(v, target, spot, &inner, depth + 1, out);

	r->truncated |= inner.truncated;
	r->unreadable |= inner.unreadable;
	r->bytes = inner.bytes;
	r->byte_count = inner.byte_count;
	if (!there && inner.has_address)
		ct_value_address(out, inner.address);
	return there || inner.has_address;
}

static bool pointee(struct ct_view *v, uint32_t target, struct ct_spot spot, struct ct_remarks *r,
                    unsigned depth, struct ct_text *out)
{
	const struct ct_index_type *t;
	const struct ct_follower *op;
	struct ct_value_block b;

	if (!followed(v, spot.base, spot.at, &op, &b, r))
		return false;
	if (op->op != CT_OP_BYTES)
		return text(b.data, b.size, r, out);
	spot = (struct ct_spot){ b.data, b.size, op->number + 1u, 0 };
	t = ct_value_type(v->index, target);
	if (t && t->kind == CT_TYPE_WIDE_CHAR)
		return wide_text(spot, t->size, false, r, out);
	return pointed_value(v, target, spot, r, depth, out);
}

static const char *function_at(const struct ct_view *v, uint64_t address)
{
	const struct ct_raw_module *m = v->raw ? ct_raw_module_at(v->raw, address, false) : NULL;
	const struct ct_index_function *f;

	if (!m || !m->index)
		return NULL;
	f = ct_index_function_at(m->index, address - m->bias);
	return f && f->address == address - m->bias ? ct_index_string(m->index, f->name) : NULL;
}

static bool function_name(const struct ct_view *v, uint64_t address, struct ct_text *out)
{
	const char *name = function_at(v, address);

	if (name)
		ct_text_add_json(out, name);
	return name != NULL;
}

static bool pointer(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot,
                    struct ct_remarks *r, unsigned depth, struct ct_text *out)
{
	const struct ct_index_type *target = ct_value_type(v->index, t->target);
	uint64_t address = (uint64_t) load(spot, 8);

	if (address == 0 && t->kind != CT_TYPE_REFERENCE) {
		ct_text_add(out, "null");
		return true;
	}
	r->has_address = true;
	r->address = address;
	if (target && target->kind == CT_TYPE_FUNCTION)
		return function_name(v, address, out);
	return pointee(v, t->target, spot, r, depth, out);
}

/* The offset of a member, or which function: Itanium C++ ABI 2.3. */
static bool member_pointer(const struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot,
                           struct ct_remarks *r, struct ct_text *out)
{
	uint64_t word = (uint64_t) load(spot, 8);

	if (word == (t->kind == CT_TYPE_MEMBER_POINTER ? UINT64_MAX : 0)) {
		ct_text_add(out, "null");
	} else if (t->kind == CT_TYPE_MEMBER_POINTER) {
		ct_value_signed(out, (int64_t) word);
	} else if (word & 1) {
		ct_text_addf(out, "\"virtual+0x%llx\"", (unsigned long long) word - 1);
	} else {
		r->has_address = true;
		r->address = word;
		return function_name(v, word, out);
	}
	return true;
}

/* --- structures, arrays --- */

static void add_key(struct ct_text *out, const char *name, bool *first)
{
	if (!*first)
		ct_text_add_char(out, ',');
	*first = false;
	ct_value_utf8(out, (const uint8_t *) name, (uint32_t) strlen(name));
	ct_text_add_char(out, ':');
}

static void bit_field(struct ct_view *v, const struct ct_index_member *m, struct ct_spot whole,
                      unsigned depth, struct ct_text *out)
{
	const struct ct_index_type *t = ct_value_type(v->index, m->type);
	uint8_t bytes[16] = {0};
	bool set = false;

	if (t && t->kind == CT_TYPE_ENUM)
		t = ct_value_type(v->index, t->target);
	for (uint32_t i = 0; i < m->bit_size && i < 128; i++) {
		uint32_t from = m->bit_offset + i;

		set = whole.bytes[m->offset + from / 8] >> from % 8 & 1;
		bytes[i / 8] |= (uint8_t) (set << i % 8);
	}
	for (uint32_t i = m->bit_size; set && is_signed(v->index, t) && i < 128; i++)
		bytes[i / 8] |= (uint8_t) (1 << i % 8);
	nested(v, m->type, (struct ct_spot){ bytes, sizeof bytes, CT_BASE_NONE, 0 }, depth, out);
}

static void members(struct ct_view *v, const struct ct_index_type *t, struct ct_spot whole,
                    unsigned depth, bool *first, struct ct_text *out)
{
	for (uint32_t i = 0; i < t->count && v->budget > 0; i++) {
		const struct ct_index_member *m = &v->index->members[t->first + i];
		const struct ct_index_type *own = ct_value_type(v->index, m->type);
		const char *name = ct_index_string(v->index, m->name);
		uint32_t need = m->bit_size ? (m->bit_offset + m->bit_size + 7u) / 8 : own && own->size ? 1 : 0;
		struct ct_spot spot;

		v->budget--;
		if (need > whole.size || m->offset > whole.size - need)
			continue; /* not copied */
		spot = (struct ct_spot){ whole.bytes + m->offset, whole.size - m->offset, whole.base,
		                         whole.at + m->offset };
		if (!name[0] && own && !(m->flags & CT_MEMBER_BASE) && depth < DEEPEST
		    && (own->kind == CT_TYPE_STRUCT || own->kind == CT_TYPE_UNION)) {
			members(v, own, spot, depth + 1, first, out);
			continue;
		}
		add_key(out, m->flags & CT_MEMBER_BASE ? ct_index_string(v->index, v->index->types[m->type].name)
		                                       : name, first);
		if (m->bit_size)
			bit_field(v, m, whole, depth, out);
		else
			nested(v, m->type, spot, depth, out);
	}
}

static bool structure(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot,
                      struct ct_remarks *r, unsigned depth, struct ct_text *out)
{
	bool first = true;

	if (t->flags & CT_TYPE_F_OPAQUE)
		return cut(r);
	r->truncated |= t->size > spot.size;
	ct_text_add_char(out, '{');
	members(v, t, spot, depth, &first, out);
	ct_text_add_char(out, '}');
	r->truncated |= v->budget == 0;
	return true;
}

static bool elements(struct ct_view *v, uint32_t type, uint32_t count, struct ct_spot spot,
                     struct ct_remarks *r, unsigned depth, struct ct_text *out)
{
	uint32_t size = v->index->types[type].size, have;

	have = size ? spot.size / size : 0;
	if (have > MOST_ELEMENTS)
		have = MOST_ELEMENTS;
	if (have > count)
		have = count;
	r->truncated |= have < count;
	ct_text_add_char(out, '[');
	for (uint32_t i = 0; i < have; i++) {
		struct ct_spot one = { spot.bytes + i * size, size, spot.base, spot.at + i * size };

		if (v->budget == 0) {
			r->truncated = true;
			break;
		}
		if (i)
			ct_text_add_char(out, ',');
		nested(v, type, one, depth, out);
	}
	ct_text_add_char(out, ']');
	return true;
}

/* Characters up to the first NUL, as everybody means them. */
static bool array(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot,
                  struct ct_remarks *r, unsigned depth, struct ct_text *out)
{
	const struct ct_index_type *element = ct_value_type(v->index, t->target);
	bool wide = element && element->kind == CT_TYPE_WIDE_CHAR;

	if (t->count == 0) { /* how many there are is not known */
		r->truncated = true;
		ct_text_add(out, "[]");
		return true;
	}
	if (t->kind == CT_TYPE_VECTOR || !element || !(wide || is_character(v->index, element)))
		return elements(v, t->target, t->count, spot, r, depth, out);
	r->truncated |= spot.size < t->size;
	spot.size = spot.size < t->size ? spot.size : t->size;
	if (wide)
		return wide_text(spot, element->size, true, r, out);
	return text(spot.bytes, (uint32_t) strnlen((const char *) spot.bytes, spot.size), r, out);
}

/* --- libstdc++ --- */

static bool std_string(struct ct_view *v, struct ct_spot spot, uint32_t pointer_at, uint64_t length,
                       struct ct_remarks *r, struct ct_text *out)
{
	const struct ct_follower *op;
	struct ct_value_block b;

	if (length == 0) {
		ct_text_add(out, "\"\"");
		return true;
	}
	if (followed(v, spot.base, spot.at + pointer_at, &op, &b, r))
		return text(b.data, b.size, r, out);
	if (!op)
		r->truncated = true;
	return false;
}

static bool std_vector(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot,
                       struct ct_remarks *r, unsigned depth, struct ct_text *out)
{
	uint32_t size = v->index->types[t->target].size;
	uint64_t bounds[2];
	const struct ct_follower *op;
	struct ct_value_block b;

	memcpy(bounds, spot.bytes, sizeof bounds);
	if (bounds[0] == bounds[1]) {
		ct_text_add(out, "[]");
		return true;
	}
	if (followed(v, spot.base, spot.at, &op, &b, r) && size)
		return elements(v, t->target, b.size / size,
		                (struct ct_spot){ b.data, b.size, CT_BASE_NONE, 0 }, r, depth, out);
	r->truncated |= !op || !size;
	r->has_address = true;
	r->address = bounds[0];
	return false;
}

static bool std_optional(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot,
                         struct ct_remarks *r, unsigned depth, struct ct_text *out)
{
	if (spot.bytes[t->extra])
		return value(v, t->target, spot, r, depth + 1, out);
	ct_text_add(out, "null");
	return true;
}

/* --- any type --- */

/* How many bytes must be there to say anything; what has parts can do with less than all. */
static uint32_t least(const struct ct_index_type *t)
{
	switch (t->kind) {
	case CT_TYPE_STRUCT: case CT_TYPE_UNION: case CT_TYPE_ARRAY: case CT_TYPE_VECTOR:
	case CT_TYPE_UNKNOWN: return 0;
	case CT_TYPE_MEMBER_POINTER: return 8;
	case CT_TYPE_METHOD_POINTER: case CT_TYPE_STD_STRING: case CT_TYPE_STD_STRING_VIEW:
	case CT_TYPE_STD_VECTOR: return 16;
	case CT_TYPE_STD_UNIQUE_PTR: return 8;
	default: return t->size;
	}
}

static bool bare_value(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot,
                       struct ct_remarks *r, unsigned depth, struct ct_text *out)
{
	switch (t->kind) {
	case CT_TYPE_SIGNED: integer(t, spot, true, out); return true;
	case CT_TYPE_UNSIGNED: integer(t, spot, false, out); return true;
	case CT_TYPE_CHAR:
		if (is_character(v->index, t))
			character(spot, r, out);
		else
			integer(t, spot, is_signed(v->index, t), out);
		return true;
	case CT_TYPE_WIDE_CHAR: wide_character(t, spot, out); return true;
	case CT_TYPE_BOOL: boolean(t, spot, out); return true;
	case CT_TYPE_FLOAT: return number(spot, t->size, t->flags & CT_TYPE_F_QUAD, r, out);
	case CT_TYPE_COMPLEX: return complex_number(t, spot, r, out);
	case CT_TYPE_ENUM:
		if (t->size == 0)
			return cut(r);
		enumeration(v->index, t, spot, out);
		return true;
	case CT_TYPE_POINTER: case CT_TYPE_REFERENCE: case CT_TYPE_STD_UNIQUE_PTR:
		return pointer(v, t, spot, r, depth, out);
	case CT_TYPE_MEMBER_POINTER: case CT_TYPE_METHOD_POINTER:
		return member_pointer(v, t, spot, r, out);
	case CT_TYPE_STRUCT: case CT_TYPE_UNION: return structure(v, t, spot, r, depth, out);
	case CT_TYPE_ARRAY: case CT_TYPE_VECTOR: return array(v, t, spot, r, depth, out);
	case CT_TYPE_STD_STRING:
		return std_string(v, spot, 0, (uint64_t) (load(spot, 16) >> 64), r, out);
	case CT_TYPE_STD_STRING_VIEW:
		return std_string(v, spot, 8, (uint64_t) load(spot, 8), r, out);
	case CT_TYPE_STD_VECTOR: return std_vector(v, t, spot, r, depth, out);
	case CT_TYPE_STD_OPTIONAL: return std_optional(v, t, spot, r, depth, out);
	default:
		return cut(r);
	}
}

static bool value(struct ct_view *v, uint32_t type, struct ct_spot spot, struct ct_remarks *r,
                  unsigned depth, struct ct_text *out)
{
	const struct ct_index_type *t = ct_value_type(v->index, type);

	if (!t || depth > DEEPEST || v->budget == 0 || spot.size < least(t))
		return cut(r);
	v->budget--;
	if (t->kind == CT_TYPE_UNKNOWN) {
		r->bytes = spot.bytes;
		r->byte_count = t->size < spot.size ? t->size : spot.size;
		return false;
	}
	return bare_value(v, t, spot, r, depth, out);
}

bool ct_value_write(struct ct_view *v, uint32_t type, struct ct_spot spot, struct ct_remarks *remarks,
                    struct ct_text *out)
{
	return value(v, type, spot, remarks, 0, out);
}
