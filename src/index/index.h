/*
 * index.h - ELF and DWARF -> index file. The only folder that includes elfutils.
 * What an index holds: format/index.h.
 */
#ifndef CT_INDEX_INDEX_H
#define CT_INDEX_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <calltrace/error.h>

#include "format/index.h"

/*
 * Makes the index of `binary` and writes it to `path` (temporary and rename: racing
 * makers are harmless). CT_ENOTRACE: not an ELF file of this machine. A binary
 * without debug information or symbols gives an index of what there is.
 */
bool ct_index_make(const char *binary, const char *path, struct ct_error *err);

/*
 * The index of `binary`: opens the cached one, or makes it and caches it (where no
 * cache directory can be written: in a temporary file that is gone when closed).
 * With `build_id` (size > 0) the binary must still have it: else, unless the cache
 * holds that build-id's index, CT_EMISMATCH. `binary` may be NULL or gone when the
 * cache has it. A cached index without debug information is made anew if the binary
 * has some (the cached one was made from a stripped copy).
 */
bool ct_index_get(const char *binary, const uint8_t *build_id, size_t build_id_size,
                  struct ct_index *out, struct ct_error *err);

/*
 * Makes the index of `binary` anew and puts it into the cache; `path` (of `size` bytes)
 * gets its name. Fails where the cache cannot be written, or is not this user's alone.
 */
bool ct_index_make_cached(const char *binary, char *path, size_t size, struct ct_error *err);

/* The same without the cache: the index is gone when closed. */
bool ct_index_make_temporary(const char *binary, struct ct_index *out, struct ct_error *err);

/* Opens one that was just made of `binary`. If it is damaged it is removed, and the error is about the binary. */
bool ct_index_open_made(const char *binary, const char *path, struct ct_index *out, struct ct_error *err);

/* What `calltrace doctor` asks of a binary besides its index. */
struct ct_binary_facts {
	bool library;       /* a shared library */
	bool dynamic;       /* the loader starts it, so that libraries can be preloaded */
	bool privileged;    /* set-user-id, set-group-id or with capabilities: nothing is preloaded */
	bool linked;        /* with libcalltrace.so */
	bool own_hooks;     /* it defines the hooks itself ... */
	bool own_are_ours;  /* ... and they are libcalltrace's */
	enum { CT_CRITERION_NOT_USED, CT_CRITERION_SHARED, CT_CRITERION_STATIC } criterion;
	bool seam;          /* libcalltrace-criterion is in it */
	uint32_t tests;     /* Criterion tests */
};
bool ct_binary_look(const char *binary, struct ct_binary_facts *facts, struct ct_error *err);

/* Reads the build-id of an ELF file. `*size` is 0 when it has none. */
bool ct_elf_build_id(const char *binary, uint8_t build_id[32], size_t *size,
                     struct ct_error *err);

#endif
