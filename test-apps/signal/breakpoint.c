// int3: SIGTRAP with the address after the instruction.
#include "../test.h"

static siginfo_t seen;
static volatile sig_atomic_t count;

static void handle(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	seen = *info;
	count++;
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO };

	sigaction(SIGTRAP, &action, NULL);
	__asm__ volatile("int3");
	SHOW(count);
	SHOW(seen.si_code);
	__asm__ volatile("int3");
	SHOW(count);
	return 0;
}
