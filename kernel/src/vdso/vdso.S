# The vDSO: the code of linux-vdso.so.1, which programs call instead of the kernel (vdso(7)).
#
# It reads the page in front of it, which the kernel keeps (mod.rs, struct Data). What it cannot
# answer it asks the kernel. All functions follow the C calling convention and touch no vector
# registers.

    .intel_syntax noprefix

# Offsets in the data page.
    .set SEQUENCE, 0
    .set ORIGIN, 8
    .set MULTIPLIER, 16
    .set WALL, 24
    .set CPU_ID, 32

# Bits of clock ids: REALTIME 0, MONOTONIC 1, MONOTONIC_RAW 4, REALTIME_COARSE 5,
# MONOTONIC_COARSE 6, BOOTTIME 7, TAI 11.
    .set CLOCKS, 0x8f3
    .set WALL_CLOCKS, 0x821
    .set FINE_CLOCKS, 0x893
    .set CLOCK_MONOTONIC, 1
    .set LAST_CLOCK, 11

    .set SYS_gettimeofday, 96
    .set SYS_time, 201
    .set SYS_clock_gettime, 228
    .set SYS_clock_getres, 229

    .hidden vdso_data
    .text

    .macro FUNCTION name
    .balign 16
    .globl __vdso_\name
    .weak \name
    .type __vdso_\name, @function
    .type \name, @function
__vdso_\name:
\name:
    .cfi_startproc
    .endm

    .macro END_FUNCTION name
    .cfi_endproc
    .size __vdso_\name, . - __vdso_\name
    .size \name, . - \name
    .endm

# Splits rax nanoseconds into rdx seconds and r8 nanoseconds; rax and rcx are lost.
    .macro SPLIT
    mov r8, rax
    shr rax, 9
    movabs rdx, 0x44b82fa09b5a53        # 2^75 / (10^9 / 2^9), rounded up: exact for any u64
    mul rdx
    shr rdx, 11
    imul rcx, rdx, 1000000000
    sub r8, rcx
    .endm

# Puts the nanoseconds since the start in rax and the time of day at the start in r9; the zero flag
# is set if the counter cannot be used. rcx, rdx, r8 and r10 are lost. AGAIN belongs after it, where
# nothing comes by.
    .macro READ_CLOCK
11: mov r8d, [rip + vdso_data + SEQUENCE]
    test r8d, 1
    jnz 13f
    lfence
    rdtsc
    shl rdx, 32
    or rax, rdx
    sub rax, [rip + vdso_data + ORIGIN]
    jae 12f
    xor eax, eax
12: mov r10, [rip + vdso_data + MULTIPLIER]
    mul r10
    shrd rax, rdx, 32
    mov r9, [rip + vdso_data + WALL]
    cmp r8d, [rip + vdso_data + SEQUENCE]
    jne 11b
    test r10, r10
    .endm

# Waits until the page is whole again.
    .macro AGAIN
13: pause
    jmp 11b
    .endm

# Does READ_CLOCK.
    .balign 16
    .type read_clock, @function
read_clock:
    .cfi_startproc
    READ_CLOCK
    ret
    AGAIN
    .cfi_endproc
    .size read_clock, . - read_clock

# int clock_gettime(clockid_t clock, struct timespec *time)
    FUNCTION clock_gettime
    cmp edi, CLOCK_MONOTONIC
    jne 2f
    READ_CLOCK
    jz 3f
1:  SPLIT
    mov [rsi], rdx
    mov [rsi + 8], r8
    xor eax, eax
    ret
2:  cmp edi, LAST_CLOCK
    ja 3f
    mov eax, CLOCKS
    bt eax, edi
    jnc 3f
    call read_clock
    jz 3f
    mov ecx, WALL_CLOCKS
    bt ecx, edi
    jnc 1b
    add rax, r9
    jmp 1b
3:  mov eax, SYS_clock_gettime
    syscall
    ret
    AGAIN
    END_FUNCTION clock_gettime

# int clock_getres(clockid_t clock, struct timespec *resolution)
    FUNCTION clock_getres
    cmp edi, LAST_CLOCK
    ja 2f
    mov eax, FINE_CLOCKS
    bt eax, edi
    jnc 2f
    test rsi, rsi
    jz 1f
    mov qword ptr [rsi], 0
    mov qword ptr [rsi + 8], 1
1:  xor eax, eax
    ret
2:  mov eax, SYS_clock_getres
    syscall
    ret
    END_FUNCTION clock_getres

# int gettimeofday(struct timeval *time, struct timezone *zone)
    FUNCTION gettimeofday
    test rdi, rdi
    jz 1f
    call read_clock
    jz 3f
    add rax, r9
    SPLIT
    imul r8, r8, 274877907              # 2^38 / 1000, rounded up: exact below 10^9
    shr r8, 38
    mov [rdi], rdx
    mov [rdi + 8], r8
1:  test rsi, rsi
    jz 2f
    mov qword ptr [rsi], 0
2:  xor eax, eax
    ret
3:  mov eax, SYS_gettimeofday
    syscall
    ret
    END_FUNCTION gettimeofday

# time_t time(time_t *time)
    FUNCTION time
    call read_clock
    jz 2f
    add rax, r9
    SPLIT
    mov rax, rdx
    test rdi, rdi
    jz 1f
    mov [rdi], rax
1:  ret
2:  mov eax, SYS_time
    syscall
    ret
    END_FUNCTION time

# int getcpu(unsigned *cpu, unsigned *node, void *unused)
# GS base points to the kernel's area of the processor this runs on.
    FUNCTION getcpu
    mov rax, [rip + vdso_data + CPU_ID]
    mov eax, gs:[rax]
    test rdi, rdi
    jz 1f
    mov [rdi], eax
1:  test rsi, rsi
    jz 2f
    mov dword ptr [rsi], 0
2:  xor eax, eax
    ret
    END_FUNCTION getcpu

    .section .note.GNU-stack, "", @progbits
