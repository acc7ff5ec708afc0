/*
 * map.h - a hash table from byte strings to 32-bit numbers: what interning and
 * merging need, and nothing else. Keys are copied into the table's arena.
 */
#ifndef CT_BASE_MAP_H
#define CT_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct ct_map_slot;
struct ct_map {
	struct ct_map_slot *slots;
	uint32_t capacity; /* a power of two, or 0 */
	uint32_t count;
	struct ct_arena keys;
};

/*
 * The value stored under `key`. When there is none, stores `fresh` first and sets
 * `*added`. `added` may be NULL.
 */
uint32_t ct_map_add(struct ct_map *map, const void *key, size_t length, uint32_t fresh,
                    bool *added);
/* Whether `key` is there, and its value. */
bool ct_map_find(const struct ct_map *map, const void *key, size_t length, uint32_t *value);
void ct_map_deinit(struct ct_map *map);

uint64_t ct_hash(const void *bytes, size_t length, uint64_t seed);

#endif
