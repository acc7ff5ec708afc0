/*
 * file.h - files as this project needs them: mapped whole for reading, written
 * to a temporary and renamed, never followed through a link that is not ours.
 */
#ifndef CT_BASE_FILE_H
#define CT_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <calltrace/error.h>

/* Scope-bound cleanup: `ct_auto_fd fd = open(...)`. */
static inline void ct_cleanup_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
static inline void ct_cleanup_free(void *pointer)
{
	free(*(void **) pointer);
}
static inline void ct_cleanup_file(FILE **file)
{
	if (*file)
		fclose(*file);
}
#define ct_auto_fd __attribute__((cleanup(ct_cleanup_fd))) int
#define ct_auto_free __attribute__((cleanup(ct_cleanup_free)))
#define ct_auto_file __attribute__((cleanup(ct_cleanup_file))) FILE *

/* A file's bytes, mapped read-only and private. An empty file has data NULL, size 0. */
struct ct_bytes {
	const uint8_t *data;
	size_t size;
};

bool ct_file_map(const char *path, struct ct_bytes *out, struct ct_error *err);
void ct_file_unmap(struct ct_bytes *bytes);

/*
 * Replaces `path` by `size` bytes: writes a temporary beside it (O_EXCL, `mode`),
 * renames. On failure `path` is what it was, and no temporary stays.
 */
bool ct_file_replace(const char *path, const void *data, size_t size, unsigned mode,
                     struct ct_error *err);

/*
 * The same for output that is streamed: open, write to `out->file`, then finish
 * (flush, check, rename) or abandon. A path of "-" is standard output. What is neither a file nor
 * a directory (a device, a pipe that somebody reads) is written into, and a symbolic link is
 * followed. A binary is never replaced, nor a source file, known by its name: who names one meant something else.
 * `mode`, less the umask: 0600 for traces, which may hold what is nobody else's business, 0666
 * for reports.
 */
struct ct_output_file {
	FILE *file;
	char *path;      /* NULL for standard output */
	char *temporary; /* NULL for that, and for a device or a pipe */
};
bool ct_output_open(struct ct_output_file *out, const char *path, unsigned mode,
                    struct ct_error *err);
/* Only what ct_output_open() says of the path. `regular_only`: devices and pipes will not do. */
bool ct_output_check(const char *path, bool regular_only, struct ct_error *err);
/*
 * For output that anybody can tell by its beginning: whether what is at `path` is one, too, is empty, or is not there.
 * Blanks are not compared. False: "is not `what`, and is not overwritten".
 */
bool ct_output_spares(const char *path, const char *beginning, const char *what, struct ct_error *err);
bool ct_output_finish(struct ct_output_file *out, struct ct_error *err);
void ct_output_abandon(struct ct_output_file *out);

/* mkdir -p with 0700 for what it makes. An existing directory is fine, a file is not. */
bool ct_make_directory(const char *path, struct ct_error *err);

/* The last component of a path; never NULL, never allocates. */
const char *ct_basename(const char *path);
/* Lexically normalises: no "//", "/./", "x/../". Allocates. */
char *ct_path_clean(const char *path);

#endif
