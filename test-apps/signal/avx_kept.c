// AVX registers survive signal handlers and switches (skipped lines where the CPU has none).
#include "../test.h"

static volatile sig_atomic_t handled;

static void spoil(int number)
{
	(void)number;
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vzeroall" : : : "memory");
	handled++;
}

static int check(void)
{
	unsigned char in[2][32], out[2][32];
	long number = SYS_kill;

	memset(in[0], 0x5a, 32);
	memset(in[1], 0xa5, 32);
	__asm__ volatile(
		"vmovdqu (%[in]), %%ymm3; vmovdqu 32(%[in]), %%ymm14\n\t"
		"syscall\n\t"
		"vmovdqu %%ymm3, (%[out]); vmovdqu %%ymm14, 32(%[out]); vzeroupper\n\t"
		: "+a"(number)
		: "D"((long)getpid()), "S"((long)SIGUSR1), [in] "r"(in), [out] "r"(out)
		: "rcx", "r11", "xmm3", "xmm14", "memory");
	return memcmp(in, out, sizeof in) == 0;
}

int main(void)
{
	int good = 0;

	signal(SIGUSR1, spoil);
	for (int i = 0; i < 50; i++)
		if (__builtin_cpu_supports("avx"))
			good += check();
		else
			good += raise(SIGUSR1) == 0;
	SHOW(good);
	SHOW(handled);
	return 0;
}
