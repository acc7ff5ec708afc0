/*
 * returns.c - what is in the registers when a function of each return type has returned, and
 * which value it returned: for test_returns.py. For each type a line: its name, the value's
 * bytes, rax, rdx, xmm0, xmm1, st0, st1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "returns.h"

#define QUIET __attribute__((no_instrument_function))

struct registers { /* the offsets are in the text below */
	unsigned long rax, rdx;
	unsigned char xmm0[16], xmm1[16], st0[16], st1[16];
};

#ifdef __cplusplus
extern "C"
#endif
QUIET void capture(void (*function)(void), struct registers *out, void *memory, long x87_count);

/* rdi is where a value in memory goes: the only argument that any of them has. */
__asm__(
	".text\n.globl capture\n.type capture,@function\n"
	"capture:\n"
	"	pushq %rbx\n	pushq %r12\n	pushq %r13\n"
	"	movq %rsi, %rbx\n	movq %rcx, %r12\n	movq %rdi, %rax\n	movq %rdx, %rdi\n"
	"	call *%rax\n"
	"	movq %rax, (%rbx)\n	movq %rdx, 8(%rbx)\n	movups %xmm0, 16(%rbx)\n	movups %xmm1, 32(%rbx)\n"
	"	cmpq $1, %r12\n	jl 1f\n	fstpt 48(%rbx)\n"
	"	cmpq $2, %r12\n	jl 1f\n	fstpt 64(%rbx)\n"
	"1:	popq %r13\n	popq %r12\n	popq %rbx\n	ret\n"
	".size capture, . - capture\n");

#ifdef __cplusplus
extern "C" {
#endif
QUIET __attribute__((noinline)) void __cyg_profile_func_enter(void *function, void *site) { __asm__ volatile("" : : "r"(function), "r"(site)); }
QUIET __attribute__((noinline)) void __cyg_profile_func_exit(void *function, void *site) { __asm__ volatile("" : : "r"(function), "r"(site)); }
#ifdef __cplusplus
}
virtual_one::~virtual_one() {}
int with_virtual::f() { return 1; }
template <class T> struct plain { typedef T stored; static T &as(T &t) { return t; } };
template <class T> struct plain<T &> { typedef T *stored; static T &as(T *t) { return *t; } };
#define STORED(type) plain<type>::stored
#define AS(type, value) static_cast<type &&>(plain<type>::as(value))
#else
#define STORED(type) type
#define AS(type, value) (value)
#endif

static QUIET void show(const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		printf("%02x", ((const unsigned char *) bytes)[i]);
	putchar(' ');
}

static QUIET void print(const char *name, const void *value, size_t size, const struct registers *r)
{
	printf("%s ", name);
	show(value, size);
	show(&r->rax, 8), show(&r->rdx, 8), show(r->xmm0, 16), show(r->xmm1, 16), show(r->st0, 16), show(r->st1, 16);
	puts("");
}

/* The values: any bytes, but those of a truth value are 1, and of an x87 number make a number. */
static QUIET void fill(void *p, size_t size, int seed, int kind)
{
	unsigned char *bytes = (unsigned char *) p;

	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char) (seed * 31 + i * 7 + 1);
	if (kind & 1)
		bytes[0] = 1;
	if (kind & 2)
		for (size_t i = 0; i + 10 <= size; i += 16)
			bytes[i + 7] |= 0x80, bytes[i + 9] = 0x3f;
}

#define DEFINE(name, type) \
	static STORED(type) *value_##name; \
	__attribute__((noinline)) type ret_##name(void) { return AS(type, *value_##name); }
TYPES(DEFINE)

#define RUN(name, type) \
	{ \
		struct registers r; \
		static unsigned char memory[256] __attribute__((aligned(64))); \
		value_##name = (STORED(type) *) aligned_alloc(64, 256); \
		fill((void *) value_##name, sizeof(STORED(type)), __LINE__ + (int) sizeof #name, \
		     (#name[0] == 'b' && #name[1] == 'o') | (strstr(#name, "x87") ? 2 : 0)); \
		if (!strcmp(#name, "pointer_bool")) \
			((unsigned char *) value_##name)[8] = 1; \
		if (!strcmp(#name, "null")) \
			memset((void *) value_##name, 0, 8); \
		memset(&r, 0, sizeof r); \
		capture((void (*)(void)) ret_##name, &r, memory, \
		        !strcmp(#name, "x87") || !strcmp(#name, "one_x87") || !strcmp(#name, "x87_or_long") \
		        ? 1 : !strcmp(#name, "cx87") ? 2 : 0); \
		print(#name, (void *) value_##name, sizeof(STORED(type)), &r); \
		if (r.rax == (unsigned long) memory) { \
			printf("%s:memory ", #name); \
			show(memory, sizeof(STORED(type))); \
			puts(""); \
		} \
	}

QUIET int main(void)
{
	TYPES(RUN)
	return 0;
}
