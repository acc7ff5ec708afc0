/* file.h - the trace file: pieces of it mapped, others written. All with signals blocked. */
#ifndef CT_RUNTIME_FILE_H
#define CT_RUNTIME_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room behind all there is; where it begins. */
uint64_t ct_file_reserve(size_t size);

/* Returns how many bytes could not be written, the last ones; `error` says why. */
size_t ct_file_put(uint64_t offset, const void *bytes, size_t size, int *error);
/* All of both, or false. */
bool ct_file_write(uint64_t offset, const void *head, size_t head_size, const void *body,
                   size_t body_size, int *error);
/*
 * Whole pages, of which the first begins with an extent's header, in the place of an older extent. Wherever
 * that ends, a reader finds one of the two, or neither: the first page comes last, in one write.
 */
size_t ct_file_replace(uint64_t offset, const void *bytes, size_t size, int *error);

/* A piece of a file, allocated on disk and mapped; NULL and an errno. */
void *ct_file_map(int fd, uint64_t offset, size_t size, int *error);
/* The same of the trace file. NULL: recording is said to have stopped for that. */
void *ct_file_piece(size_t size, uint64_t *offset);
/* The same, and nothing is said. */
void *ct_file_try(size_t size, uint64_t *offset, int *error);
/* The same for a window: it ends at a multiple of CT_CHUNK_SIZE in memory. */
void *ct_file_window(size_t size, uint64_t *offset, int *error);
/* A window in the place of an older extent, zeroed behind its header. */
void *ct_file_take_over(uint64_t offset, size_t size, int *error);
/* Memory like a window's, of no file; NULL. */
void *ct_file_scratch(void);

/* Recording, or part of it, ended because of `error`. */
void ct_file_stop(int error);

#endif
