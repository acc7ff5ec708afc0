#include "match/declared.h"

#include <stdlib.h>
#include <string.h>

#include "match/index_functions.h"
#include "match/type_class.h"
#include "trace/value.h"
#include "trace/value_type.h"

enum { DEEPEST = 5, MOST_ITEMS = 4096, MOST_ENUMERATORS = 1024 };

/* --- specimens --- */

struct making {
	const struct ct_index *index;
	struct ct_arena *arena;
	unsigned items; /* made so far */
};

static void specimen(struct making *k, uint32_t type, unsigned depth, struct ct_datum *out);

static void set_enumerators(struct making *k, const struct ct_index_type *t, struct ct_datum *out)
{
	struct ct_enumerators *e = ct_arena_alloc(k->arena, sizeof *e);

	if (t->count > MOST_ENUMERATORS)
		return;
	e->items = ct_arena_alloc(k->arena, (t->count + 1) * sizeof *e->items);
	e->count = t->count;
	e->flags = t->flags & CT_TYPE_F_FLAGS;
	for (uint32_t i = 0; i < t->count; i++) {
		const struct ct_index_enumerator *from = &k->index->enumerators[t->first + i];

		e->items[i] = (struct ct_enumerator){ ct_index_string(k->index, from->name), (int64_t) from->value };
	}
	out->enumerators = e;
}

static struct ct_datum *items_of(struct making *k, uint32_t count, struct ct_datum *out)
{
	k->items += count;
	if (k->items > MOST_ITEMS)
		return NULL;
	out->items = ct_arena_alloc(k->arena, (count + 1) * sizeof *out->items);
	out->count = count;
	return out->items;
}

static void set_members(struct making *k, const struct ct_index_type *t, unsigned depth, struct ct_datum *out)
{
	struct ct_datum *items;

	if (t->flags & CT_TYPE_F_OPAQUE || depth >= DEEPEST || !(items = items_of(k, t->count, out)))
		return;
	out->kind = CT_DATUM_OBJECT;
	for (uint32_t i = 0; i < t->count; i++) {
		const struct ct_index_member *m = &k->index->members[t->first + i];
		const char *name = ct_index_string(k->index, m->name);

		specimen(k, m->type, depth + 1, &items[i]);
		items[i].bits = m->bit_size;
		items[i].name = m->flags & CT_MEMBER_BASE ? ct_index_string(k->index, k->index->types[m->type].name) : name;
	}
}

/* What is behind a pointer to it is text, of unsigned char, too. */
static bool is_character(const struct ct_index_type *t)
{
	return t && (t->kind == CT_TYPE_CHAR || t->kind == CT_TYPE_WIDE_CHAR);
}

/* An array of it is text: not so of unsigned char. */
static bool is_text(const struct ct_index *index, const struct ct_index_type *t)
{
	return t && (t->kind == CT_TYPE_CHAR ? ct_value_is_character(index, t) : t->kind == CT_TYPE_WIDE_CHAR);
}

static void set_string(struct ct_datum *out)
{
	out->kind = CT_DATUM_STRING;
	out->text = "";
}

/* The pointer's datum is that of what it points to, as in datum.c. */
static void set_pointee(struct making *k, const struct ct_index_type *t, unsigned depth, struct ct_datum *out)
{
	const struct ct_index_type *target = ct_value_type(k->index, t->target);

	if (is_character(target)) {
		out->type_class = CT_CLASS_STRING;
		set_string(out);
	} else if (out->type_class != CT_CLASS_FUNCTION && target && depth < DEEPEST && target->kind != CT_TYPE_POINTER) {
		specimen(k, t->target, depth + 1, out);
	}
	out->is_pointer = t->kind == CT_TYPE_POINTER;
}

static void set_array(struct making *k, const struct ct_index_type *t, unsigned depth, struct ct_datum *out)
{
	struct ct_datum *items;

	if (is_text(k->index, ct_value_type(k->index, t->target)) && t->kind != CT_TYPE_STD_VECTOR) {
		set_string(out);
	} else if (depth < DEEPEST && (items = items_of(k, 1, out))) {
		specimen(k, t->target, depth + 1, items);
		out->kind = CT_DATUM_ARRAY;
		out->truncated = true;
	}
}

/* What of libstdc++ is shown as an array: there is one, whatever is in it. */
static void set_shape(struct making *k, const struct ct_index_type *t, unsigned depth, struct ct_datum *out)
{
	switch ((enum ct_type_shape) t->shape) {
	case CT_SHAPE_NONE: set_members(k, t, depth, out); break;
	case CT_SHAPE_VALUE: specimen(k, k->index->members[t->first].type, depth + 1, out); break;
	case CT_SHAPE_SPAN: case CT_SHAPE_DEQUE: set_array(k, t, depth, out); break;
	case CT_SHAPE_TUPLE: case CT_SHAPE_BOOLS:
		out->kind = CT_DATUM_ARRAY;
		out->truncated = true;
		break;
	default: break;
	}
}

/* A std::map and its like: see matcher.c. */
static void set_size(struct making *k, struct ct_datum *out)
{
	struct ct_datum *items = items_of(k, 1, out);

	if (!items)
		return;
	items[0] = (struct ct_datum){ .is_specimen = true, .kind = CT_DATUM_INTEGER, .type_class = CT_CLASS_UNSIGNED, .size = 8,
		                      .text = "0", .length = 1, .has_number = true, .name = "size" };
	out->kind = CT_DATUM_OBJECT;
	out->truncated = true;
}

static void set_number(struct ct_datum *out, enum ct_datum_kind kind, const char *text)
{
	out->kind = (uint8_t) kind;
	out->text = text;
	out->length = strlen(text);
	out->has_number = kind != CT_DATUM_FLOAT;
}

static void set_value(struct making *k, const struct ct_index_type *t, unsigned depth, struct ct_datum *out)
{
	switch (t->kind) {
	case CT_TYPE_SIGNED: case CT_TYPE_UNSIGNED: case CT_TYPE_CHAR: case CT_TYPE_WIDE_CHAR:
		set_number(out, CT_DATUM_INTEGER, "0");
		break;
	case CT_TYPE_BOOL: set_number(out, CT_DATUM_BOOL, "false"); break;
	case CT_TYPE_FLOAT: set_number(out, CT_DATUM_FLOAT, "0"); break;
	case CT_TYPE_ENUM:
		set_number(out, CT_DATUM_WORD, "");
		set_enumerators(k, t, out);
		break;
	case CT_TYPE_POINTER: case CT_TYPE_REFERENCE: set_pointee(k, t, depth, out); break;
	case CT_TYPE_STRUCT: set_shape(k, t, depth, out); break;
	case CT_TYPE_UNION: set_members(k, t, depth, out); break;
	case CT_TYPE_ARRAY: case CT_TYPE_VECTOR: case CT_TYPE_STD_VECTOR: set_array(k, t, depth, out); break;
	case CT_TYPE_STD_SIZED: set_size(k, out); break;
	case CT_TYPE_STD_STRING: case CT_TYPE_STD_STRING_VIEW: set_string(out); break;
	default: break;
	}
}

static void specimen(struct making *k, uint32_t type, unsigned depth, struct ct_datum *out)
{
	const struct ct_index_type *t = ct_value_type(k->index, type);

	*out = (struct ct_datum){ .is_specimen = true, .why = "" };
	if (t) {
		ct_class_of_letter(ct_type_letter(k->index, t), t->size, out);
		set_value(k, t, depth, out);
	}
	if (type != CT_NONE)
		out->type = ct_index_string(k->index, k->index->types[type].name);
}

bool ct_declared_of(const struct ct_index *index, uint64_t address, struct ct_arena *arena, struct ct_declared *out)
{
	struct making k = { .index = index, .arena = arena };
	uint32_t row = address ? ct_index_plan_of(index, address) : CT_NONE;
	const struct ct_plan *plan;

	*out = (struct ct_declared){ .parameters = { .kind = CT_DATUM_ARRAY }, .returned = { .why = "" } };
	if (row == CT_NONE)
		return false;
	plan = &index->plans[row];
	out->parameters.items = ct_arena_alloc(arena, (plan->arg_count + 1) * sizeof *out->parameters.items);
	out->parameters.count = plan->arg_count;
	for (uint32_t i = 0; i < plan->arg_count; i++) {
		const struct ct_plan_arg *a = &index->plan_args[plan->args + i];

		specimen(&k, a->type, 0, &out->parameters.items[i]);
		out->parameters.items[i].name = ct_index_string(index, a->name);
	}
	for (uint32_t i = 0; i + 1 < plan->arg_count; i++) /* it may be what the buffer before it holds */
		out->parameters.items[i].is_counted = out->parameters.items[i + 1].type_class == CT_CLASS_SIGNED
		                                      || out->parameters.items[i + 1].type_class == CT_CLASS_UNSIGNED;
	out->returns_nothing = plan->return_type == CT_NONE;
	if (!out->returns_nothing)
		specimen(&k, plan->return_type, 0, &out->returned);
	return true;
}

/* --- values of these types --- */

/* A, B or 0x40 of A|B|0x40. */
static bool number_of_word(const struct ct_enumerators *e, const char *word, size_t length, uint64_t *number)
{
	char *end;

	for (size_t i = 0; i < e->count; i++)
		if (strlen(e->items[i].name) == length && memcmp(e->items[i].name, word, length) == 0) {
			*number = (uint64_t) e->items[i].value;
			return true;
		}
	*number = strtoull(word, &end, 0);
	return length && end == word + length;
}

bool ct_enumerators_number(const struct ct_enumerators *e, const char *words, int64_t *number)
{
	uint64_t all = 0, one;

	for (const char *w = words;; w++) {
		size_t length = strcspn(w, "|");

		if (!number_of_word(e, w, length, &one))
			return false;
		all |= one;
		w += length;
		if (!*w)
			break;
	}
	*number = (int64_t) all;
	return true;
}

static void teach_number(const struct ct_datum *specimen, struct ct_datum *d)
{
	int64_t number;

	d->enumerators = specimen->enumerators;
	if (d->kind != CT_DATUM_WORD || d->has_number || !ct_enumerators_number(d->enumerators, d->text, &number))
		return;
	d->type_class = specimen->type_class;
	d->size = specimen->size;
	d->is_signed = specimen->is_signed;
	d->integer = d->is_signed || d->size == 0 || d->size >= 8 ? number : (__int128) ((uint64_t) number & ((1ull << 8 * d->size) - 1));
	d->has_number = true;
}

void ct_declared_teach(const struct ct_datum *specimen, struct ct_datum *d)
{
	if (specimen->enumerators && (d->kind == CT_DATUM_WORD || d->kind == CT_DATUM_INTEGER))
		teach_number(specimen, d);
	for (size_t i = 0; i < d->count; i++) {
		struct ct_datum *item = &d->items[i];
		const struct ct_datum *of = NULL;

		if (d->kind == CT_DATUM_ARRAY && specimen->kind == CT_DATUM_ARRAY && specimen->count)
			of = specimen->items;
		else if (d->kind == CT_DATUM_OBJECT && item->name)
			of = ct_datum_member(specimen, item->name, strlen(item->name));
		if (of)
			ct_declared_teach(of, item);
	}
}

/* --- operands as the source has them --- */

struct dressing {
	const struct ct_calls *calls;
	struct ct_arena *arena;
};

static const char *enumerator_of(const struct ct_enumerators *e, int64_t value)
{
	for (size_t i = 0; i < e->count; i++)
		if (e->items[i].value == value)
			return e->items[i].name;
	return NULL;
}

/* A|B; NULL: it has other bits, too. */
static const char *flags_of(const struct dressing *k, const struct ct_enumerators *e, uint64_t value)
{
	const char *text = NULL;

	for (size_t i = 0; i < e->count && value; i++) {
		uint64_t bits = (uint64_t) e->items[i].value;

		if (!bits || (value & bits) != bits)
			continue;
		text = text ? ct_arena_printf(k->arena, "%s|%s", text, e->items[i].name) : e->items[i].name;
		value &= ~bits;
	}
	return value ? NULL : text;
}

static const char *function_at(const struct ct_calls *calls, uint64_t address)
{
	for (uint32_t i = 0; address && i < calls->function_count; i++)
		if (calls->functions[i].address == address)
			return calls->functions[i].name;
	return NULL;
}

static void dress_operand(const struct dressing *k, const struct ct_datum *d, struct ct_operand *o)
{
	const struct ct_enumerators *e = d->enumerators;

	if (d->type_class == CT_CLASS_FUNCTION && !o->text)
		o->shown = function_at(k->calls, o->address);
	if (o->kind != CT_OPERAND_INTEGER)
		return;
	if (d->kind == CT_DATUM_BOOL)
		o->shown = o->integer ? "true" : "false";
	else if (e)
		o->shown = enumerator_of(e, (int64_t) o->integer);
	if (e && !o->shown && e->flags)
		o->shown = flags_of(k, e, (uint64_t) o->integer);
}

static void dress(const struct dressing *k, const struct ct_datum *d, struct ct_matcher *m);

static size_t held(const struct ct_matcher *m)
{
	return m->kind == CT_MATCH_NAMED || m->kind == CT_MATCH_DEREF || m->kind == CT_MATCH_NOT || m->kind == CT_MATCH_AFTER
	               ? 1 : m->count;
}

/* "a.b" is b of a; NULL: not known. */
static const struct ct_datum *member_of(const struct ct_datum *d, const char *path)
{
	while (d && *path) {
		size_t length = strcspn(path, ".");

		d = ct_datum_member(d, path, length);
		path += length + (path[length] == '.');
	}
	return d;
}

static void dress_items(const struct dressing *k, const struct ct_datum *d, struct ct_matcher *m)
{
	size_t count = held(m);
	struct ct_matcher *items;

	if (!count || !m->items)
		return;
	items = ct_arena_alloc(k->arena, count * sizeof *items);
	memcpy(items, m->items, count * sizeof *items);
	for (size_t i = 0; i < count; i++) {
		const struct ct_datum *of = d;

		if (m->kind == CT_MATCH_NAMED)
			of = member_of(d, m->text);
		else if (m->kind == CT_MATCH_ELEMENTS)
			of = d->kind == CT_DATUM_ARRAY ? d->items : NULL;
		if (of)
			dress(k, of, &items[i]);
	}
	m->items = items;
}

/* What the source wrote stays as it is. */
static void dress(const struct dressing *k, const struct ct_datum *d, struct ct_matcher *m)
{
	if (m->source)
		return;
	dress_operand(k, d, &m->a);
	dress_operand(k, d, &m->b);
	dress_items(k, d, m);
}

/* Of the argument that it is for: its name is the first word of a NAMED one, and stands in it. */
static void dress_argument(const struct dressing *k, const struct ct_datum *parameters, size_t place, struct ct_matcher *m)
{
	if (m->kind == CT_MATCH_NAMED)
		dress_items(k, parameters, m);
	else if (place < parameters->count)
		dress(k, &parameters->items[place], m);
}

const struct ct_pattern *ct_declared_dress(const struct ct_calls *calls, const struct ct_declared *declared,
                                           const struct ct_pattern *p, struct ct_arena *arena)
{
	const struct dressing k = { calls, arena };
	const struct ct_datum *parameters = &declared->parameters;
	size_t first = parameters->count && strcmp(parameters->items[0].name, "this") == 0;
	struct ct_pattern *out = ct_arena_alloc(arena, sizeof *out);
	struct ct_matcher *arguments = ct_arena_alloc(arena, (p->argument_count + 1) * sizeof *arguments);
	struct ct_matcher *returned = ct_arena_alloc(arena, sizeof *returned);

	*out = *p;
	for (size_t i = 0; i < p->argument_count; i++) {
		arguments[i] = p->arguments[i];
		dress_argument(&k, parameters, first + i, &arguments[i]);
	}
	out->arguments = arguments;
	if (p->returned) {
		*returned = *p->returned;
		dress(&k, &declared->returned, returned);
		out->returned = returned;
	}
	return out;
}
