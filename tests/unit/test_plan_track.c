/* test_plan_track.c - what the decoder proves of a function's entry, on short texts. */
#include <criterion/criterion.h>

#include "arch/x86_64/decode.h"
#include "arch/x86_64/track.h"

enum { RAX, RDX, RCX, RBX, RSI, RDI, RBP, RSP, R8, R12 = 12, XMM0 = 17 };

/* The state in front of the last 5 bytes, which are the call. */
static struct ct_track track(const char *text, size_t size)
{
	struct ct_track t;

	ct_track_entry((const uint8_t *) text, size, 0x1000, 0x1000 + size - 5, &t);
	return t;
}
#define CALL "\xe8\0\0\0\0"
#define TRACK(text) track(text CALL, sizeof(text CALL) - 1)

static bool holds(const struct ct_tracked *value, int reg, unsigned bytes)
{
	return value->known == CT_KNOWN_ENTRY && value->reg == reg && value->bytes == bytes;
}

static const struct ct_tracked *slot(const struct ct_track *t, int at)
{
	static const struct ct_tracked nothing;

	for (unsigned i = 0; i < t->slot_count; i++)
		if (t->slots[i].at == at && t->slots[i].value.known)
			return &t->slots[i].value;
	return &nothing;
}

Test(track, copies)
{
	struct ct_track t = TRACK("\x53"              /* push rbx */
	                          "\x89\xfb"          /* mov ebx, edi */
	                          "\x49\x89\xf4"      /* mov r12, rsi */
	                          "\x0f\xbe\xd2"      /* movsx edx, dl */
	                          "\x48\x8d\x3d\0\0\0\0"); /* lea rdi, [rip] */

	cr_assert(t.valid);
	cr_assert(holds(&t.regs[RBX], RDI, 4));
	cr_assert(holds(&t.regs[R12], RSI, 8));
	cr_assert(holds(&t.regs[RDX], RDX, 1));
	cr_assert_eq(t.regs[RDI].known, CT_KNOWN_NOTHING);
	cr_assert(holds(slot(&t, -16), RBX, 8), "pushed");
	cr_assert_eq(t.regs[RSP].offset, -16);
}

Test(track, spills)
{
	struct ct_track t = TRACK("\x55\x48\x89\xe5"     /* push rbp; mov rbp, rsp */
	                          "\x48\x83\xec\x30"     /* sub rsp, 48 */
	                          "\x89\x7d\xec"         /* mov [rbp-20], edi */
	                          "\xf2\x0f\x11\x45\xd8" /* movsd [rbp-40], xmm0 */
	                          "\x8b\x45\xec"         /* mov eax, [rbp-20] */
	                          "\x48\x8b\x75\x10");   /* mov rsi, [rbp+16] */

	cr_assert(t.valid);
	cr_assert(holds(slot(&t, -36), RDI, 4));
	cr_assert(holds(slot(&t, -56), XMM0, 8));
	cr_assert(holds(&t.regs[RAX], RDI, 4));
	cr_assert_eq(t.regs[RSI].known, CT_KNOWN_STACK);
	cr_assert_eq(t.regs[RSI].offset, 0);
	cr_assert(ct_track_written(&t, -36, 4));
	cr_assert_not(ct_track_written(&t, -36, 5));
	cr_assert_not(ct_track_written(&t, -32, 1));
}

Test(track, overlapping_stores)
{
	struct ct_track t = TRACK("\x48\x89\x7c\x24\xf8"          /* mov [rsp-8], rdi */
	                          "\xc6\x44\x24\xfb\x00");        /* mov byte [rsp-5], 0 */

	cr_assert(t.valid);
	cr_assert_eq(slot(&t, -16)->known, CT_KNOWN_NOTHING);
}

Test(track, what_kills)
{
	struct ct_track t = TRACK("\x48\x89\xfb"      /* mov rbx, rdi */
	                          "\x48\x89\x74\x24\xf8" /* mov [rsp-8], rsi */
	                          "\x48\x89\x10"      /* mov [rax], rdx */
	                          "\x48\x83\xc3\x01"); /* add rbx, 1 */

	cr_assert(t.valid && t.wild);
	cr_assert_eq(t.regs[RBX].known, CT_KNOWN_NOTHING);
	cr_assert_eq(slot(&t, -16)->known, CT_KNOWN_NOTHING, "the store may have been to it");
	t = TRACK("\x48\x89\xfb\xe8\0\0\0\0"); /* mov rbx, rdi; call */
	cr_assert(holds(&t.regs[RBX], RDI, 8));
	cr_assert_eq(t.regs[RSI].known, CT_KNOWN_NOTHING);
	cr_assert_eq(t.regs[XMM0].known, CT_KNOWN_NOTHING);
}

Test(track, part_of_a_register)
{
	struct ct_track t = TRACK("\x44\x88\xc0"   /* mov al, r8b */
	                          "\x88\xe5");     /* mov ch, ah */

	cr_assert(holds(&t.regs[RAX], R8, 1));
	cr_assert_eq(t.regs[RCX].known, CT_KNOWN_NOTHING);
}

Test(track, branches)
{
	struct ct_track t = TRACK("\x84\xc0\x74\x03"  /* test al, al; je +3 */
	                          "\x48\x89\xfb"      /* mov rbx, rdi */
	                          "\x48\x89\xf2");    /* mov rdx, rsi */

	cr_assert(t.valid);
	cr_assert_eq(t.regs[RBX].known, CT_KNOWN_NOTHING, "on one way only");
	cr_assert(holds(&t.regs[RDX], RSI, 8));
	cr_assert_not(TRACK("\x90\x75\xfd").valid, "a loop");
	cr_assert_not(TRACK("\x74\x7f").valid, "past the call");
	cr_assert_not(TRACK("\xff\xe0").valid, "jmp rax");
	cr_assert_not(TRACK("\xc3").valid, "ret");
	cr_assert_not(TRACK("\x06").valid, "no instruction");
}

static const struct ct_tracked *aligned_slot(const struct ct_track *t, int at)
{
	static const struct ct_tracked nothing;

	for (unsigned i = 0; i < t->aligned_count; i++)
		if (t->aligned_slots[i].at == at && t->aligned_slots[i].value.known)
			return &t->aligned_slots[i].value;
	return &nothing;
}

#define ALIGNED                                      \
	"\x55\x48\x89\xe5"     /* push rbp; mov rbp, rsp */ \
	"\x48\x83\xe4\xe0"     /* and rsp, -32 */           \
	"\x48\x83\xec\x40"     /* sub rsp, 64 */

Test(track, below_the_aligned_stack_pointer)
{
	struct ct_track t = TRACK(ALIGNED
	                          "\x89\x7c\x24\x24"  /* mov [rsp+36], edi */
	                          "\x48\x89\xe3"      /* mov rbx, rsp */
	                          "\x48\x89\x73\x08"  /* mov [rbx+8], rsi */
	                          "\x52\x58"          /* push rdx; pop rax */
	                          "\x51"              /* push rcx */
	                          "\x48\x8b\x4b\x08"); /* mov rcx, [rbx+8] */

	cr_assert(t.valid);
	cr_assert_eq(t.regs[RSP].known, CT_KNOWN_OWN);
	cr_assert_eq(t.regs[RSP].offset, -72);
	cr_assert(holds(aligned_slot(&t, -28), RDI, 4));
	cr_assert(holds(aligned_slot(&t, -56), RSI, 8));
	cr_assert(holds(aligned_slot(&t, -72), RCX, 8));
	cr_assert(holds(&t.regs[RAX], RDX, 8));
	cr_assert(holds(&t.regs[RCX], RSI, 8));
	cr_assert_not(t.outside);
}

Test(track, what_overwrites_the_aligned_frame)
{
	/* Each behind mov [rsp+8], rdi. */
	static const struct {
		const char *what, *text;
		size_t size;
		bool is_left;
	} cases[] = {
#define CASE(what, text, left) { what, ALIGNED "\x48\x89\x7c\x24\x08" text CALL, sizeof(ALIGNED "\x48\x89\x7c\x24\x08" text CALL) - 1, left }
		CASE("mov [rsp+16], rax", "\x48\x89\x44\x24\x10", true),
		CASE("mov [rsp+12], eax: a part of it", "\x89\x44\x24\x0c", false),
		CASE("mov [rbp-8], rax: it may be there", "\x48\x89\x45\xf8", false),
		CASE("mov [rbp+16], rax: the caller's frame", "\x48\x89\x45\x10", false),
		CASE("mov [rsp+64], rax: not below what it was aligned to", "\x48\x89\x44\x24\x40", false),
		CASE("mov [rdx], rax: anywhere", "\x48\x89\x02", false),
		CASE("mov [rsp+rdx], rax: anywhere", "\x48\x89\x04\x14", false),
		CASE("add rsp, 32: below it is the call's", "\x48\x83\xc4\x20", false),
		CASE("and rsp, -64: who knows how far", "\x48\x83\xe4\xc0", false),
		CASE("sub rsp, rdx: it grows", "\x48\x29\xd4", false),
		CASE("je +5; mov [rsp+8], rsi", "\x74\x05\x48\x89\x74\x24\x08", false),
		CASE("je +4; mov [rsp+8], eax", "\x74\x04\x89\x44\x24\x08", false),
		CASE("je +5; mov [rsp+24], rsi", "\x74\x05\x48\x89\x74\x24\x18", true),
#undef CASE
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ct_track t = track(cases[i].text, cases[i].size);

		cr_assert(t.valid, "%s", cases[i].what);
		cr_expect_eq(holds(aligned_slot(&t, -56), RDI, 8), cases[i].is_left, "%s", cases[i].what);
	}
}

#define FAR "\x48\x81\xc3\xff\xff\xff\x1f" /* add rbx, 0x1fffffff */

Test(track, farther_than_any_frame)
{
	struct ct_track by_cfa = TRACK("\x48\x89\xe3" /* mov rbx, rsp */ FAR FAR FAR FAR FAR FAR);
	struct ct_track by_aligned = TRACK(ALIGNED "\x48\x89\xe3" FAR FAR FAR FAR FAR FAR);

	cr_assert_eq(by_cfa.regs[RBX].known, CT_KNOWN_NOTHING);
	cr_assert_eq(by_aligned.regs[RBX].known, CT_KNOWN_OWN);
	cr_assert_eq(by_aligned.regs[RBX].offset, CT_TRACK_SOMEWHERE);
}

Test(track, aligned_on_one_way)
{
	struct ct_track t = TRACK("\x55\x48\x89\xe5"      /* push rbp; mov rbp, rsp */
	                          "\x48\x83\xec\x40"      /* sub rsp, 64 */
	                          "\x74\x09"              /* je +9 */
	                          "\x48\x83\xe4\xe0"      /* and rsp, -32 */
	                          "\x48\x89\x7c\x24\xf8"); /* mov [rsp-8], rdi */

	cr_assert(t.valid);
	cr_assert_eq(t.regs[RSP].known, CT_KNOWN_NOTHING);
	cr_assert_eq(t.aligned_count, 0);
}

Test(track, realigned_stack)
{
	struct ct_track t = TRACK("\x55\x48\x89\xe5"      /* push rbp; mov rbp, rsp */
	                          "\x89\x7d\xec"          /* mov [rbp-20], edi */
	                          "\x48\x83\xe4\xe0"      /* and rsp, -32 */
	                          "\x48\x89\x34\x24");    /* mov [rsp], rsi */

	cr_assert(t.valid);
	cr_assert_eq(t.regs[RSP].known, CT_KNOWN_OWN);
	cr_assert_eq(t.regs[RBP].offset, -16);
	cr_assert_eq(slot(&t, -36)->known, CT_KNOWN_NOTHING, "it may have been written");
}

Test(track, addresses_in_a_realigned_frame)
{
	struct ct_track t = TRACK("\x55\x48\x89\xe5"     /* push rbp; mov rbp, rsp */
	                          "\x53"                 /* push rbx */
	                          "\x48\x83\xe4\xe0"     /* and rsp, -32 */
	                          "\x48\x83\xec\x40"     /* sub rsp, 64 */
	                          "\x48\x89\xe3"         /* mov rbx, rsp */
	                          "\x4c\x8d\x63\x08"     /* lea r12, [rbx+8] */
	                          "\x89\x73\x04"         /* mov [rbx+4], esi */
	                          "\x83\xe2\xf0");       /* and edx, -16 */

	cr_assert(t.valid);
	cr_assert_eq(t.regs[RSP].known, CT_KNOWN_OWN);
	cr_assert_eq(t.regs[RBX].known, CT_KNOWN_OWN);
	cr_assert_eq(t.regs[R12].known, CT_KNOWN_OWN);
	cr_assert_eq(t.regs[RDX].known, CT_KNOWN_NOTHING);
	cr_assert_eq(t.regs[RBP].known, CT_KNOWN_FRAME);
	cr_assert_not(t.outside, "it is written to the own frame");
	cr_assert(holds(slot(&t, -24), RBX, 8), "that was written below it");
}

Test(track, below_the_stack_pointer)
{
	struct ct_track t = TRACK("\x57\x58"            /* push rdi; pop rax */
	                          "\x48\x89\x74\x24\xf0" /* mov [rsp-16], rsi */
	                          "\x52");             /* push rdx */

	cr_assert(t.valid);
	cr_assert(holds(&t.regs[RAX], RDI, 8));
	cr_assert(holds(slot(&t, -16), RDX, 8));
	cr_assert_eq(slot(&t, -24)->known, CT_KNOWN_NOTHING, "the call writes its return address there");
	cr_assert_not(ct_track_written(&t, -24, 8));
}

Test(track, the_callers_frame)
{
	cr_assert_not(TRACK("\x48\x89\x7c\x24\xf8").outside, "mov [rsp-8], rdi");
	cr_assert(TRACK("\x48\x89\x7c\x24\x08").outside, "mov [rsp+8], rdi");
	cr_assert(TRACK("\x48\x89\x38").outside, "mov [rax], rdi");
	cr_assert_not(TRACK("\x48\x83\xe4\xe0\x48\x89\x34\x24").outside, "and rsp, -32; mov [rsp], rsi");
	cr_assert(TRACK("\xe8\0\0\0\0").outside, "a call");
}

/* --- behind an exit hook --- */

struct leaving {
	struct ct_track track;
	bool ok; /* all of it could be followed */
};

/* Instructions one after another, each with its length. */
static struct leaving leave(const struct ct_stack *stack, const char *text, size_t size)
{
	struct leaving l = { .ok = true };
	struct ct_stack unused = *stack;
	struct ct_step step;

	ct_track_exit(stack, &l.track);
	for (size_t at = 0; at < size && l.ok; at = step.next - 0x1000) {
		cr_assert(ct_decode_step((const uint8_t *) text + at, size - at, 0x1000 + at, &unused, &step));
		l.ok = ct_track_exit_step(&l.track, (const uint8_t *) text + at, size - at);
	}
	return l;
}
#define LEAVE(stack, text) leave(&(stack), text, sizeof(text) - 1)

static const struct ct_stack by_rsp = { .rsp_known = true, .rsp = -32 };
static const struct ct_stack by_rbp = { .rbp_known = true, .rbp = -16 };

static bool is(const struct ct_tracked *v, enum ct_known known, int reg, unsigned bytes, int offset)
{
	return v->known == known && v->reg == reg && v->bytes == bytes && v->offset == offset;
}

Test(track_exit, copies_of_kept_registers)
{
	struct leaving l = LEAVE(by_rsp, "\x89\xd8"                 /* mov eax, ebx */
	                                 "\x4c\x89\xea"             /* mov rdx, r13 */
	                                 "\x66\x48\x0f\x6e\xc3"     /* movq xmm0, rbx */
	                                 "\x48\x83\xc4\x10\x5b");   /* add rsp, 16; pop rbx */

	cr_assert(l.ok);
	cr_expect(is(&l.track.regs[RAX], CT_KNOWN_ENTRY, RBX, 4, 0));
	cr_expect(is(&l.track.regs[RDX], CT_KNOWN_ENTRY, 13, 8, 0));
	cr_expect(is(&l.track.regs[XMM0], CT_KNOWN_ENTRY, RBX, 8, 0));
	cr_expect(is(&l.track.regs[RBX], CT_KNOWN_STACK, 0, 8, -16), "what was pushed, not what it was");
	l = LEAVE(by_rsp, "\x5b\x89\xd8"); /* pop rbx; mov eax, ebx */
	cr_expect(is(&l.track.regs[RAX], CT_KNOWN_STACK, 0, 4, -32), "behind the pop it is the caller's");
}

Test(track_exit, loads_from_the_frame)
{
	struct leaving l = LEAVE(by_rbp, "\x8b\x45\xfc"             /* mov eax, [rbp-4] */
	                                 "\xf2\x0f\x10\x4d\xe8"     /* movsd xmm1, [rbp-24] */
	                                 "\x0f\x28\x45\xd0"         /* movaps xmm0, [rbp-48] */
	                                 "\xc9");                    /* leave */

	cr_assert(l.ok);
	cr_expect(is(&l.track.regs[RAX], CT_KNOWN_STACK, 0, 4, -20));
	cr_expect(is(&l.track.regs[XMM0 + 1], CT_KNOWN_STACK, 0, 8, -40));
	cr_expect(is(&l.track.regs[XMM0], CT_KNOWN_STACK, 0, 16, -64));
}

Test(track_exit, numbers)
{
	struct leaving l = LEAVE(by_rsp, "\xb8\xff\xff\xff\xff"     /* mov eax, -1 */
	                                 "\x31\xd2"                 /* xor edx, edx */
	                                 "\x66\x0f\xef\xc0"         /* pxor xmm0, xmm0 */
	                                 "\x48\xc7\xc1\xfe\xff\xff\xff" /* mov rcx, -2 */
	                                 "\x31\xdb");               /* xor ebx, ebx */

	cr_assert(l.ok);
	cr_expect(is(&l.track.regs[RAX], CT_KNOWN_NUMBER, 0, 4, -1), "32 bits of it");
	cr_expect(is(&l.track.regs[RDX], CT_KNOWN_NUMBER, 0, 16, 0));
	cr_expect(is(&l.track.regs[XMM0], CT_KNOWN_NUMBER, 0, 16, 0));
	cr_expect(is(&l.track.regs[RCX], CT_KNOWN_NUMBER, 0, 8, -2));
	l = LEAVE(by_rsp, "\x48\xb8\0\0\0\0\1\0\0\0"); /* movabs rax, 1 << 32 */
	cr_expect(l.ok);
	cr_expect_eq(l.track.regs[RAX].known, CT_KNOWN_NOTHING, "too large to be written down");
	l = LEAVE(by_rsp, "\x31\xd8"); /* xor eax, ebx */
	cr_expect(l.ok);
	cr_expect_eq(l.track.regs[RAX].known, CT_KNOWN_NOTHING);
}

Test(track_exit, what_is_made_there)
{
	static const char *const made[] = {
		"\x8d\x04\x2b\x90",     /* lea eax, [rbx+rbp] */
		"\x89\xd8\xff\xc0",     /* mov eax, ebx; inc eax */
		"\x48\x8b\x03\x90",     /* mov rax, [rbx]: not the frame */
		"\x89\xf0\x90\x90",     /* mov eax, esi: the hook changed it */
		"\x89\xd8\x48\x98",     /* mov eax, ebx; cdqe */
		"\x0f\xaf\xc3\x90",     /* imul eax, ebx */
	};

	for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
		struct leaving l = leave(&by_rsp, made[i], 4);

		cr_expect(l.ok && l.track.regs[RAX].known == CT_KNOWN_NOTHING, "%zu", i);
	}
}

Test(track_exit, stores_end_it)
{
	cr_expect_not(LEAVE(by_rsp, "\x89\x5c\x24\x08").ok, "mov [rsp+8], ebx");
	cr_expect_not(LEAVE(by_rsp, "\x53").ok, "push rbx");
	cr_expect_not(LEAVE(by_rsp, "\xf3\xa4").ok, "rep movsb");
	cr_expect_not(LEAVE(by_rsp, "\x48\x83\x03\x01").ok, "add qword [rbx], 1");
}
