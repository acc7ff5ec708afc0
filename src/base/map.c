#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct ct_map_slot {
	const char *key; /* NULL: free */
	uint32_t length;
	uint32_t value;
	uint64_t hash;
};

/* FNV-1a over 8 bytes at a time, finished by a multiply-shift: keys are ours, not an enemy's. */
uint64_t ct_hash(const void *bytes, size_t length, uint64_t seed)
{
	const unsigned char *p = bytes;
	uint64_t h = seed ^ 0xcbf29ce484222325ull ^ length;

	for (; length >= 8; p += 8, length -= 8) {
		uint64_t word;

		memcpy(&word, p, 8);
		h = (h ^ word) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 29;
	}
	for (; length; p++, length--)
		h = (h ^ *p) * 0x100000001b3ull;
	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

static struct ct_map_slot *find(const struct ct_map *map, const void *key, size_t length,
                                uint64_t hash)
{
	uint32_t mask = map->capacity - 1;

	for (uint32_t at = (uint32_t) hash & mask;; at = (at + 1) & mask) {
		struct ct_map_slot *slot = &map->slots[at];

		if (!slot->key || (slot->hash == hash && slot->length == length
		                   && memcmp(slot->key, key, length) == 0))
			return slot;
	}
}

static void grow(struct ct_map *map)
{
	struct ct_map_slot *old = map->slots;
	uint32_t n = map->capacity;

	map->capacity = n ? n * 2 : 64;
	map->slots = ct_calloc(map->capacity, sizeof *map->slots);
	for (uint32_t i = 0; i < n; i++)
		if (old[i].key)
			*find(map, old[i].key, old[i].length, old[i].hash) = old[i];
	free(old);
}

uint32_t ct_map_add(struct ct_map *map, const void *key, size_t length, uint32_t fresh,
                    bool *added)
{
	uint64_t hash = ct_hash(key, length, 0);
	struct ct_map_slot *slot;

	if (map->count * 4ull >= map->capacity * 3ull)
		grow(map);
	slot = find(map, key, length, hash);
	if (added)
		*added = !slot->key;
	if (!slot->key) {
		slot->key = ct_arena_strndup(&map->keys, key, length);
		slot->length = (uint32_t) length;
		slot->hash = hash;
		slot->value = fresh;
		map->count++;
	}
	return slot->value;
}

bool ct_map_find(const struct ct_map *map, const void *key, size_t length, uint32_t *value)
{
	struct ct_map_slot *slot;

	if (!map->capacity)
		return false;
	slot = find(map, key, length, ct_hash(key, length, 0));
	if (slot->key && value)
		*value = slot->value;
	return slot->key != NULL;
}

void ct_map_deinit(struct ct_map *map)
{
	free(map->slots);
	ct_arena_deinit(&map->keys);
	*map = (struct ct_map){0};
}
