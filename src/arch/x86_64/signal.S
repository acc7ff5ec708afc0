/*
 * signal.S - where the recorder's signal handler returns to: rt_sigreturn(). Debuggers and unwinders know
 * it by these very bytes, gdb only under a name like this.
 */
	.text
	.p2align 4
	nop
	.globl ct_sigreturn
	.hidden ct_sigreturn
	.type ct_sigreturn, @function
ct_sigreturn:
	movq $15, %rax
	syscall
	.size ct_sigreturn, . - ct_sigreturn

	.section .note.GNU-stack, "", @progbits
