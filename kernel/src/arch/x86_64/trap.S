# Ways into the kernel: 256 gates of the IDT, `syscall`, and the shim's gate. All build a TrapFrame
# (frame.rs) and call Rust.
#
# The application runs in ring 0 too, so the processor never switches stacks by privilege. Every gate
# therefore uses an IST stack, and the stub moves its frame away at once: to the top of the thread's
# kernel stack when the application was interrupted, 128 bytes (the red zone) below RSP when the kernel was.
# NMI, #DF and #MC stay on stacks of their own, and so does a #PF by which a kernel stack grows. Interrupts
# are off in the kernel until the way out.

.set CPU_KERNEL_STACK_TOP, 8
.set CPU_KERNEL_STACK_BOTTOM, 16
.set CPU_SCRATCH, 24
.set CPU_FAULT_ADDRESS, 32
.set CPU_ATTENTION, 40
.set FRAME_XMM, 256
# Where kernel stacks are (STACKS_BASE, paging.rs) in units of 2^39, and the part of a page fault's IST stack
# that serving their growth may take.
.set STACKS_NUMBER, 0x1ffff92
.set FAULT_ROOM, 8192

# Goes to `label` unless RIP, in a gate's frame, is in the kernel's text: it is wherever the program jumped.
.macro UNLESS_KERNEL label
    mov rax, [rsp + 32]
    lea rcx, [rip + __text_start]
    cmp rax, rcx
    jb \label
    lea rcx, [rip + __text_end]
    cmp rax, rcx
    jae \label
.endm

.macro SAVE_XMM
    sub rsp, FRAME_XMM
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movups [rsp + 16*\n], xmm\n
    .endr
.endm

# All general registers below RAX and RCX.
.macro SAVE_REGISTERS
    .irp register, rdx,rbx,rsi,rdi,rbp,r8,r9,r10,r11,r12,r13,r14,r15
    push \register
    .endr
.endm

# Back from a system call whose frame has R15 `at` bytes above RSP: what calls may change are RAX, RCX and
# R11. `sti` takes effect after the jump, so no interrupt comes on this stack in kernel code.
.macro RETURN_FROM_CALL at
    mov r10, [rsp + \at + 40]
    mov r9, [rsp + \at + 48]
    mov r8, [rsp + \at + 56]
    mov rdi, [rsp + \at + 72]
    mov rsi, [rsp + \at + 80]
    mov rdx, [rsp + \at + 96]
    mov rcx, [rsp + \at + 136]   # rip
    mov rsp, [rsp + \at + 160]
    sti
    jmp rcx
.endm

.macro RESTORE_XMM
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movups xmm\n, [rsp + 16*\n]
    .endr
    add rsp, FRAME_XMM
.endm

# Where accesses to a program's memory continue: a fault between a row's first two labels that cannot
# be resolved continues at its third.
.section .rodata.fixups,"a",@progbits
.balign 8
.global user_fixups
user_fixups:
.text
.macro FIXUP start, end, target
    .pushsection .rodata.fixups,"a",@progbits
    .quad \start, \end, \target
    .popsection
.endm

.macro GATE n, has_error
.balign 16
gate_\n:
    .if \has_error == 0
    push 0
    .endif
    push \n
    jmp gate_common
.endm
.altmacro
.macro GATE_NUMBERED n
    .if (\n == 8) || ((\n >= 10) && (\n <= 14)) || (\n == 17) || (\n == 21)
    GATE \n, 1
    .else
    GATE \n, 0
    .endif
.endm
.set i, 0
.rept 256
    GATE_NUMBERED %i
    .set i, i+1
.endr
.macro GATE_ADDRESS n
    .quad gate_\n
.endm
.section .rodata.gates,"a",@progbits
.balign 8
.global trap_gates
trap_gates:
.set i, 0
.rept 256
    GATE_ADDRESS %i
    .set i, i+1
.endr
.noaltmacro

.text
# On the IST stack: vector, error, rip, cs, rflags, rsp, ss.
gate_common:
    push rax
    push rcx
    mov eax, dword ptr [rsp + 16]
    cmp eax, 2                   # NMI
    je gate_in_place
    cmp eax, 8                   # #DF
    je gate_in_place
    cmp eax, 18                  # #MC
    je gate_in_place
    cmp eax, 14
    je gate_page_fault
gate_move:
    UNLESS_KERNEL 1f
    lea rcx, [rip + gate_entry]
    cmp rax, rcx                 # not in yet (trap.rs)
    je 1f
    cmp dword ptr [rsp + 16], 14
    je gate_make_room
gate_from_kernel:
    mov rax, [rsp + 56]          # interrupted RSP
    sub rax, 128
    and rax, -16
    lea rcx, [rax - 1024]
    cmp rcx, gs:[CPU_KERNEL_STACK_BOTTOM]
    jb gate_in_place             # the kernel stack is full: report from here
    jmp 2f
1:  mov rax, gs:[CPU_KERNEL_STACK_TOP]
2:  mov rcx, [rsp + 64]
    mov [rax - 8], rcx           # ss
    mov rcx, [rsp + 56]
    mov [rax - 16], rcx          # rsp
    mov rcx, [rsp + 48]
    mov [rax - 24], rcx          # rflags
    mov rcx, [rsp + 40]
    mov [rax - 32], rcx          # cs
    mov rcx, [rsp + 32]
    mov [rax - 40], rcx          # rip
    mov rcx, [rsp + 24]
    mov [rax - 48], rcx          # error
    mov rcx, [rsp + 16]
    mov [rax - 56], rcx          # vector
    mov rcx, [rsp + 8]
    mov [rax - 64], rcx          # rax
    mov rcx, [rsp]
    mov [rax - 72], rcx          # rcx
    lea rsp, [rax - 72]
gate_in_place:
    SAVE_REGISTERS
    SAVE_XMM
    cld
    mov rdi, rsp
    mov rbx, rsp
    and rsp, -16
    call trap_entry
    mov rsp, rbx
# RSP = a complete TrapFrame: restore all of it and go where it says.
.global trap_return
trap_return:
    RESTORE_XMM
    pop r15
    pop r14
    pop r13
    pop r12
    pop r11
    pop r10
    pop r9
    pop r8
    pop rbp
    pop rdi
    pop rsi
    pop rbx
    pop rdx
    pop rcx
    pop rax
    add rsp, 16
    iretq

# CR2 is kept before the frame is moved, for a kernel stack may grow by that.
gate_page_fault:
    mov rax, cr2
    shr rax, 39
    cmp eax, STACKS_NUMBER
    je 2f
1:  mov rax, cr2
    mov gs:[CPU_FAULT_ADDRESS], rax
    jmp gate_move
2:  UNLESS_KERNEL 1b
# A kernel stack grows (stack.rs): on this stack, with whatever is locked.
    SAVE_REGISTERS
    SAVE_XMM
    cld
    mov rdi, rsp
    mov rsi, cr2
    mov rbx, rsp
    and rsp, -16
    call stack_fault
    mov rsp, rbx
    jmp trap_return

# Another page fault of the kernel leaves the top of this stack to one by which the kernel stack grows.
gate_make_room:
    .irp n, 0,1,2,3,4,5,6,7,8
    mov rcx, [rsp + 8*\n]
    mov [rsp + 8*\n - FAULT_ROOM], rcx
    .endr
    sub rsp, FAULT_ROOM
    jmp gate_from_kernel

# `syscall`: RCX = return address, R11 = RFLAGS, IF, DF, TF, NT and AC cleared by FMASK, RSP unchanged.
.global syscall_entry
syscall_entry:
    mov gs:[CPU_SCRATCH], rsp
    mov rsp, gs:[CPU_KERNEL_STACK_TOP]
    push 0x10
    push qword ptr gs:[CPU_SCRATCH]
    push r11
    push 8
    push rcx
    push rax                     # the call's number, where exceptions have their error code
    push 256                     # no vector: a system call
    push rax
    push rcx
    SAVE_REGISTERS
    SAVE_XMM
    mov rdi, rsp
    call syscall_dispatch
    cmp byte ptr gs:[CPU_ATTENTION], 0
    jne syscall_attended
    test byte ptr [rsp + FRAME_XMM + 153], 1   # TF: to be set by no instruction of the kernel but the last
    jnz syscall_attended
    RESTORE_XMM
    mov r11, [rsp + 152]         # rflags
    push r11
    and dword ptr [rsp], 0xfffffdff   # interrupts stay off until the jump
    popfq
    RETURN_FROM_CALL 0

# The shim's gate, entered by `call` with a `syscall` behind it (abi/shim/syscall_arch.h): as if by that
# instruction, but without what it costs, since vector registers and flags are the caller's to save.
.global gate_entry
gate_entry:
    cli                          # as long as this has not run, the program has not come in (trap.rs)
    cld
    mov rcx, rsp
    mov rsp, gs:[CPU_KERNEL_STACK_TOP]
    add rcx, 8
    push 0x10
    push rcx
    push 0x202
    push 8
gate_return_address:
    push qword ptr [rcx - 8]
1:  add qword ptr [rsp], 2       # behind the `syscall`
    push rax
    push 256
    push rax
    push rcx
    SAVE_REGISTERS
    sub rsp, FRAME_XMM
    mov rdi, rsp
    call syscall_dispatch
    cmp byte ptr gs:[CPU_ATTENTION], 0
    jne syscall_attended
    RETURN_FROM_CALL FRAME_XMM
# The stack went away after the call: return to where nothing is.
gate_without_stack:
    push 0
    jmp 1b
FIXUP gate_return_address, 1b, gate_without_stack

# The slow way back from a system call with its result in RAX: restores all registers, since some may
# have been changed, and the flags with the jump.
syscall_attended:
    mov rdi, rsp
    mov rsi, rax
    call syscall_attend
    jmp trap_return

# context_switch(save: *mut u64 [rdi], load: u64 [rsi]): parks this kernel stack and continues another.
.global context_switch
context_switch:
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
    mov [rdi], rsp
    mov rsp, rsi
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    ret

# Where a new thread's first context_switch returns to; its TrapFrame is what is left on the stack.
.global thread_entry
thread_entry:
    mov rdi, rsp
    call thread_started
    jmp trap_return

# Accesses to a program's memory (user.rs is the caller).

# user_copy(to [rdi], from [rsi], count [rdx]) -> bytes not copied [rax]
.global user_copy
user_copy:
    cmp rdx, 16
    jb 2f
    cmp rdx, 64
    jb 1f
5:  movups xmm0, [rsi]
    movups xmm1, [rsi + 16]
    movups xmm2, [rsi + 32]
    movups xmm3, [rsi + 48]
    movups [rdi], xmm0
    movups [rdi + 16], xmm1
    movups [rdi + 32], xmm2
    movups [rdi + 48], xmm3
    add rsi, 64
    add rdi, 64
    sub rdx, 64
    cmp rdx, 64
    jae 5b
    cmp rdx, 16
    jb 2f
1:  movups xmm0, [rsi]
    movups [rdi], xmm0
    add rsi, 16
    add rdi, 16
    sub rdx, 16
    cmp rdx, 16
    jae 1b
2:  cmp rdx, 8
    jb 7f
    mov rax, [rsi]
    mov [rdi], rax
    add rsi, 8
    add rdi, 8
    sub rdx, 8
7:  cmp rdx, 4
    jb user_copy_bytes
    mov eax, [rsi]
    mov [rdi], eax
    add rsi, 4
    add rdi, 4
    sub rdx, 4
user_copy_bytes:
    test rdx, rdx
    jz 4f
3:  mov al, [rsi]
    mov [rdi], al
    inc rsi
    inc rdi
    dec rdx
    jnz 3b
4:  xor eax, eax
    ret
user_copy_stopped:
    mov rax, rdx
    ret
FIXUP user_copy, user_copy_bytes, user_copy_bytes
FIXUP user_copy_bytes, user_copy_stopped, user_copy_stopped

# user_zero(at [rdi], count [rsi]) -> bytes not cleared [rax]
.global user_zero
user_zero:
    xorps xmm0, xmm0
    cmp rsi, 16
    jb user_zero_bytes
1:  movups [rdi], xmm0
    add rdi, 16
    sub rsi, 16
    cmp rsi, 16
    jae 1b
user_zero_bytes:
    test rsi, rsi
    jz 3f
2:  mov byte ptr [rdi], 0
    inc rdi
    dec rsi
    jnz 2b
3:  xor eax, eax
    ret
user_zero_stopped:
    mov rax, rsi
    ret
FIXUP user_zero, user_zero_bytes, user_zero_bytes
FIXUP user_zero_bytes, user_zero_stopped, user_zero_stopped

# user_load_u32(at [rdi], value: *mut u32 [rsi]) -> 0, or 1 after a fault [rax]
.global user_load_u32
user_load_u32:
    mov eax, [rdi]
    mov [rsi], eax
    xor eax, eax
    ret
user_word_stopped:
    mov eax, 1
    ret
FIXUP user_load_u32, user_word_stopped, user_word_stopped

# user_compare_exchange_u32(at [rdi], value: *mut u32 [rsi], new [edx]) -> 0, or 1 after a fault [rax]
# *value is what is expected there before, and what was found there after.
.global user_compare_exchange_u32
user_compare_exchange_u32:
    mov eax, [rsi]
    lock cmpxchg [rdi], edx
    mov [rsi], eax
    xor eax, eax
    ret
user_exchange_stopped:
    mov eax, 1
    ret
FIXUP user_compare_exchange_u32, user_exchange_stopped, user_exchange_stopped

.section .rodata.fixups,"a",@progbits
.quad 0, 0, 0
.text
