/*
 * memory.h - reads memory of the program that a pointer names, which may point anywhere.
 *
 * Read directly is only what cannot vanish: the main thread's stack above the stack pointer,
 * the frames of open calls of other threads, segments of loaded binaries, and, in a process
 * of one thread, the heap that brk() made. Everything else goes through process_vm_readv(),
 * which fails where a load would fault. The program that calls mprotect() has given
 * the last three other properties than they had: from then on they are read that way, too.
 *
 * A sandbox (seccomp) may forbid that call, by an error or by death. Then it is rt_sigprocmask(), which every
 * program makes, that tells whether 8 bytes can be read. Which filter is of which kind cannot be asked: so
 * what a filter that is there from the beginning does is tried in a child, and a program that sets one up
 * later is taken to have forbidden the call.
 *
 * All of it async-signal-safe; keeps errno.
 */
#ifndef CT_RUNTIME_MEMORY_H
#define CT_RUNTIME_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_thread;

/* Copies `size` bytes, or as many as can be read; returns how many. */
size_t ct_memory_read(const struct ct_thread *t, uint64_t sp, void *to, uint64_t from, size_t size);

/* The same up to a NUL, which is not copied; `*ended` says whether it was met. Bytes behind are not touched. */
size_t ct_memory_string(const struct ct_thread *t, uint64_t sp, char *to, uint64_t from, size_t size,
                        bool *ended);

/* The same with nothing taken for certain: stacks that ended, memory that others unmap. */
size_t ct_memory_ask(void *to, uint64_t from, size_t size);

/* What is known of the process for that; called once, before the first read. */
void ct_memory_begin(void);
/* The program changes what may be read (interpose.c). */
void ct_memory_distrust(void);

#endif
