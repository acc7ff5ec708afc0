/*
 * values.S - HOT. The hooks' other half: where values are wanted, the registers of the caller are
 * written down before anything else happens, and a function's return passes through here.
 * The vector registers, only if they are asked for: on the straight path the recorder, compiled for
 * general registers, does not touch them.
 *
 * At the enter hook rdi and rsi are the hook's own arguments; all other registers are what they
 * were at the call instruction, whatever the calling convention says of them: compilers do
 * rely on that in their debug information (clang -O2: a fifth of all parameters).
 */
	.text

	.hidden ct_enter_values
	.hidden ct_exit_values
	.hidden ct_return

/* struct ct_registers (runtime/values.h): general registers by DWARF's numbers, xmm0-15, two words. */
#define REGISTERS 400

/*
 * Entered by a jump from __cyg_profile_func_enter, so with its stack: the hook's return
 * address on top.
 */
	.globl ct_enter_stub_values
	.hidden ct_enter_stub_values
	.type ct_enter_stub_values, @function
	.p2align 5
ct_enter_stub_values:
	.cfi_startproc
	subq $(REGISTERS + 8), %rsp
	.cfi_adjust_cfa_offset REGISTERS + 8
	movq %rax, 0(%rsp)
	movq %rdx, 8(%rsp)
	movq %rcx, 16(%rsp)
	movq %rbx, 24(%rsp)
	movq %rsi, 32(%rsp)
	movq %rdi, 40(%rsp)
	movq %rbp, 48(%rsp)
	leaq (REGISTERS + 16)(%rsp), %rax
	movq %rax, 56(%rsp)
	movq %r8, 64(%rsp)
	movq %r9, 72(%rsp)
	movq %r10, 80(%rsp)
	movq %r11, 88(%rsp)
	movq %r12, 96(%rsp)
	movq %r13, 104(%rsp)
	movq %r14, 112(%rsp)
	movq %r15, 120(%rsp)
	movq (REGISTERS + 8)(%rsp), %rdx
	movq %rsp, %rcx
	call ct_enter_values
	movq 0(%rsp), %rax
	movq 8(%rsp), %rdx
	addq $(REGISTERS + 8), %rsp
	.cfi_adjust_cfa_offset -(REGISTERS + 8)
	ret
	.cfi_endproc
	.size ct_enter_stub_values, . - ct_enter_stub_values

/* void ct_save_vectors(struct ct_registers *to, unsigned count): the first of xmm0-15, at least so many. */
	.globl ct_save_vectors
	.hidden ct_save_vectors
	.type ct_save_vectors, @function
	.p2align 4
ct_save_vectors:
	.cfi_startproc
	movups %xmm0, 128(%rdi)
	cmpl $1, %esi
	jbe 1f
	.irp n, 1, 2, 3, 4, 5, 6, 7
	movups %xmm\n, (128 + 16 * \n)(%rdi)
	.endr
	cmpl $8, %esi
	jbe 1f
	.irp n, 8, 9, 10, 11, 12, 13, 14, 15
	movups %xmm\n, (128 + 16 * \n)(%rdi)
	.endr
1:	ret
	.cfi_endproc
	.size ct_save_vectors, . - ct_save_vectors

/*
 * ct_enter_stub_values for the exit hook, which writes down what a function keeps: struct
 * ct_kept_registers (runtime/values.h). A returned value waits there.
 */
#define KEPT 72
	.globl ct_exit_stub_values
	.hidden ct_exit_stub_values
	.type ct_exit_stub_values, @function
	.p2align 5
ct_exit_stub_values:
	.cfi_startproc
	subq $(KEPT + 16), %rsp
	.cfi_adjust_cfa_offset KEPT + 16
	movq %rax, KEPT(%rsp)
	movq %rdx, (KEPT + 8)(%rsp)
	leaq (KEPT + 24)(%rsp), %rax
	movq %rbx, 0(%rsp)
	movq %rbp, 8(%rsp)
	movq %rax, 16(%rsp)
	movq %r12, 24(%rsp)
	movq %r13, 32(%rsp)
	movq %r14, 40(%rsp)
	movq %r15, 48(%rsp)
	movq (KEPT + 16)(%rsp), %rdx
	movq %rsp, %rcx
	call ct_exit_values
	movq KEPT(%rsp), %rax
	movq (KEPT + 8)(%rsp), %rdx
	addq $(KEPT + 16), %rsp
	.cfi_adjust_cfa_offset -(KEPT + 16)
	ret
	.cfi_endproc
	.size ct_exit_stub_values, . - ct_exit_stub_values

/*
 * Where a function returns to whose return address was exchanged. Its frame is gone; rsp is its
 * canonical frame address. All that a caller may look at is kept: rax and rdx are put back, and
 * no vector or x87 register is changed. It goes on by a jump, not by a return, so that the
 * processor's own stack of return addresses still fits the callers'; r11 may be clobbered by any call.
 *
 * Unwinders cannot go on from here, or from a signal handler one frame deeper, because the address
 * is in thread-local memory, which CFI cannot name. They stop.
 *
 * The nop is for unwinders, which look up the address before the return address.
 */
	.type ct_return_stub_begin, @function
	.p2align 4
ct_return_stub_begin:
	.cfi_startproc
	.cfi_def_cfa %rsp, 0
	.cfi_undefined %rip
	nop
	.globl ct_return_stub
	.hidden ct_return_stub
ct_return_stub:
	subq $64, %rsp
	.cfi_adjust_cfa_offset 64
	movq %rax, 0(%rsp)
	movq %rdx, 8(%rsp)
	movups %xmm0, 16(%rsp)
	movups %xmm1, 32(%rsp)
	movq %rsp, %rdi
	leaq 64(%rsp), %rsi
	call ct_return
	movq %rax, %r11
	movq 0(%rsp), %rax
	movq 8(%rsp), %rdx
	addq $64, %rsp
	.cfi_adjust_cfa_offset -64
	notrack jmp *%r11
	.cfi_endproc
	.size ct_return_stub_begin, . - ct_return_stub_begin

/* void ct_peek_x87(void *to, int both): copies st0, or st0 and st1, 16 bytes apart, and leaves them. */
	.globl ct_peek_x87
	.hidden ct_peek_x87
	.type ct_peek_x87, @function
	.p2align 4
ct_peek_x87:
	.cfi_startproc
	fstpt (%rdi)
	testl %esi, %esi
	je 1f
	fstpt 16(%rdi)
	fldt 16(%rdi)
1:	fldt (%rdi)
	ret
	.cfi_endproc
	.size ct_peek_x87, . - ct_peek_x87

/*
 * uint64_t ct_shadow_stack(void): the shadow stack pointer, 0 where there is none: rdsspq does nothing
 * then (Intel SDM, volume 1, chapter 17).
 */
	.globl ct_shadow_stack
	.hidden ct_shadow_stack
	.type ct_shadow_stack, @function
	.p2align 4
ct_shadow_stack:
	.cfi_startproc
	xorl %eax, %eax
	rdsspq %rax
	ret
	.cfi_endproc
	.size ct_shadow_stack, . - ct_shadow_stack

	.section .note.GNU-stack, "", @progbits
