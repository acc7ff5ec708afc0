/*
 * indexes.c - build-id -> index, for all traces of this process. Thousands of traces
 * come from one binary, and opening an index checks all of it, so each is opened once and
 * stays until the process ends. Only binaries with a build-id are kept: without one, a
 * path does not say which version it was.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/text.h"
#include "index/index.h"
#include "trace/internal.h"

struct entry {
	struct ct_index index;
	bool ok;
	char *why; /* what is missing in it, or all of it; or NULL */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct ct_map known;
static struct entry **entries;
static uint32_t count;

static bool open_cached(const uint8_t *build_id, size_t size, struct ct_index *out,
                        struct ct_error *err)
{
	char path[4096];

	if (size == 0 || !ct_index_cache_path(build_id, size, path, sizeof path))
		return ct_fail(err, CT_ENOINFO, "its index is not in the cache");
	return ct_index_open(path, true, out, err);
}

static struct entry *open_entry(const char *path, const uint8_t *build_id, size_t size, bool make)
{
	struct entry *e = ct_calloc(1, sizeof *e);
	struct ct_error err = { .code = CT_OK };
	struct ct_text why = {0};
	const char *shortfall;

	if (make)
		e->ok = ct_index_get(path, build_id, size, &e->index, &err);
	else
		e->ok = open_cached(build_id, size, &e->index, &err);
	shortfall = e->ok ? ct_index_shortfall(e->index.header->flags) : NULL;
	if (shortfall)
		ct_text_addf(&why, "%s: %s", path, shortfall);
	else if (!e->ok)
		ct_text_add(&why, err.text[0] ? err.text : "it has no index");
	e->why = why.data;
	return e;
}

static struct entry *find_entry(const char *path, const uint8_t *build_id, size_t size, bool make)
{
	uint8_t key[1 + 32 + 4096];
	size_t length = 0, path_length = strnlen(path, 4095);
	uint32_t at;
	bool added;

	key[length++] = make;
	memcpy(key + length, build_id, size);
	length += size;
	/* A stripped copy elsewhere has the same build-id, and may not lead to as much. */
	memcpy(key + length, path, path_length);
	length += path_length;
	if (size == 0)
		at = count;
	else if (at = ct_map_add(&known, key, length, count, &added), !added)
		return entries[at];
	entries = ct_realloc(entries, (count + 1) * sizeof *entries);
	entries[count] = open_entry(path, build_id, size, make);
	return entries[count++];
}

const struct ct_index *ct_indexes_get(const char *path, const uint8_t *build_id,
                                      size_t build_id_size, bool make, const char **why)
{
	struct entry *e;

	pthread_mutex_lock(&lock);
	e = find_entry(path, build_id, build_id_size, make);
	pthread_mutex_unlock(&lock);
	*why = e->why;
	return e->ok ? &e->index : NULL;
}
