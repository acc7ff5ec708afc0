/*
 * hooks.S - HOT. What -finstrument-functions calls.
 *
 *     caller:   call f          pushes the call site's return address  (2nd argument)
 *     f:        ...             prologue
 *               call enter      pushes the hook's return address       ("hook")
 *
 * The C side gets (function, call site, hook, sp, rbp), sp being the stack pointer as it was
 * at the call instruction.
 *
 * libc's own hooks are a bare `ret`. A function that lost its `return` hands its caller
 * whatever is in the result registers when the exit hook returns; so rax and rdx must come
 * out as they went in, as with libc's. xmm0 is not touched on the way through (the
 * runtime is compiled for general registers only).
 *
 * Unwinders see through both stubs: the CFI is exact at every instruction.
 *
 * ct_on: 0, nothing is recorded; 1, calls are; 2, calls with their values (values.S). Where nothing is, no branch is taken: that
 * is as cheap as libc's hooks, and costs the others nothing that could be measured.
 */
	.text

	.macro hook name, target, with_values
	.globl \name
	.type \name, @function
	.p2align 5
\name:
	.cfi_startproc
	endbr64
	cmpl $1, ct_on(%rip)
	jae 2f
	ret
2:	ja \with_values
	pushq %rax
	.cfi_adjust_cfa_offset 8
	pushq %rdx
	.cfi_adjust_cfa_offset 8
	subq $8, %rsp
	.cfi_adjust_cfa_offset 8
	movq 24(%rsp), %rdx
	leaq 32(%rsp), %rcx
	movq %rbp, %r8
	call \target
	addq $8, %rsp
	.cfi_adjust_cfa_offset -8
	popq %rdx
	.cfi_adjust_cfa_offset -8
	popq %rax
	.cfi_adjust_cfa_offset -8
	ret
	.cfi_endproc
	.size \name, . - \name
	.endm

	.hidden ct_on
	.hidden ct_enter
	.hidden ct_exit

	.hidden ct_enter_stub_values
	.hidden ct_exit_stub_values

	hook __cyg_profile_func_enter, ct_enter, ct_enter_stub_values
	hook __cyg_profile_func_exit, ct_exit, ct_exit_stub_values

	.section .note.GNU-stack, "", @progbits
