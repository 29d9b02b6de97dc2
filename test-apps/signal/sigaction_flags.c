// rt_sigaction(2): flags and masks read back, unknown bits, sizes, bad pointers.
#include "../test.h"

struct kernel_action {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

static void handle(int number)
{
	(void)number;
}

int main(void)
{
	struct kernel_action action = { handle, SA_RESTART | SA_NODEFER | SA_NOCLDSTOP, NULL, ~0UL }, old;

	SHOW(SYS(rt_sigaction, SIGUSR1, &action, NULL, 8));
	memset(&old, 0xff, sizeof old);
	SHOW(SYS(rt_sigaction, SIGUSR1, NULL, &old, 8));
	YES(old.handler == handle);
	say("%lx", old.flags);
	say("%lx", (unsigned long)old.mask);
	action.flags = 0xffffffff80000000UL | SA_SIGINFO;
	SHOW(SYS(rt_sigaction, SIGUSR1, &action, NULL, 8));
	SHOW(SYS(rt_sigaction, SIGUSR1, NULL, &old, 8));
	say("%lx", old.flags & 0xffffffff);
	action.flags = SA_SIGINFO | 0x400 | 0x100;
	SHOW(SYS(rt_sigaction, SIGUSR1, &action, NULL, 8));
	SHOW(SYS(rt_sigaction, SIGUSR1, NULL, &old, 8));
	say("%lx", old.flags & 0xffffffff);
	SHOW(SYS(rt_sigaction, SIGUSR1, &action, NULL, 16));
	SHOW(SYS(rt_sigaction, SIGUSR1, BAD, NULL, 8));
	SHOW(SYS(rt_sigaction, SIGUSR1, NULL, BAD, 8));
	SHOW(SYS(rt_sigaction, SIGUSR1, KERNEL, NULL, 8));
	SHOW(SYS(rt_sigaction, 0, &action, NULL, 8));
	SHOW(SYS(rt_sigaction, 65, &action, NULL, 8));
	SHOW(SYS(rt_sigaction, 64, NULL, NULL, 8));
	SHOW(SYS(rt_sigaction, SIGKILL, &action, NULL, 8));
	SHOW(SYS(rt_sigaction, SIGSTOP, NULL, &old, 8));
	return 0;
}
