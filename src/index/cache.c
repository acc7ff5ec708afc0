/* cache.c - indexes by build-id: one file each, in a directory of ours alone. */
#include "index/index.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "index/elf.h"

bool ct_elf_build_id(const char *binary, uint8_t build_id[32], size_t *size,
                     struct ct_error *err)
{
	struct ct_elf elf;

	*size = 0;
	if (!ct_elf_open(binary, &elf, err))
		return false;
	memcpy(build_id, elf.build_id, sizeof elf.build_id);
	*size = elf.build_id_size;
	ct_elf_close(&elf);
	return true;
}

/* What an index is known by: the build-id, or a hash of the content. */
struct identity {
	uint8_t bytes[32];
	size_t size;
	bool is_hash;
	bool has_debug; /* the file itself */
};

static bool identify(const char *binary, struct identity *id, struct ct_error *err)
{
	struct ct_elf elf;

	*id = (struct identity){0};
	if (!ct_elf_open(binary, &elf, err))
		return false;
	id->has_debug = ct_elf_section(&elf, ".debug_info") != NULL;
	id->size = elf.build_id_size;
	memcpy(id->bytes, elf.build_id, id->size);
	if (id->size == 0) {
		id->is_hash = true;
		id->size = CT_CONTENT_ID_SIZE;
		ct_elf_content_id(&elf, id->bytes);
	}
	ct_elf_close(&elf);
	return true;
}

static bool is_index_of(const struct ct_index *index, const struct identity *id)
{
	const struct ct_index_header *h = index->header;

	return h->build_id_size == (id->is_hash ? 0 : id->size)
	       && memcmp(h->build_id, id->bytes, id->size) == 0;
}

static bool open_cached(const struct identity *id, struct ct_index *out)
{
	char path[4096];

	if (!ct_index_cache_path(id->bytes, id->size, path, sizeof path)
	    || !ct_index_open(path, true, out, NULL))
		return false;
	if (is_index_of(out, id) && (out->header->flags & CT_INDEX_HAS_DWARF || !id->has_debug))
		return true;
	ct_index_close(out);
	return false;
}

/* Makes the directory, for us alone. One that others may write is not used. */
static bool make_private(const char *directory, struct ct_error *err)
{
	struct stat st;

	if (!ct_make_directory(directory, err))
		return false;
	if (stat(directory, &st) < 0)
		return ct_fail(err, CT_EIO, "%s: %s", directory, strerror(errno));
	if (st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH))
		return ct_fail(err, CT_EIO, "%s: is not this user's alone, no index is cached in it",
		               directory);
	return true;
}

static bool make_in_cache(const char *binary, const struct identity *id, char *path, size_t size,
                          struct ct_error *err)
{
	char *slash;
	bool ok;

	if (!ct_index_cache_path(id->bytes, id->size, path, size))
		return ct_fail(err, CT_EIO, "the name of the cache directory is too long");
	slash = strrchr(path, '/');
	*slash = '\0';
	ok = make_private(path, err);
	*slash = '/';
	return ok && ct_index_make(binary, path, err);
}

bool ct_index_make_cached(const char *binary, char *path, size_t size, struct ct_error *err)
{
	struct identity id;

	return identify(binary, &id, err) && make_in_cache(binary, &id, path, size, err);
}

/* To remove it would help nobody: it would be made again like this. */
bool ct_index_open_made(const char *binary, const char *path, struct ct_index *out, struct ct_error *err)
{
	struct ct_error why;

	if (ct_index_open(path, false, out, &why))
		return true;
	if (why.code != CT_EDAMAGED) {
		if (err)
			*err = why;
		return false;
	}
	unlink(path);
	return ct_fail(err, CT_EDAMAGED,
	               "%s: no index can be made of it: what its debug information says does not hold together. "
	               "Please report it; 'strip -g' leaves functions by the names of their symbols", binary);
}

/* The mapping outlives the name. */
bool ct_index_make_temporary(const char *binary, struct ct_index *out, struct ct_error *err)
{
	const char *folder = getenv("TMPDIR");
	struct ct_text path = {0};
	bool ok;

	ct_text_addf(&path, "%s/calltrace-XXXXXX", folder && *folder ? folder : "/tmp");
	if (!mkdtemp(path.data)) {
		ct_fail(err, CT_EIO, "%s: cannot make a directory for the index: %s", path.data,
		        strerror(errno));
		ct_text_deinit(&path);
		return false;
	}
	ct_text_add(&path, "/index");
	ok = ct_index_make(binary, path.data, err) && ct_index_open_made(binary, path.data, out, err);
	unlink(path.data);
	*strrchr(path.data, '/') = '\0';
	rmdir(path.data);
	ct_text_deinit(&path);
	return ok;
}

/* Whether the binary is still the one that was asked for. */
static bool check_same(const char *binary, const struct identity *wanted,
                       const struct identity *found, struct ct_error *err)
{
	if (wanted->size == 0
	    || (!found->is_hash && found->size == wanted->size
	        && memcmp(found->bytes, wanted->bytes, wanted->size) == 0))
		return true;
	return ct_fail(err, CT_EMISMATCH,
	               "%s: was rebuilt since: its build-id is another one, and no index of the "
	               "former is cached", binary);
}

static bool get_of_binary(const char *binary, const struct identity *wanted,
                          struct ct_index *out, struct ct_error *err)
{
	struct identity found;
	char path[4096];

	if (!binary)
		return ct_fail(err, CT_ENOINFO, "no binary is known to make the index from");
	if (!identify(binary, &found, err) || !check_same(binary, wanted, &found, err))
		return false;
	return open_cached(&found, out)
	       || (make_in_cache(binary, &found, path, sizeof path, NULL)
	           && open_cached(&found, out))
	       || ct_index_make_temporary(binary, out, err);
}

bool ct_index_get(const char *binary, const uint8_t *build_id, size_t build_id_size,
                  struct ct_index *out, struct ct_error *err)
{
	struct identity wanted = { .size = build_id_size };
	struct ct_index poor = {0}; /* cached, without debug information */

	*out = (struct ct_index){0};
	if (wanted.size > sizeof wanted.bytes)
		wanted.size = sizeof wanted.bytes;
	if (wanted.size)
		memcpy(wanted.bytes, build_id, wanted.size);
	if (wanted.size && open_cached(&wanted, out)) {
		if (!binary || out->header->flags & CT_INDEX_HAS_DWARF)
			return true;
		poor = *out;
	}
	if (get_of_binary(binary, &wanted, out, err)) {
		ct_index_close(&poor);
		return true;
	}
	*out = poor;
	return poor.header != NULL;
}
