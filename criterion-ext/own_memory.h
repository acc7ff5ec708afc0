/*
 * own_memory.h - included before everything else in what assertions are made of
 * (configure.py): their memory is not the program's. It may count its allocations, have an allocator that is
 * itself traced, or have broken it already.
 *
 * Pages from the kernel, cut up by size; never given back but for large pieces. Thread-safe.
 */
#ifndef CT_OWN_MEMORY_H
#define CT_OWN_MEMORY_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *ct_own_malloc(size_t size);
void *ct_own_calloc(size_t count, size_t size);
void *ct_own_realloc(void *old, size_t size);
void ct_own_free(void *memory);
char *ct_own_strdup(const char *string);
int ct_own_vasprintf(char **out, const char *format, va_list args);

#define malloc ct_own_malloc
#define calloc ct_own_calloc
#define realloc ct_own_realloc
#define free ct_own_free
#undef strdup
#define strdup ct_own_strdup
#define vasprintf ct_own_vasprintf

#endif
