# A system call that is a cancellation point: takes the place of musl's src/thread/x86_64/syscall_cp.s.
#
# __syscall_cp_asm(cancel: int * [rdi], number [rsi], arguments [rdx, rcx, r8, r9, 8(%rsp), 16(%rsp)])
#
# The handler of the signal that cancels sends a thread to __cp_cancel whose program counter is from
# __cp_begin up to before __cp_end: the thread has not made the call yet, or is to make it again. The
# `syscall` that ends that range is also what the gate returns behind. Where there is no gate it is not
# called even so, for a thread in what stands in for it would be outside the range.

.text
.global __cp_begin, __cp_end, __cp_cancel, __syscall_cp_asm
.hidden __cp_begin, __cp_end, __cp_cancel, __syscall_cp_asm, __cancel, __scull_gate, __scull_has_gate
.type __syscall_cp_asm, @function
__syscall_cp_asm:
__cp_begin:
	cmpl $0, (%rdi)
	jne __cp_cancel
	movq %rsi, %rax
	movq %rdx, %rdi
	movq %rcx, %rsi
	movq %r8, %rdx
	movq %r9, %r10
	movq 8(%rsp), %r8
	movq 16(%rsp), %r9
	cmpl $0, __scull_has_gate(%rip)
	je 1f
	call *__scull_gate(%rip)
1:	syscall
__cp_end:
	ret
__cp_cancel:
	jmp __cancel
