/* value_type.c - a value of any type as JSON: what it is, and what it points to. */
#include <string.h>

#include "trace/value.h"
#include "trace/value_strings.h"
#include "trace/value_type.h"

enum { DEEPEST = 8, ALIASES = 32, WIDE_CHARACTERS = 32 };

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

static char letter_of_pointer(const struct ct_index *x, const struct ct_index_type *t)
{
	const struct ct_index_type *target = ct_value_type(x, t->target);

	if (t->kind == CT_TYPE_REFERENCE)
		return 'r';
	return target && target->kind == CT_TYPE_FUNCTION ? 'F' : 'p';
}

static char letter_of_shape(const struct ct_index_type *t)
{
	switch (t->shape) {
	case CT_SHAPE_TUPLE: return 'a';
	case CT_SHAPE_SPAN: case CT_SHAPE_DEQUE: case CT_SHAPE_BOOLS: return 'v';
	case CT_SHAPE_VARIANT: case CT_SHAPE_DURATION: case CT_SHAPE_TIME: case CT_SHAPE_FUNCTION: case CT_SHAPE_BITS:
	case CT_SHAPE_WEAK: case CT_SHAPE_MUTEX: return 'k';
	default: return 'o';
	}
}

char ct_type_letter(const struct ct_index *x, const struct ct_index_type *t)
{
	switch (t->kind) {
	case CT_TYPE_SIGNED: return 's';
	case CT_TYPE_UNSIGNED: return 'u';
	case CT_TYPE_CHAR: return ct_value_is_character(x, t) ? 'c' : ct_value_is_signed(x, t) ? 's' : 'u';
	case CT_TYPE_WIDE_CHAR: return 'w';
	case CT_TYPE_BOOL: return 'b';
	case CT_TYPE_FLOAT: return 'f';
	case CT_TYPE_COMPLEX: return 'x';
	case CT_TYPE_ENUM: return ct_value_is_signed(x, ct_value_type(x, t->target)) ? 'e' : 'E';
	case CT_TYPE_POINTER: case CT_TYPE_REFERENCE: return letter_of_pointer(x, t);
	case CT_TYPE_STD_UNIQUE_PTR: return 'p';
	case CT_TYPE_MEMBER_POINTER: case CT_TYPE_METHOD_POINTER: return 'm';
	case CT_TYPE_STRUCT: return letter_of_shape(t);
	case CT_TYPE_UNION: return 'o';
	case CT_TYPE_ARRAY: case CT_TYPE_VECTOR: return 'a';
	case CT_TYPE_STD_STRING: case CT_TYPE_STD_STRING_VIEW: return 't';
	case CT_TYPE_STD_VECTOR: return 'v';
	case CT_TYPE_STD_OPTIONAL: return 'n';
	default: return '?';
	}
}

/* What those need who compare: see value.h. */
static void note_type(const struct ct_index *x, const struct ct_index_type *t, struct ct_spot spot,
                      struct ct_remarks *r)
{
	bool is_enum = t->kind == CT_TYPE_ENUM;

	r->type = t;
	r->letter = ct_type_letter(x, t);
	r->optional |= t->kind == CT_TYPE_STD_OPTIONAL;
	if (!(is_enum || r->letter == 'c' || r->letter == 'w') || t->size == 0 || t->size > 16
	    || t->size > spot.size)
		return;
	r->has_number = true;
	r->number = ct_value_number(spot, t->size, is_enum ? r->letter == 'e' : ct_value_is_signed(x, t));
}

static void write_type(const struct ct_remarks *r, struct ct_text *out)
{
	ct_text_addf(out, ",\"is\":\"%c%u\"", r->letter, r->type->size);
	if (r->optional)
		ct_text_add(out, ",\"optional\":true");
	if (r->has_number) {
		ct_text_add(out, ",\"number\":");
		ct_value_signed(out, r->number);
	}
}

void ct_remarks_write(const struct ct_remarks *r, struct ct_text *out)
{
	if (r->type)
		write_type(r, out);
	if (r->has_address) {
		ct_text_add(out, ",\"address\":");
		ct_value_address(out, r->address);
	}
	if (r->bytes) {
		ct_text_add(out, ",\"bytes\":");
		ct_value_hex(out, r->bytes, r->byte_count);
	}
	if (r->counted)
		ct_text_add(out, ",\"counted\":true");
	if (r->truncated)
		ct_text_add(out, ",\"truncated\":true");
	if (r->unreadable)
		ct_text_add(out, ",\"unreadable\":true");
}

/* --- strings --- */

/* The string that was written from `start` on stands for this. */
static void note_string(struct ct_view *v, const struct ct_text *out, size_t start, char letter)
{
	struct ct_span text = { out->data + start + 1, out->length - start - 2 };

	if (v->typed)
		return;
	ct_text_add_char(v->strings, letter);
	v->misleading |= ct_string_misleads((struct ct_span){0}, false, text, letter);
}

static void nested_address(struct ct_view *v, uint64_t address, struct ct_text *out)
{
	size_t start = out->length;

	ct_value_address(out, address);
	note_string(v, out, start, CT_STRING_ADDRESS);
}

static char letter_of_string(const struct ct_view *v, const struct ct_index_type *t, char first)
{
	const struct ct_index_type *target;

	switch (t->kind) {
	case CT_TYPE_CHAR: case CT_TYPE_WIDE_CHAR: return CT_STRING_CHARACTER;
	case CT_TYPE_ENUM: return first == '-' || (first >= '0' && first <= '9') ? CT_STRING_NUMBER : CT_STRING_WORD;
	case CT_TYPE_SIGNED: case CT_TYPE_UNSIGNED: case CT_TYPE_BOOL: case CT_TYPE_FLOAT: return CT_STRING_NUMBER;
	case CT_TYPE_MEMBER_POINTER: case CT_TYPE_METHOD_POINTER: return CT_STRING_WORD;
	case CT_TYPE_STRUCT: return t->shape == CT_SHAPE_SPAN ? CT_STRING_TEXT : CT_STRING_WORD;
	case CT_TYPE_POINTER:
		target = ct_value_type(v->index, t->target);
		return target && target->kind == CT_TYPE_FUNCTION ? CT_STRING_WORD : CT_STRING_TEXT;
	default: return CT_STRING_TEXT;
	}
}

/* A value was written: if it is a string, and none that lies deeper (that was noted there), what it is. */
static void note_value(struct ct_view *v, const struct ct_index_type *t, const struct ct_text *out, size_t start,
                       size_t noted)
{
	if (v->typed || v->strings->length != noted || out->length - start < 2)
		return;
	if (out->data[start] == '"') {
		note_string(v, out, start, letter_of_string(v, t, out->data[start + 1]));
	} else if (t->kind == CT_TYPE_COMPLEX) {
		for (size_t at = start, end; at < out->length; at++)
			if (out->data[at] == '"') { /* ["nan",1] */
				for (end = at + 1; out->data[end] != '"'; end++)
					;
				ct_text_add_char(v->strings, CT_STRING_NUMBER);
				v->misleading = true;
				at = end;
			}
	}
}

static void insert(struct ct_text *out, size_t at, const char *text)
{
	size_t n = strlen(text);

	ct_text_add(out, text);
	memmove(out->data + at + n, out->data + at, out->length - n - at);
	memcpy(out->data + at, text, n);
}

/* A value in another one: where there are remarks, they and it become an object. */
void ct_value_nested(struct ct_view *v, uint32_t type, struct ct_spot spot, unsigned depth,
                     struct ct_text *out)
{
	size_t start = out->length;
	struct ct_remarks r = {0};
	bool there = value(v, type, spot, &r, depth + 1, out);

	if (there && !v->typed)
		r.has_address = false; /* what is there says more */
	if (!r.truncated && !r.unreadable && !r.bytes && !r.type) {
		if (r.has_address)
			nested_address(v, r.address, out);
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

/* --- what pointers point to --- */

const struct ct_follower *ct_value_follower(const struct ct_view *v, uint32_t base, uint32_t at, uint8_t op,
                                            uint32_t size)
{
	for (unsigned i = 0; i < v->followers->count; i++) {
		const struct ct_follower *f = &v->followers->items[i];

		if (f->base == base && f->at == at && (!op || f->op == op) && (!size || f->size == size))
			return f;
	}
	return NULL;
}

bool ct_value_followed(const struct ct_view *v, const struct ct_follower *op, struct ct_value_block *block,
                       struct ct_remarks *r)
{
	*block = v->blocks[op - v->followers->items];
	r->truncated |= block->status != CT_BLOCK_WHOLE && block->status != CT_BLOCK_BAD
	                && block->status != CT_BLOCK_PART;
	r->unreadable |= block->status == CT_BLOCK_BAD || block->status == CT_BLOCK_PART;
	return block->status == CT_BLOCK_WHOLE || block->status == CT_BLOCK_CUT
	       || block->status == CT_BLOCK_PART;
}

/* Of a pointer. In a variant only what was meant for one to this type. */
static const struct ct_follower *follower_of(const struct ct_view *v, const struct ct_index_type *target,
                                             struct ct_spot spot)
{
	uint32_t size;

	if (!v->overlapping)
		return ct_value_follower(v, spot.base, spot.at, 0, 0);
	if (!target)
		return NULL;
	if (target->kind == CT_TYPE_CHAR)
		return ct_value_follower(v, spot.base, spot.at, CT_OP_STRING, 0);
	size = target->kind == CT_TYPE_WIDE_CHAR ? target->size * WIDE_CHARACTERS : target->size;
	return size ? ct_value_follower(v, spot.base, spot.at, CT_OP_BYTES,
	                                size < CT_PLAN_VALUE_MAX ? size : CT_PLAN_VALUE_MAX) : NULL;
}

/* What is pointed to by what is pointed to: its address is a value. */
static bool pointed_value(struct ct_view *v, uint32_t target, struct ct_spot spot, struct ct_remarks *r,
                          unsigned depth, struct ct_text *out)
{
	struct ct_remarks inner = {0};
	bool there;

	if (v->typed) {
		ct_value_nested(v, target, spot, depth, out);
		return true;
	}
	there = value(v, target, spot, &inner, depth + 1, out);
	r->truncated |= inner.truncated;
	r->unreadable |= inner.unreadable;
	r->bytes = inner.bytes;
	r->byte_count = inner.byte_count;
	if (!there && inner.has_address)
		nested_address(v, inner.address, out);
	return there || inner.has_address;
}

static bool pointee(struct ct_view *v, uint32_t target, struct ct_spot spot, struct ct_remarks *r,
                    unsigned depth, struct ct_text *out)
{
	const struct ct_index_type *t = ct_value_type(v->index, target);
	const struct ct_follower *op = follower_of(v, t, spot);
	bool overlapping = v->overlapping, there;
	struct ct_value_block b;

	if (!op || !ct_value_followed(v, op, &b, r))
		return false;
	r->counted = op->op == CT_OP_COUNTED;
	if (op->op != CT_OP_BYTES)
		return ct_value_text(b.data, b.size, r, out);
	spot = (struct ct_spot){ b.data, b.size, op->number + 1u, 0, (uint64_t) ct_value_bits(spot, 8) };
	if (t && t->kind == CT_TYPE_WIDE_CHAR)
		return ct_value_wide_text(spot, t->size, false, r, out);
	v->overlapping = false; /* what is there is one thing */
	there = pointed_value(v, target, spot, r, depth, out);
	v->overlapping = overlapping;
	return there;
}

const char *ct_value_function_at(const struct ct_view *v, uint64_t address)
{
	const struct ct_raw_module *m = v->raw ? ct_raw_module_only(v->raw, address) : NULL;
	const struct ct_index_function *f;

	if (!m || !m->index)
		return NULL;
	f = ct_index_function_at(m->index, address - m->bias);
	return f && f->address == address - m->bias ? ct_index_string(m->index, f->name) : NULL;
}

static bool function_name(const struct ct_view *v, uint64_t address, struct ct_text *out)
{
	const char *name = ct_value_function_at(v, address);

	if (name)
		ct_text_add_json(out, name);
	return name != NULL;
}

static bool pointer(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot,
                    struct ct_remarks *r, unsigned depth, struct ct_text *out)
{
	const struct ct_index_type *target = ct_value_type(v->index, t->target);
	uint64_t address = (uint64_t) ct_value_bits(spot, 8);

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
	uint64_t word = (uint64_t) ct_value_bits(spot, 8);

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

/* The names of members that were written: whether they could be taken for remarks. */
struct keys {
	bool any, ordinary, remarks;
	uint8_t count;
	size_t at[5];
};

static bool is_remark(const char *name)
{
	return strcmp(name, "truncated") == 0 || strcmp(name, "unreadable") == 0 || strcmp(name, "bytes") == 0;
}

static void note_key(struct keys *keys, const char *name, size_t at)
{
	bool remark = is_remark(name);

	if ((!remark && strcmp(name, "value") != 0 && strcmp(name, "address") != 0)
	    || keys->count == sizeof keys->at / sizeof *keys->at) {
		keys->ordinary = true;
		return;
	}
	keys->remarks |= remark;
	keys->at[keys->count++] = at;
}

static void add_key(struct ct_text *out, const char *name, struct keys *keys)
{
	if (keys->any)
		ct_text_add_char(out, ',');
	keys->any = true;
	if (!keys->ordinary)
		note_key(keys, name, out->length + 1);
	ct_value_utf8(out, (const uint8_t *) name, (uint32_t) strlen(name));
	ct_text_add_char(out, ':');
}

/* As C writes a member in an initialiser: then it is none of our words. */
static void dot_keys(const struct keys *keys, struct ct_text *out)
{
	for (unsigned i = keys->count; i-- > 0;)
		insert(out, keys->at[i], ".");
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
	for (uint32_t i = m->bit_size; set && ct_value_is_signed(v->index, t) && i < 128; i++)
		bytes[i / 8] |= (uint8_t) (1 << i % 8);
	ct_value_nested(v, m->type, (struct ct_spot){ bytes, sizeof bytes, CT_BASE_NONE, 0, 0 }, depth, out);
}

static void members(struct ct_view *v, const struct ct_index_type *t, struct ct_spot whole,
                    unsigned depth, struct keys *keys, struct ct_text *out)
{
	for (uint32_t i = 0; i < t->count && v->budget > 0; i++) {
		const struct ct_index_member *m = &v->index->members[t->first + i];
		const struct ct_index_type *own = ct_value_type(v->index, m->type);
		const char *name = ct_index_string(v->index, m->name);
		uint32_t need = m->bit_size ? (m->bit_offset + m->bit_size + 7u) / 8 : own && own->size ? 1 : 0;
		struct ct_spot spot;

		v->budget--;
		if (m->flags & CT_MEMBER_BASE && own && own->kind == CT_TYPE_STRUCT && own->count == 0 && !own->shape
		    && !(own->flags & CT_TYPE_F_OPAQUE))
			continue; /* an empty class: std::pair has one */
		if (need > whole.size || m->offset > whole.size - need)
			continue; /* not copied */
		spot = (struct ct_spot){ whole.bytes + m->offset, whole.size - m->offset, whole.base,
		                         whole.at + m->offset,
		                         whole.address ? whole.address + m->offset : 0 };
		if (!name[0] && own && !(m->flags & CT_MEMBER_BASE) && depth < DEEPEST
		    && (own->kind == CT_TYPE_STRUCT || own->kind == CT_TYPE_UNION)) {
			members(v, own, spot, depth + 1, keys, out);
			continue;
		}
		add_key(out, m->flags & CT_MEMBER_BASE ? ct_index_string(v->index, v->index->types[m->type].name)
		                                       : name, keys);
		if (m->bit_size)
			bit_field(v, m, whole, depth, out);
		else
			ct_value_nested(v, m->type, spot, depth, out);
	}
}

static bool structure(struct ct_view *v, const struct ct_index_type *t, struct ct_spot spot,
                      struct ct_remarks *r, unsigned depth, struct ct_text *out)
{
	struct keys keys = {0};

	if (t->flags & CT_TYPE_F_OPAQUE)
		return ct_value_cut(r);
	r->truncated |= t->size > spot.size;
	ct_text_add_char(out, '{');
	members(v, t, spot, depth, &keys, out);
	ct_text_add_char(out, '}');
	if (keys.remarks && !keys.ordinary && !v->typed)
		dot_keys(&keys, out);
	r->truncated |= v->budget == 0;
	return true;
}

uint32_t ct_value_add_elements(struct ct_view *v, uint32_t type, uint32_t count, struct ct_spot spot,
                               uint32_t before, unsigned depth, struct ct_text *out)
{
	uint32_t size = v->index->types[type].size, have = size ? spot.size / size : 0;

	if (have > CT_MOST_ELEMENTS - before)
		have = CT_MOST_ELEMENTS - before;
	if (have > count)
		have = count;
	for (uint32_t i = 0; i < have; i++) {
		struct ct_spot one = { spot.bytes + i * size, size, spot.base, spot.at + i * size,
			               spot.address ? spot.address + i * size : 0 };

		if (v->budget == 0)
			return before + i;
		if (before + i)
			ct_text_add_char(out, ',');
		ct_value_nested(v, type, one, depth, out);
	}
	return before + have;
}

bool ct_value_elements(struct ct_view *v, uint32_t type, uint32_t count, struct ct_spot spot,
                       struct ct_remarks *r, unsigned depth, struct ct_text *out)
{
	ct_text_add_char(out, '[');
	r->truncated |= ct_value_add_elements(v, type, count, spot, 0, depth, out) < count;
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
	if (t->kind == CT_TYPE_VECTOR || !element || !(wide || ct_value_is_character(v->index, element)))
		return ct_value_elements(v, t->target, t->count, spot, r, depth, out);
	r->truncated |= spot.size < t->size;
	spot.size = spot.size < t->size ? spot.size : t->size;
	if (wide)
		return ct_value_wide_text(spot, element->size, true, r, out);
	return ct_value_text(spot.bytes, (uint32_t) strnlen((const char *) spot.bytes, spot.size), r, out);
}

/* --- any type --- */

/* How many bytes must be there to say anything; what has parts can do with less than all. */
static uint32_t least(const struct ct_index_type *t)
{
	switch (t->kind) {
	case CT_TYPE_STRUCT:
		return t->shape == CT_SHAPE_NONE || t->shape == CT_SHAPE_VALUE || t->shape == CT_SHAPE_TUPLE ? 0 : t->size;
	case CT_TYPE_UNION: case CT_TYPE_ARRAY: case CT_TYPE_VECTOR: case CT_TYPE_UNKNOWN: return 0;
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
	case CT_TYPE_SIGNED: case CT_TYPE_UNSIGNED: case CT_TYPE_CHAR: case CT_TYPE_WIDE_CHAR:
	case CT_TYPE_BOOL: case CT_TYPE_FLOAT: case CT_TYPE_COMPLEX: case CT_TYPE_ENUM:
		return ct_value_plain(v->index, t, spot, r, out);
	case CT_TYPE_POINTER: case CT_TYPE_REFERENCE: case CT_TYPE_STD_UNIQUE_PTR:
		return pointer(v, t, spot, r, depth, out);
	case CT_TYPE_MEMBER_POINTER: case CT_TYPE_METHOD_POINTER:
		return member_pointer(v, t, spot, r, out);
	case CT_TYPE_STRUCT: case CT_TYPE_UNION:
		return t->shape ? ct_value_std(v, t, spot, r, depth, out) : structure(v, t, spot, r, depth, out);
	case CT_TYPE_ARRAY: case CT_TYPE_VECTOR: return array(v, t, spot, r, depth, out);
	case CT_TYPE_STD_STRING: case CT_TYPE_STD_STRING_VIEW: case CT_TYPE_STD_VECTOR: case CT_TYPE_STD_OPTIONAL:
	case CT_TYPE_STD_SIZED: return ct_value_std(v, t, spot, r, depth, out);
	default:
		return ct_value_cut(r);
	}
}

static bool value(struct ct_view *v, uint32_t type, struct ct_spot spot, struct ct_remarks *r,
                  unsigned depth, struct ct_text *out)
{
	const struct ct_index_type *t = ct_value_type(v->index, type);
	size_t start = out->length, noted = v->typed ? 0 : v->strings->length;
	bool there;

	if (!t || depth > DEEPEST || v->budget == 0 || spot.size < least(t))
		return ct_value_cut(r);
	v->budget--;
	if (v->typed)
		note_type(v->index, t, spot, r);
	if (t->kind == CT_TYPE_UNKNOWN) {
		r->bytes = spot.bytes;
		r->byte_count = t->size < spot.size ? t->size : spot.size;
		return false;
	}
	there = bare_value(v, t, spot, r, depth, out);
	if (there)
		note_value(v, t, out, start, noted);
	return there;
}

bool ct_value_within(struct ct_view *v, uint32_t type, struct ct_spot spot, struct ct_remarks *r,
                     unsigned depth, struct ct_text *out)
{
	return value(v, type, spot, r, depth, out);
}

bool ct_value_write(struct ct_view *v, uint32_t type, struct ct_spot spot, struct ct_remarks *remarks,
                    struct ct_text *out)
{
	return value(v, type, spot, remarks, 0, out);
}
