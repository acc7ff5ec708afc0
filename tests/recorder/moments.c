/*
 * Instrumented code at bad moments: before any constructor of the recorder, behind its destructors, below an allocator, in
 * dlsym(), with live registers. argv[1] says which. -DALLOCATOR: the program has an allocator of its own.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PLAIN __attribute__((no_instrument_function))
#define KEEP  __attribute__((noinline))

static volatile int sink;

KEEP int leaf(int number)
{
	sink += number;
	return number + 1;
}

/* --- early and late --- */

KEEP static int chosen(int number)
{
	return leaf(number) + 1;
}

/* Runs while the program is relocated, before any constructor. It may call nothing of another library. */
KEEP static int (*resolve(void))(int)
{
	leaf(0);
	return chosen;
}

int by_resolver(int number) __attribute__((ifunc("resolve")));

__attribute__((constructor(101))) static void first(void)
{
	leaf(1);
}

__attribute__((destructor(101))) static void last(void)
{
	leaf(2);
	if (write(STDOUT_FILENO, "last\n", 5) < 0)
		sink = 0;
}

KEEP static void at_the_end(void)
{
	leaf(3);
}

/* --- an allocator that is instrumented --- */

#ifdef ALLOCATOR
static char heap[4 << 20];
static size_t used;
static int allocations;

KEEP static void *take(size_t size)
{
	size_t at = __atomic_fetch_add(&used, (size + 31) & ~(size_t) 15, __ATOMIC_RELAXED);

	__atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
	if (at + size + 16 > sizeof heap)
		return NULL;
	*(size_t *) (heap + at) = size;
	return heap + at + 16;
}

void *malloc(size_t size)
{
	return take(size);
}

void free(void *memory)
{
	leaf(memory != NULL);
}

void *calloc(size_t count, size_t size)
{
	return take(count * size); /* never given back, so still zero */
}

void *realloc(void *memory, size_t size)
{
	void *other = take(size);

	if (memory && other)
		memcpy(other, memory, size < ((size_t *) memory)[-2] ? size : ((size_t *) memory)[-2]);
	return other;
}
#endif

/* More keys than glibc keeps in the thread itself: pthread_setspecific() allocates for a later one. */
static pthread_key_t keys[40];

static void forget(void *value)
{
	leaf(value != NULL);
}

KEEP static void *run(void *argument)
{
	for (int i = 0; i < 40; i++)
		pthread_setspecific(keys[i], &keys[i]);
	free(malloc(100));
	leaf(0);
	return argument;
}

KEEP static void allocates(void)
{
	pthread_t thread;
	void *(*symbol)(size_t);

	for (int i = 0; i < 40; i++)
		pthread_key_create(&keys[i], i < 3 ? forget : NULL);
	symbol = (void *(*)(size_t)) dlsym(RTLD_DEFAULT, "malloc");
	free(symbol(10));
	pthread_create(&thread, NULL, run, NULL);
	pthread_join(thread, NULL);
	dlsym(RTLD_DEFAULT, "there_is_no_such_symbol");
	leaf(dlerror() != NULL);
}

/* --- registers --- */

extern void __cyg_profile_func_enter(void *function, void *site);
extern void __cyg_profile_func_exit(void *function, void *site);

struct state {
	uint64_t rbx, r12, r13, r14, r15, rax, rdx, flags;
	uint32_t mxcsr;
	uint16_t control;
};

#define FILL(n) 0x1111111111111111ull * (n)

/* What a hook may not change, and, besides, the registers of a result: read before and behind a call of it. */
KEEP PLAIN static bool keeps(void (*hook)(void *, void *), void *function)
{
	struct state before = { .rbx = FILL(1), .r12 = FILL(2), .r13 = FILL(3), .r14 = FILL(4), .r15 = FILL(5),
		                .rax = FILL(6), .rdx = FILL(7), .mxcsr = 0x1f80 | 0x6000, .control = 0x0f7f };
	struct state after = before;
	uint32_t mxcsr;
	uint16_t control;

	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(control));
	__asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(before.mxcsr), "m"(before.control));
	{
		register uint64_t rax __asm__("rax") = before.rax;
		register uint64_t rdx __asm__("rdx") = before.rdx;
		register uint64_t rbx __asm__("rbx") = before.rbx;
		register uint64_t r12 __asm__("r12") = before.r12;
		register uint64_t r13 __asm__("r13") = before.r13;
		register uint64_t r14 __asm__("r14") = before.r14;
		register uint64_t r15 __asm__("r15") = before.r15;
		register void *rdi __asm__("rdi") = function;
		register void *rsi __asm__("rsi") = NULL;
		register void (*r11)(void *, void *) __asm__("r11") = hook;

		__asm__ volatile("call *%%r11"
		                 : "+r"(rax), "+r"(rdx), "+r"(rbx), "+r"(r12), "+r"(r13), "+r"(r14), "+r"(r15), "+r"(rdi),
		                   "+r"(rsi), "+r"(r11)
		                 :
		                 : "rcx", "r8", "r9", "r10", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
		                   "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
		after.rax = rax, after.rdx = rdx, after.rbx = rbx, after.r12 = r12, after.r13 = r13;
		after.r14 = r14, after.r15 = r15;
	}
	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(after.mxcsr), "=m"(after.control));
	__asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(mxcsr), "m"(control));
	after.mxcsr &= ~0x3fu;
	return memcmp(&before, &after, sizeof before) == 0;
}

/* Not instrumented and inlined nowhere, so both calls of the hooks are those written here. */
KEEP PLAIN static void registers(void)
{
	int good = 0;

	for (int i = 0; i < 1000; i++) {
		good += keeps(__cyg_profile_func_enter, (void *) leaf);
		good += keeps(__cyg_profile_func_exit, (void *) leaf);
	}
	printf("%d of 2000 kept them\n", good);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "early") == 0) {
		atexit(at_the_end);
		printf("%d\n", by_resolver(1));
	} else if (strcmp(what, "allocates") == 0) {
		allocates();
	} else if (strcmp(what, "registers") == 0) {
		registers();
	}
	return 0;
}
