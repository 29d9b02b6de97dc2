// Handlers change every register; the interrupted code sees its own again.
#include "../test.h"

static void spoil(int number)
{
	unsigned char junk[16];

	memset(junk, number, sizeof junk);
	__asm__ volatile("movdqu %0, %%xmm0; movdqu %0, %%xmm1; movdqu %0, %%xmm8; movdqu %0, %%xmm15; fninit; fld1"
			 : : "m"(junk) : "xmm0", "xmm1", "xmm8", "xmm15");
	__asm__ volatile("" : : : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15");
}

// kill(self) by a bare system call, registers checked after it.
static int check(void)
{
	uint64_t in[4] = { 0x1111111111111111, 0x2222222222222222, 0x3333333333333333, 0x4444444444444444 }, out[4];
	unsigned char vectors[4][16], after[4][16];
	long number = SYS_kill, pid = getpid(), signal_number = SIGUSR1;

	for (int i = 0; i < 4; i++)
		memset(vectors[i], 0xa0 + i, 16);
	__asm__ volatile(
		"movdqu (%[v]), %%xmm0; movdqu 16(%[v]), %%xmm1; movdqu 32(%[v]), %%xmm8; movdqu 48(%[v]), %%xmm15\n\t"
		"mov (%[in]), %%rbx; mov 8(%[in]), %%r12; mov 16(%[in]), %%r13; mov 24(%[in]), %%r15\n\t"
		"syscall\n\t"
		"mov %%rbx, (%[out]); mov %%r12, 8(%[out]); mov %%r13, 16(%[out]); mov %%r15, 24(%[out])\n\t"
		"movdqu %%xmm0, (%[a]); movdqu %%xmm1, 16(%[a]); movdqu %%xmm8, 32(%[a]); movdqu %%xmm15, 48(%[a])\n\t"
		: "+a"(number)
		: "D"(pid), "S"(signal_number), [v] "r"(vectors), [in] "r"(in), [out] "r"(out), [a] "r"(after)
		: "rbx", "rcx", "r11", "r12", "r13", "r15", "xmm0", "xmm1", "xmm8", "xmm15", "memory");
	return memcmp(in, out, sizeof in) == 0 && memcmp(vectors, after, sizeof vectors) == 0;
}

// A spin that only registers carry, interrupted by a timer's signals.
static int spin(void)
{
	uint64_t sum = 0;
	double real = 1.5, kept = 1.5;

	for (uint64_t i = 0; i < 30000000; i++) {
		__asm__ volatile("" : "+x"(real), "+r"(sum));
		sum += i;
	}
	return sum == 449999985000000 && real == kept;
}

int main(void)
{
	struct sigaction action = { .sa_handler = spoil };
	struct itimerspec every = { { 0, 1000000 }, { 0, 1000000 } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	timer_t timer;
	int good = 0;

	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < 100; i++)
		good += check();
	SHOW(good);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) == 0)
		timer_settime(timer, 0, &every, NULL);
	SHOW(spin());
	return 0;
}
