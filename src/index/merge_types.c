/*
 * merge_types.c - the same type of several units becomes one row: types are the same if
 * nothing that can be reached through them tells them apart. Found by refining: a first
 * hash of what a row itself says, then again and again one of that and of the hashes of
 * what it refers to, until no more kinds come out.
 */
#include <string.h>

#include "index/values.h"

#define MOST_ROUNDS 40

static uint64_t hash_string(const char *s, uint64_t seed)
{
	return ct_hash(s, strlen(s) + 1, seed);
}

static uint64_t first_hash(const struct ct_values *v, const struct ct_type *t)
{
	const struct ct_index_type *row = &t->row;
	bool has_members = row->kind == CT_TYPE_STRUCT || row->kind == CT_TYPE_UNION;
	uint32_t own[6] = { row->kind, row->flags, row->size, row->count, row->extra, row->shape };
	uint64_t h = hash_string(t->name, ct_hash(own, sizeof own, 1));

	for (uint32_t i = 0; has_members && i < row->count; i++) {
		const struct ct_type_member *m = &v->members.items[row->first + i];
		uint32_t facts[4] = { m->row.offset, m->row.bit_size, m->row.bit_offset, m->row.flags };

		h = hash_string(m->name, ct_hash(facts, sizeof facts, h));
	}
	for (uint32_t i = 0; row->kind == CT_TYPE_ENUM && i < row->count; i++) {
		const struct ct_type_enumerator *e = &v->enumerators.items[row->first + i];

		h = hash_string(e->name, ct_hash(&e->value, sizeof e->value, h));
	}
	return h;
}

/* Not ct_hash() with a seed, which is the same for x of y as for y of x: a list and a pointer to it. */
static uint64_t of(uint64_t x, uint64_t y)
{
	uint64_t pair[2] = { x, y };

	return ct_hash(pair, sizeof pair, 0);
}

static uint64_t next_hash(const struct ct_values *v, const struct ct_type *t, uint64_t own,
                          const uint64_t *hashes)
{
	const struct ct_index_type *row = &t->row;
	uint64_t h = own;

	if (row->target != CT_NONE)
		h = of(h, hashes[row->target]);
	if (row->kind == CT_TYPE_STRUCT || row->kind == CT_TYPE_UNION)
		for (uint32_t i = 0; i < row->count; i++)
			h = of(h, hashes[v->members.items[row->first + i].row.type]);
	return h;
}

/* Numbers the kinds in order of their first member; returns how many there are. */
static uint32_t number_kinds(struct ct_values *v, const uint64_t *hashes)
{
	struct ct_map kinds = {0};
	uint32_t count;

	for (uint32_t i = 0; i < v->types.count; i++)
		v->types.items[i].merged = ct_map_add(&kinds, &hashes[i], sizeof *hashes, kinds.count,
		                                      NULL);
	count = kinds.count;
	ct_map_deinit(&kinds);
	return count;
}

void ct_types_merge(struct ct_build *b)
{
	struct ct_values *v = b->values;
	size_t size = ((size_t) v->types.count + 1) * sizeof(uint64_t);
	ct_auto_free uint64_t *hashes = ct_alloc(size), *next = ct_alloc(size);
	uint32_t before = 0;

	for (uint32_t i = 0; i < v->types.count; i++)
		hashes[i] = first_hash(v, &v->types.items[i]);
	v->merged_count = number_kinds(v, hashes);
	for (int round = 0; round < MOST_ROUNDS && v->merged_count != before; round++) {
		before = v->merged_count;
		for (uint32_t i = 0; i < v->types.count; i++)
			next[i] = next_hash(v, &v->types.items[i], hashes[i], hashes);
		memcpy(hashes, next, size);
		v->merged_count = number_kinds(v, hashes);
	}
}
