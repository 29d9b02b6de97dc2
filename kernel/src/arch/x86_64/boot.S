# PVH entry: 32-bit protected mode, paging off, EBX = struct hvm_start_info (Xen docs/misc/pvh.pandoc).
# Builds tables that map the first 4 GiB at 0, at the direct map and, its first 2 GiB, at the kernel's base,
# switches to long mode and calls kernel_main(start_info, tsc_at_entry).
.section .note.pvh,"a",@note
.balign 4
.long 4
.long 8
.long 18                         # XEN_ELFNOTE_PHYS32_ENTRY
.asciz "Xen"
.quad pvh_start

# From protected mode without paging to 64-bit code at `target`, on the tables made below.
.macro ENTER_LONG_MODE target
    mov eax, cr4
    or  eax, 0x6a0               # PAE | PGE | OSFXSR | OSXMMEXCPT
    mov cr4, eax
    mov eax, offset boot_pml4
    mov cr3, eax
    mov ecx, 0xC0000080          # IA32_EFER
    rdmsr
    or  eax, 0x901               # SCE | LME | NXE
    wrmsr
    mov eax, cr0
    and eax, 0x9ffffff3          # clear CD, NW, EM, TS
    or  eax, 0x80010023          # PG | WP | NE | MP | PE
    mov cr0, eax
    lgdt [boot_gdt_ptr]
    .byte 0xea                   # jmp far 8:target
    .long \target
    .word 8
.endm

.section .boot.text,"ax",@progbits
.code32
.global pvh_start
pvh_start:
    cli
    cld
    mov edi, ebx
    rdtsc
    mov dword ptr [boot_tsc], eax
    mov dword ptr [boot_tsc+4], edx
    mov dword ptr [boot_info], edi

    xor ecx, ecx
1:  mov eax, ecx
    shl eax, 21
    or  eax, 0x83                # P|RW|PS
    mov dword ptr [boot_pd + ecx*8], eax
    mov dword ptr [boot_pd + ecx*8 + 4], 0
    inc ecx
    cmp ecx, 2048
    jne 1b
    mov eax, offset boot_pd
    or  eax, 3
    mov dword ptr [boot_pdpt], eax
    mov dword ptr [boot_pdpt_kernel + 510*8], eax
    add eax, 0x1000
    mov dword ptr [boot_pdpt+8], eax
    mov dword ptr [boot_pdpt_kernel + 511*8], eax
    add eax, 0x1000
    mov dword ptr [boot_pdpt+16], eax
    add eax, 0x1000
    mov dword ptr [boot_pdpt+24], eax
    mov eax, offset boot_pdpt
    or eax, 3
    mov dword ptr [boot_pml4], eax
    mov dword ptr [boot_pml4 + 256*8], eax
    mov eax, offset boot_pdpt_kernel
    or eax, 3
    mov dword ptr [boot_pml4 + 511*8], eax

    ENTER_LONG_MODE long_entry

.code64
long_entry:
    mov ax, 0x10
    mov ds, ax
    mov es, ax
    mov ss, ax
    xor eax, eax
    mov fs, ax
    mov gs, ax
    movabs rsp, offset boot_stack_top
    xor ebp, ebp
    mov edi, dword ptr [boot_info]
    mov rsi, qword ptr [boot_tsc]
    movabs rax, offset kernel_main
    call rax
    ud2

# Where another processor begins (Intel SDM vol. 3 §9.4.4): 16-bit code that is copied to the page that the
# start-up interrupt names. It needs no stack, and knows no more than where this file's tables are.
.code16
.global ap_trampoline, ap_trampoline_end
ap_trampoline:
    cli
    mov ax, cs
    mov ds, ax
    .byte 0x66, 0x0f, 0x01, 0x16 # lgdt [ap_gdt_ptr - ap_trampoline], with all 32 bits of the base
    .word ap_gdt_ptr - ap_trampoline
    mov eax, cr0
    or  al, 1                    # PE
    mov cr0, eax
    .byte 0x66, 0xea             # jmp far 0x18:ap_protected
    .long ap_protected
    .word 0x18
ap_gdt_ptr:
    .word boot_gdt_end - boot_gdt - 1
    .long boot_gdt
ap_trampoline_end:

.code32
ap_protected:
    mov ax, 0x10
    mov ds, ax
    mov es, ax
    mov ss, ax
    ENTER_LONG_MODE ap_long

.code64
ap_long:
    xor eax, eax
    mov fs, ax
    mov gs, ax
    movabs rax, offset ap_high
    jmp rax

.section .boot.data,"aw",@progbits
.balign 16
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff     # 0x08 64-bit code
    .quad 0x00cf93000000ffff     # 0x10 data
    .quad 0x00cf9b000000ffff     # 0x18 32-bit code
boot_gdt_end:
boot_gdt_ptr:
    .word boot_gdt_end - boot_gdt - 1
    .quad boot_gdt
.balign 8
boot_info: .quad 0
boot_tsc: .quad 0

.section .boot.bss,"aw",@nobits
.balign 4096
boot_pml4: .skip 4096
boot_pdpt: .skip 4096
boot_pdpt_kernel: .skip 4096
boot_pd: .skip 16384

# The kernel's tables do not have the low addresses: on from here at its own, with them and a stack there.
.text
ap_high:
    mov rax, qword ptr [rip + ap_root]
    mov cr3, rax
    mov rsp, qword ptr [rip + ap_stack_top]
    xor ebp, ebp
    call ap_main
    ud2

# What the processor that is being started needs: smp.rs fills it in.
.section .data
.balign 8
.global ap_root, ap_stack_top
ap_root: .quad 0
ap_stack_top: .quad 0

.section .bss.stack,"aw",@nobits
.balign 4096
.global boot_stack_bottom, boot_stack_top
boot_stack_bottom:
.skip 0x10000
boot_stack_top:
.text
