/* How musl makes system calls when it is built for Scull: takes the place of its own
   arch/x86_64/syscall_arch.h.

   A call site is `call *__scull_gate(%rip)` with `syscall` right behind it. On Scull the gate leads
   into the kernel, which returns behind the `syscall`; on Linux, and until gate.c has run, it leads
   to a `ret`, and the `syscall` is what enters. Number, arguments and result are in the registers
   that `syscall` takes them in. Lost are RCX, R11, the flags, and all vector registers, which is
   why the kernel need not save them. Whatever has to be told from a program counter (restart after a
   signal, cancellation) is as with `syscall` alone.

   The call pushes a return address, so musl is built without red zones. */

#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)

#define __SCULL_CALL(result, ...) \
	__asm__ __volatile__ ("call *__scull_gate(%%rip)\n\tsyscall" \
		: "=a"(result) : __VA_ARGS__ \
		: "memory", "cc", "rcx", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", \
		  "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15")

static __inline long __syscall0(long n)
{
	long result;
	__SCULL_CALL(result, "a"(n));
	return result;
}

static __inline long __syscall1(long n, long a)
{
	long result;
	__SCULL_CALL(result, "a"(n), "D"(a));
	return result;
}

static __inline long __syscall2(long n, long a, long b)
{
	long result;
	__SCULL_CALL(result, "a"(n), "D"(a), "S"(b));
	return result;
}

static __inline long __syscall3(long n, long a, long b, long c)
{
	long result;
	__SCULL_CALL(result, "a"(n), "D"(a), "S"(b), "d"(c));
	return result;
}

static __inline long __syscall4(long n, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long result;
	__SCULL_CALL(result, "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10));
	return result;
}

static __inline long __syscall5(long n, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long result;
	__SCULL_CALL(result, "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8));
	return result;
}

static __inline long __syscall6(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;
	__SCULL_CALL(result, "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9));
	return result;
}

/* What the vDSO has, on Linux and on Scull. */
#define VDSO_USEFUL
#define VDSO_CGT_SYM "__vdso_clock_gettime"
#define VDSO_CGT_VER "LINUX_2.6"
#define VDSO_GETCPU_SYM "__vdso_getcpu"
#define VDSO_GETCPU_VER "LINUX_2.6"

#define IPC_64 0
