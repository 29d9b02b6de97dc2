// Instructions a program may not execute: SIGSEGV on Linux, with si_code SI_KERNEL.
#include "../test.h"
#include <setjmp.h>

static sigjmp_buf back;
static siginfo_t seen;

static void leave(int number, siginfo_t *info, void *context)
{
	(void)context;
	seen = *info;
	siglongjmp(back, number);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = leave, .sa_flags = SA_SIGINFO };
	int number;

	sigaction(SIGSEGV, &action, NULL);
	if ((number = sigsetjmp(back, 1)) == 0)
		__asm__ volatile("movb (%0), %%al" : : "r"(0x8000000000000000UL) : "rax");
	say("non-canonical load: %s %d %d", signal_name(number), seen.si_code, seen.si_addr == NULL);
	if ((number = sigsetjmp(back, 1)) == 0)
		__asm__ volatile("movaps 1(%%rsp), %%xmm0" : : : "xmm0");
	say("unaligned movaps: %s %d %d", signal_name(number), seen.si_code, seen.si_addr == NULL);
	if ((number = sigsetjmp(back, 1)) == 0)
		((void (*)(void))(uintptr_t)16)();
	say("jump to nowhere: %s %d %d", signal_name(number), seen.si_code, seen.si_addr == (void *)16);
	return 0;
}
