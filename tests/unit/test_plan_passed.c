/* test_plan_passed.c - what a call passes, by the instructions before it. */
#include <criterion/criterion.h>

#include "arch/x86_64/passed.h"

enum { RAX = 0, RSI = 4, RDI = 5, RBX = 3, RBP = 6, R12 = 12 };

/* Of the call at the end of the bytes, at 0x1000; a jump leads to `target`, or 0. */
static struct ct_passed passed(const uint8_t *bytes, size_t size, uint64_t target)
{
	struct ct_decoder decoder = {0};
	struct ct_passed found[16];

	ct_decode(&decoder, bytes, size, 0x1000);
	ct_passed_at(&decoder, 0x1000 + size - 5, 1u << RDI, &target, target ? 1 : 0, found);
	ct_decoder_deinit(&decoder);
	for (int reg = 0; reg < 16; reg++)
		cr_expect(reg == RDI || found[reg].kind == CT_PASSED_UNKNOWN, "nobody asked for %d", reg);
	return found[RDI];
}

#define CALL 0xe8, 0, 0, 0, 0
#define PASSED(target, ...) passed((const uint8_t[]){ __VA_ARGS__, CALL }, \
                                   sizeof((const uint8_t[]){ __VA_ARGS__, CALL }), target)
#define MOV_RDI_RBX 0x48, 0x89, 0xdf
#define MOV_ESI_5 0xbe, 5, 0, 0, 0
#define LEA_RDI_RSP_32 0x48, 0x8d, 0x7c, 0x24, 0x20 /* lea 32(%rsp),%rdi */
#define MOV_RDI_AT_RSP_8 0x48, 0x8b, 0x7c, 0x24, 8  /* mov 8(%rsp),%rdi */
#define PUSH_RAX 0x50

static void expect(struct ct_passed p, enum ct_passed_kind kind, unsigned reg, unsigned bytes, int64_t number)
{
	cr_expect(p.kind == kind && p.reg == reg && p.bytes == bytes && p.number == number,
	          "kind %d reg %u bytes %u number %lld", (int) p.kind, p.reg, p.bytes, (long long) p.number);
}

Test(plan_passed, what_is_written)
{
	expect(PASSED(0, MOV_RDI_RBX), CT_PASSED_REGISTER, RBX, 8, 0);
	expect(PASSED(0, 0x89, 0xdf), CT_PASSED_REGISTER, RBX, 4, 0);                         /* mov %ebx,%edi */
	expect(PASSED(0, 0x0f, 0xb6, 0xfb), CT_PASSED_REGISTER, RBX, 1, 0);                   /* movzbl %bl,%edi */
	expect(PASSED(0, 0x48, 0x63, 0xfb), CT_PASSED_REGISTER, RBX, 4, 0);                   /* movslq %ebx,%rdi */
	expect(PASSED(0, 0x49, 0x8d, 0x7c, 0x24, 0xf8), CT_PASSED_REGISTER, R12, 8, -8);      /* lea -8(%r12),%rdi */
	expect(PASSED(0, 0xbf, 0xff, 0xff, 0xff, 0xff), CT_PASSED_CONSTANT, 0, 8, 0xffffffff); /* mov $-1,%edi */
	expect(PASSED(0, 0x48, 0xc7, 0xc7, 0xff, 0xff, 0xff, 0xff), CT_PASSED_CONSTANT, 0, 8, -1);
	expect(PASSED(0, 0x31, 0xff), CT_PASSED_CONSTANT, 0, 8, 0); /* xor %edi,%edi */
	expect(PASSED(0, MOV_RDI_RBX, MOV_ESI_5), CT_PASSED_REGISTER, RBX, 8, 0);
	expect(PASSED(0, 0x48, 0x89, 0xc7), CT_PASSED_REGISTER, RAX, 8, 0);                   /* mov %rax,%rdi */
	expect(PASSED(0, 0x48, 0x8d, 0x7e, 1), CT_PASSED_REGISTER, RSI, 8, 1);                /* lea 1(%rsi),%rdi */
	expect(PASSED(0, 0x48, 0x8d, 0x3d, 0x10, 0, 0, 0), CT_PASSED_ADDRESS, 0, 8, 0x1017);  /* lea 16(%rip),%rdi */
}

Test(plan_passed, what_is_on_the_stack)
{
	expect(PASSED(0, LEA_RDI_RSP_32), CT_PASSED_STACK, 0, 8, 32);
	expect(PASSED(0, 0x48, 0x89, 0xe7), CT_PASSED_STACK, 0, 8, 0);                        /* mov %rsp,%rdi */
	expect(PASSED(0, MOV_RDI_AT_RSP_8), CT_PASSED_MEMORY, 0, 8, 8);
	expect(PASSED(0, 0x8b, 0x7c, 0x24, 8), CT_PASSED_MEMORY, 0, 4, 8);                    /* mov 8(%rsp),%edi */
	expect(PASSED(0, 0x48, 0x8d, 0x7d, 0xe0), CT_PASSED_REGISTER, RBP, 8, -32);           /* lea -32(%rbp),%rdi */
	/* The stack pointer moves: */
	expect(PASSED(0, LEA_RDI_RSP_32, PUSH_RAX), CT_PASSED_STACK, 0, 8, 40);
	expect(PASSED(0, LEA_RDI_RSP_32, 0x48, 0x83, 0xec, 8, PUSH_RAX, 0x6a, 1), CT_PASSED_STACK, 0, 8, 56); /* sub, push $1 */
	expect(PASSED(0, LEA_RDI_RSP_32, 0x48, 0x83, 0xc4, 0x10), CT_PASSED_STACK, 0, 8, 16); /* add $16,%rsp */
	expect(PASSED(0, LEA_RDI_RSP_32, 0x48, 0x8d, 0x64, 0x24, 0xf8), CT_PASSED_STACK, 0, 8, 40); /* lea -8(%rsp),%rsp */
	expect(PASSED(0, LEA_RDI_RSP_32, 0x59), CT_PASSED_STACK, 0, 8, 24);                   /* pop %rcx */
	expect(PASSED(0, MOV_RDI_AT_RSP_8, 0x48, 0x83, 0xec, 0x10), CT_PASSED_MEMORY, 0, 8, 24);
	cr_expect_eq(PASSED(0, LEA_RDI_RSP_32, 0x66, PUSH_RAX).kind, CT_PASSED_UNKNOWN, "push %%ax");
	cr_expect_eq(PASSED(0, LEA_RDI_RSP_32, 0x48, 0x83, 0xe4, 0xf0).kind, CT_PASSED_UNKNOWN, "and $-16,%%rsp");
	cr_expect_eq(PASSED(0, LEA_RDI_RSP_32, 0x48, 0x29, 0xc4).kind, CT_PASSED_UNKNOWN, "sub %%rax,%%rsp: alloca");
	cr_expect_eq(PASSED(0, LEA_RDI_RSP_32, 0x5c).kind, CT_PASSED_UNKNOWN, "pop %%rsp");
	cr_expect_eq(PASSED(0, LEA_RDI_RSP_32, 0xc9).kind, CT_PASSED_UNKNOWN, "leave");
	cr_expect_eq(PASSED(0, 0x48, 0x8d, 0x3c, 0x04).kind, CT_PASSED_UNKNOWN, "lea (%%rsp,%%rax),%%rdi");
	/* And what is in memory may change: */
	cr_expect_eq(PASSED(0, MOV_RDI_AT_RSP_8, PUSH_RAX).kind, CT_PASSED_UNKNOWN, "written, perhaps not there");
	cr_expect_eq(PASSED(0, MOV_RDI_AT_RSP_8, 0x48, 0x89, 0x03).kind, CT_PASSED_UNKNOWN, "mov %%rax,(%%rbx)");
	cr_expect_eq(PASSED(0, MOV_RDI_AT_RSP_8, 0x48, 0x83, 0xc4, 0x10).kind, CT_PASSED_UNKNOWN, "below the stack pointer");
	cr_expect_eq(PASSED(0, 0x48, 0x8b, 0x7c, 0x24, 0xf8).kind, CT_PASSED_UNKNOWN, "in the red zone");
	cr_expect_eq(PASSED(0, 0x64, 0x48, 0x8b, 0x3c, 0x24).kind, CT_PASSED_UNKNOWN, "mov %%fs:(%%rsp),%%rdi");
	cr_expect_eq(PASSED(0, 0x0f, 0xb6, 0x7c, 0x24, 8).kind, CT_PASSED_UNKNOWN, "movzbl 8(%%rsp),%%edi");
}

Test(plan_passed, several_at_once)
{
	static const uint8_t bytes[] = { LEA_RDI_RSP_32, 0x48, 0x89, 0xde, 0x31, 0xd2, CALL }; /* mov %rbx,%rsi; xor %edx,%edx */
	struct ct_decoder decoder = {0};
	struct ct_passed found[16];

	ct_decode(&decoder, bytes, sizeof bytes, 0x1000);
	ct_passed_at(&decoder, 0x1000 + sizeof bytes - 5, 1u << RDI | 1u << RSI | 1u << 1 | 1u << 2, NULL, 0, found);
	ct_decoder_deinit(&decoder);
	expect(found[RDI], CT_PASSED_STACK, 0, 8, 32);
	expect(found[RSI], CT_PASSED_REGISTER, RBX, 8, 0);
	expect(found[1], CT_PASSED_CONSTANT, 0, 8, 0);
	cr_expect_eq(found[2].kind, CT_PASSED_UNKNOWN, "rcx");
}

Test(plan_passed, what_is_not_proven)
{
	cr_expect_eq(PASSED(0, 0x48, 0x8d, 0x7f, 8).kind, CT_PASSED_UNKNOWN, "lea 8(%%rdi),%%rdi");
	cr_expect_eq(PASSED(0, 0x40, 0x88, 0xdf).kind, CT_PASSED_UNKNOWN, "mov %%bl,%%dil");
	cr_expect_eq(PASSED(0, 0x0f, 0xb6, 0xff).kind, CT_PASSED_UNKNOWN, "movzbl %%bh,%%edi");
	cr_expect_eq(PASSED(0, 0x48, 0x8d, 0x3c, 0x0b).kind, CT_PASSED_UNKNOWN, "lea (%%rbx,%%rcx),%%rdi");
	cr_expect_eq(PASSED(0, 0x48, 0x8b, 0x3d, 0, 0, 0, 0).kind, CT_PASSED_UNKNOWN, "mov 0(%%rip),%%rdi");
	cr_expect_eq(PASSED(0, 0x48, 0x0f, 0x44, 0xfb).kind, CT_PASSED_UNKNOWN, "cmove %%rbx,%%rdi");
	cr_expect_eq(PASSED(0, 0x48, 0x8b, 0x3b).kind, CT_PASSED_UNKNOWN, "mov (%%rbx),%%rdi");
	cr_expect_eq(PASSED(0, 0x48, 0x83, 0xc7, 1).kind, CT_PASSED_UNKNOWN, "add $1,%%rdi");
	cr_expect_eq(PASSED(0, MOV_ESI_5).kind, CT_PASSED_UNKNOWN, "nothing writes it");
}

Test(plan_passed, what_comes_in_between)
{
	cr_expect_eq(PASSED(0, MOV_RDI_RBX, 0x31, 0xdb).kind, CT_PASSED_UNKNOWN, "xor %%ebx,%%ebx: it changes");
	cr_expect_eq(PASSED(0, MOV_RDI_RBX, 0x48, 0x8b, 0x07).kind, CT_PASSED_UNKNOWN, "mov (%%rdi),%%rax: it is used");
	cr_expect_eq(PASSED(0, MOV_RDI_RBX, 0x75, 0).kind, CT_PASSED_UNKNOWN, "a branch");
	cr_expect_eq(PASSED(0, MOV_RDI_RBX, CALL).kind, CT_PASSED_UNKNOWN, "a call");
	cr_expect_eq(PASSED(0x1003, MOV_RDI_RBX, MOV_ESI_5).kind, CT_PASSED_UNKNOWN, "a jump leads there");
	cr_expect_eq(PASSED(0x1008, MOV_RDI_RBX, MOV_ESI_5).kind, CT_PASSED_UNKNOWN, "or to the call");
	expect(PASSED(0x1000, MOV_RDI_RBX, MOV_ESI_5), CT_PASSED_REGISTER, RBX, 8, 0);
	cr_expect_eq(PASSED(0, MOV_RDI_RBX, 0x06).kind, CT_PASSED_UNKNOWN, "what does not decode");
}
