// A handler may change the registers that it interrupted, vector registers too.
#include "../test.h"
#include <cpuid.h>
#include <ucontext.h>

static int steps;

static void change(int number, siginfo_t *info, void *context)
{
	ucontext_t *at = context;
	struct _libc_fpstate *state = (void *)at->uc_mcontext.fpregs;

	(void)number;
	(void)info;
	at->uc_mcontext.gregs[REG_R12] = 0x1212;
	at->uc_mcontext.gregs[REG_R13] += 13;
	at->uc_mcontext.gregs[REG_RBX] = 0xbbbb;
	at->uc_mcontext.gregs[REG_RAX] = 0xaaaa;
	at->uc_mcontext.gregs[REG_EFL] ^= 0x1 | 0x40;
	// Skips the instruction that raised it.
	at->uc_mcontext.gregs[REG_RIP] += 2;
	uint32_t *xmm = (uint32_t *)((char *)state + 160);
	xmm[5 * 4] = 55;
	xmm[5 * 4 + 3] += 5;
	uint32_t *mxcsr = (uint32_t *)((char *)state + 24);
	*mxcsr |= 0x6000;
	steps++;
}

// In the upper halves of the wide registers, as far as there are.
static void change_wide(int number, siginfo_t *info, void *context)
{
	ucontext_t *at = context;
	char *state = (char *)at->uc_mcontext.fpregs;

	(void)number;
	(void)info;
	uint64_t *features = (uint64_t *)(state + 512);
	uint32_t *upper = (uint32_t *)(state + 576);
	if (*features & 4)
		upper[3 * 4 + 1] = 77;
	at->uc_mcontext.gregs[REG_RIP] += 2;
	steps++;
}

static int has_avx(void)
{
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_AVX))
		return 0;
	__asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	return (a & 6) == 6;
}

__attribute__((target("avx"))) static uint32_t wide(void)
{
	uint32_t in[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, out[8];

	__asm__ volatile("vmovdqu %1, %%ymm3\n\tud2\n\tvmovdqu %%ymm3, %0\n\tvzeroupper"
			 : "=m"(out) : "m"(in) : "xmm3", "memory");
	return checksum(CHECKSUM_START, out, 16) == checksum(CHECKSUM_START, in, 16) ? out[5] : 0;
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = change, .sa_flags = SA_SIGINFO };
	uint64_t a = 1, b = 2, r12 = 3, r13 = 4, flags, before;
	uint32_t in[4] = { 1, 2, 3, 4 }, out[4], control = 0, old_control;

	sigaction(SIGILL, &action, NULL);
	__asm__ volatile("stmxcsr %0" : "=m"(old_control));
	register uint64_t r12_now __asm__("r12") = r12;
	register uint64_t r13_now __asm__("r13") = r13;
	__asm__ volatile("movdqu %[in], %%xmm5\n\t"
			 "xor %%edx, %%edx\n\t"
			 "pushfq\n\tpop %[before]\n\t"
			 "ud2\n\t"
			 "pushfq\n\tpop %[flags]\n\t"
			 "stmxcsr %[control]\n\t"
			 "movdqu %%xmm5, %[out]\n\t"
			 "ldmxcsr %[old]"
			 : "+a"(a), "+b"(b), "+r"(r12_now), "+r"(r13_now), [flags] "=&r"(flags),
			   [before] "=&r"(before), [out] "=m"(out), [control] "=m"(control)
			 : [in] "m"(in), [old] "m"(old_control)
			 : "xmm5", "rdx", "memory", "cc");
	say("rax %lx rbx %lx r12 %lx r13 %lx", (long)a, (long)b, (long)r12_now, (long)r13_now);
	say("flags changed: %lx", (long)((flags ^ before) & 0x41));
	say("xmm5 %u %u %u %u", out[0], out[1], out[2], out[3]);
	say("rounding %x", (control >> 13) & 3);
	SHOW(steps);
	action.sa_sigaction = change_wide;
	sigaction(SIGILL, &action, NULL);
	uint32_t upper = has_avx() ? wide() : 77;
	SHOW(upper);
	return 0;
}
