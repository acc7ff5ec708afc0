/*
 * arena.h - memory that lives and dies together. One `deinit`, no per-object free.
 * Ends the program with status 2 when memory runs out (see text.h).
 */
#ifndef CT_BASE_ARENA_H
#define CT_BASE_ARENA_H

#include <stddef.h>

struct ct_arena_block;
struct ct_arena {
	struct ct_arena_block *last;
};

void *ct_arena_alloc(struct ct_arena *arena, size_t size); /* zeroed, 16-byte aligned */
char *ct_arena_strdup(struct ct_arena *arena, const char *string);
char *ct_arena_strndup(struct ct_arena *arena, const char *string, size_t n);
__attribute__((format(printf, 2, 3)))
char *ct_arena_printf(struct ct_arena *arena, const char *format, ...);
void ct_arena_deinit(struct ct_arena *arena);

#endif
