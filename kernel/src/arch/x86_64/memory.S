# The memory functions that compiled Rust calls, and the two unwinder symbols that prebuilt crates name.
# SSE only: no instruction here touches the upper halves of the vector registers, which belong to the
# application while the kernel runs. No `rep`: under emulation it costs a step a byte.
.text
.global memcpy, memmove, memset, memcmp, bcmp, strlen, rust_eh_personality, _Unwind_Resume
.type memcpy,@function
memmove:
    mov rax, rdi
    sub rax, rsi
    cmp rax, rdx
    jb 5f
memcpy:
    mov rax, rdi
    cmp rdx, 16
    jb 3f
    movups xmm1, [rsi+rdx-16]      # tail first (safe for overlap: dst<src checked above)
    lea r8, [rdi+rdx-16]
    cmp rdx, 80
    jb 2f
    lea r9, [r8-64]
9:  movups xmm0, [rsi]             # all loads before the stores, for overlap again
    movups xmm2, [rsi+16]
    movups xmm3, [rsi+32]
    movups xmm4, [rsi+48]
    add rsi, 64
    movups [rdi], xmm0
    movups [rdi+16], xmm2
    movups [rdi+32], xmm3
    movups [rdi+48], xmm4
    add rdi, 64
    cmp rdi, r9
    jbe 9b
2:  movups xmm0, [rsi]
    add rsi, 16
    movups [rdi], xmm0
    add rdi, 16
    cmp rdi, r8
    jb 2b
    movups [r8], xmm1
    ret
3:  test rdx, rdx
    jz 4f
6:  mov cl, [rsi]
    mov [rdi], cl
    inc rsi
    inc rdi
    dec rdx
    jnz 6b
4:  ret
5:  # backward (dst in (src, src+n))
    mov rax, rdi
    test rdx, rdx
    jz 4b
8:  cmp rdx, 16
    jb 7f
    movups xmm0, [rsi+rdx-16]
    movups [rdi+rdx-16], xmm0
    sub rdx, 16
    jnz 8b
    ret
7:  mov cl, [rsi+rdx-1]
    mov [rdi+rdx-1], cl
    dec rdx
    jnz 7b
    ret
memset:
    mov rax, rdi
    movzx esi, sil
    movabs rcx, 0x0101010101010101
    imul rcx, rsi
    cmp rdx, 16
    jb 3f
    movq xmm0, rcx
    punpcklqdq xmm0, xmm0
    lea r8, [rdi+rdx-16]
    cmp rdx, 144
    jb 2f
    lea r9, [r8-128]
9:  movups [rdi], xmm0
    movups [rdi+16], xmm0
    movups [rdi+32], xmm0
    movups [rdi+48], xmm0
    movups [rdi+64], xmm0
    movups [rdi+80], xmm0
    movups [rdi+96], xmm0
    movups [rdi+112], xmm0
    add rdi, 128
    cmp rdi, r9
    jbe 9b
2:  movups [rdi], xmm0
    add rdi, 16
    cmp rdi, r8
    jb 2b
    movups [r8], xmm0
    ret
3:  test rdx, rdx
    jz 4f
5:  mov [rdi], cl
    inc rdi
    dec rdx
    jnz 5b
4:  ret
memcmp:
bcmp:
    xor ecx, ecx
2:  lea r8, [rcx+8]
    cmp r8, rdx
    ja 3f
    mov rax, [rdi+rcx]
    mov r9, [rsi+rcx]
    cmp rax, r9
    jne 5f
    mov rcx, r8
    jmp 2b
3:  cmp rcx, rdx
    je 4f
    movzx eax, byte ptr [rdi+rcx]
    movzx r9d, byte ptr [rsi+rcx]
    sub eax, r9d
    jne 6f
    inc rcx
    jmp 3b
4:  xor eax, eax
6:  ret
5:  bswap rax
    bswap r9
    cmp rax, r9
    sbb eax, eax
    or eax, 1
    ret
strlen:
    xor eax, eax
2:  cmp byte ptr [rdi+rax], 0
    je 3f
    inc rax
    jmp 2b
3:  ret
rust_eh_personality:
_Unwind_Resume:
    ud2
