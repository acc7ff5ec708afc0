/* test_plan_passed.c - what a call passes, by the instructions before it. */
#include <criterion/criterion.h>

#include "arch/x86_64/passed.h"

enum { RDI = 5, RBX = 3, R12 = 12 };

/* Of the call at the end of the bytes, at 0x1000; a jump leads to `target`, or 0. */
static struct ct_passed passed(const uint8_t *bytes, size_t size, uint64_t target)
{
	struct ct_decoder decoder = {0};
	struct ct_passed found;

	ct_decode(&decoder, bytes, size, 0x1000);
	found = ct_passed_at(&decoder, 0x1000 + size - 5, RDI, &target, target ? 1 : 0);
	ct_decoder_deinit(&decoder);
	return found;
}

#define CALL 0xe8, 0, 0, 0, 0
#define PASSED(target, ...) passed((const uint8_t[]){ __VA_ARGS__, CALL }, \
                                   sizeof((const uint8_t[]){ __VA_ARGS__, CALL }), target)
#define MOV_RDI_RBX 0x48, 0x89, 0xdf
#define MOV_ESI_5 0xbe, 5, 0, 0, 0

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
}

Test(plan_passed, what_is_not_proven)
{
	cr_expect_eq(PASSED(0, 0x48, 0x89, 0xc7).kind, CT_PASSED_UNKNOWN, "mov %%rax,%%rdi");
	cr_expect_eq(PASSED(0, 0x40, 0x88, 0xdf).kind, CT_PASSED_UNKNOWN, "mov %%bl,%%dil");
	cr_expect_eq(PASSED(0, 0x0f, 0xb6, 0xff).kind, CT_PASSED_UNKNOWN, "movzbl %%bh,%%edi");
	cr_expect_eq(PASSED(0, 0x48, 0x8d, 0x3c, 0x0b).kind, CT_PASSED_UNKNOWN, "lea (%%rbx,%%rcx),%%rdi");
	cr_expect_eq(PASSED(0, 0x48, 0x8d, 0x3d, 0, 0, 0, 0).kind, CT_PASSED_UNKNOWN, "lea 0(%%rip),%%rdi");
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
