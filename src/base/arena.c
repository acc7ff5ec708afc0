#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct ct_arena_block {
	struct ct_arena_block *before;
	size_t used, size;
	_Alignas(16) unsigned char data[];
};

void *ct_arena_alloc(struct ct_arena *arena, size_t size)
{
	struct ct_arena_block *block = arena->last;
	void *memory;

	size = (size + 15) & ~(size_t) 15;
	if (!block || block->size - block->used < size) {
		size_t room = block && block->size < 1u << 20 ? block->size * 2 : 4096;

		if (block && block->size >= 1u << 20)
			room = block->size;
		if (room < size)
			room = size;
		block = ct_calloc(1, sizeof *block + room);
		block->before = arena->last;
		block->size = room;
		arena->last = block;
	}
	memory = block->data + block->used;
	block->used += size;
	return memory;
}

char *ct_arena_strndup(struct ct_arena *arena, const char *string, size_t n)
{
	char *copy = ct_arena_alloc(arena, n + 1);

	memcpy(copy, string, n);
	return copy;
}

char *ct_arena_strdup(struct ct_arena *arena, const char *string)
{
	return ct_arena_strndup(arena, string, strlen(string));
}

char *ct_arena_printf(struct ct_arena *arena, const char *format, ...)
{
	va_list args;
	char *out;
	int need;

	va_start(args, format);
	need = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (need < 0)
		return ct_arena_strdup(arena, "");
	out = ct_arena_alloc(arena, (size_t) need + 1);
	va_start(args, format);
	vsnprintf(out, (size_t) need + 1, format, args);
	va_end(args);
	return out;
}

void ct_arena_deinit(struct ct_arena *arena)
{
	while (arena->last) {
		struct ct_arena_block *block = arena->last;

		arena->last = block->before;
		free(block);
	}
}
