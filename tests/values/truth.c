/*
 * truth.c - enter hooks that write down all registers and the stack, and what functions say
 * of themselves, into one file: for test_plans.py, which runs the plans on it.
 */
#include "truth.h"

#include <stdlib.h>
#include <stdio.h>

#define QUIET __attribute__((no_instrument_function))
enum { STACK = 1024 };

static FILE *out;
volatile uint64_t truth_zero;

QUIET void truth_begin(const char *path)
{
	out = fopen(path, "wb");
	if (!out)
		exit(3);
}

QUIET void truth_use(const void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

QUIET void truth(int which, int size, uint64_t low, uint64_t high)
{
	uint64_t record[4] = { (uint64_t) which | (uint64_t) size << 32, low, high, 0 };
	uint64_t kind = 2;

	fwrite(&kind, 8, 1, out);
	fwrite(record, sizeof record, 1, out);
}

#ifndef TRUTH_RECORDED
/* `state`: the return address, r15-r8, rsp, rbp, rdi, rsi, rbx, rcx, rdx, rax, xmm0-15. */
QUIET __attribute__((used)) void truth_enter(const uint64_t *state, const void *stack)
{
	uint64_t kind = 1;

	if (!out)
		return;
	fwrite(&kind, 8, 1, out);
	fwrite(state, 8, 17 + 32, out);
	fwrite(stack, 1, STACK, out);
}

QUIET void __cyg_profile_func_exit(void *function, void *site)
{
	(void) function;
	(void) site;
}

/* The layout of `state`: DWARF's order of registers behind the return address. */
__asm__(
	".text\n.globl __cyg_profile_func_enter\n.type __cyg_profile_func_enter,@function\n"
	"__cyg_profile_func_enter:\n"
	"	pushq %rbp\n	subq $400, %rsp\n"
	"	movq %rax, 8(%rsp)\n	movq %rdx, 16(%rsp)\n	movq %rcx, 24(%rsp)\n	movq %rbx, 32(%rsp)\n"
	"	movq %rsi, 40(%rsp)\n	movq %rdi, 48(%rsp)\n	movq %rbp, 56(%rsp)\n"
	"	leaq 416(%rsp), %rax\n	movq %rax, 64(%rsp)\n"
	"	movq %r8, 72(%rsp)\n	movq %r9, 80(%rsp)\n	movq %r10, 88(%rsp)\n	movq %r11, 96(%rsp)\n"
	"	movq %r12, 104(%rsp)\n	movq %r13, 112(%rsp)\n	movq %r14, 120(%rsp)\n	movq %r15, 128(%rsp)\n"
	"	movups %xmm0, 136(%rsp)\n	movups %xmm1, 152(%rsp)\n	movups %xmm2, 168(%rsp)\n	movups %xmm3, 184(%rsp)\n"
	"	movups %xmm4, 200(%rsp)\n	movups %xmm5, 216(%rsp)\n	movups %xmm6, 232(%rsp)\n	movups %xmm7, 248(%rsp)\n"
	"	movups %xmm8, 264(%rsp)\n	movups %xmm9, 280(%rsp)\n	movups %xmm10, 296(%rsp)\n	movups %xmm11, 312(%rsp)\n"
	"	movups %xmm12, 328(%rsp)\n	movups %xmm13, 344(%rsp)\n	movups %xmm14, 360(%rsp)\n	movups %xmm15, 376(%rsp)\n"
	"	movq 408(%rsp), %rax\n	movq %rax, (%rsp)\n"
	"	movq %rsp, %rdi\n	leaq 416(%rsp), %rsi\n"
	"	movq %rsp, %rbp\n	andq $-16, %rsp\n	call truth_enter\n	movq %rbp, %rsp\n"
	"	addq $400, %rsp\n	popq %rbp\n	ret\n"
	".size __cyg_profile_func_enter, . - __cyg_profile_func_enter\n");
#endif
