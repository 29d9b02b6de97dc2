// A stack that runs into its guard page: SIGSEGV on the alternate stack, and survival.
#include "../test.h"
#include <setjmp.h>

static sigjmp_buf back;
static char *guard;
static int in_guard;

static void escape(int number, siginfo_t *info, void *context)
{
	(void)context;
	char *at = info->si_addr;
	in_guard = at >= guard && at < guard + 4096 && info->si_code == SEGV_ACCERR;
	siglongjmp(back, number);
}

static volatile long deepest = 1 << 30;

static long dive(long levels)
{
	volatile char frame[512];

	frame[0] = (char)levels;
	return levels > deepest ? 0 : dive(levels + 1) + frame[0];
}

static void *overflow(void *unused)
{
	stack_t alternate = { .ss_sp = malloc(32768), .ss_size = 32768 };

	(void)unused;
	MUST(sigaltstack(&alternate, NULL));
	int number = sigsetjmp(back, 1);
	if (number == 0)
		dive(0);
	return (void *)(long)number;
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = escape, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	pthread_attr_t attributes;
	pthread_t thread;

	MUST(sigaction(SIGSEGV, &action, NULL));
	guard = (char *)MUST(mmap(NULL, 17 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	MUST(mprotect(guard, 4096, PROT_NONE));
	pthread_attr_init(&attributes);
	RETURNS(pthread_attr_setstack(&attributes, guard + 4096, 16 * 4096));
	for (int round = 0; round < 2; round++) {
		void *number = NULL;
		in_guard = 0;
		MUST(pthread_create(&thread, &attributes, overflow, NULL) ? -1 : 0);
		pthread_join(thread, &number);
		say("%s in the guard page: %d", signal_name((int)(long)number), in_guard);
	}
	return 0;
}
