// RLIMIT_STACK: the main thread's stack grows up to it and no further.
#include "../test.h"
#include <setjmp.h>
#include <sys/resource.h>

static sigjmp_buf back;
static siginfo_t seen;
static char *start;

static void handle(int number, siginfo_t *info, void *context)
{
	(void)context;
	seen = *info;
	siglongjmp(back, number);
}

int main(void)
{
	static char memory[65536];
	stack_t stack = { .ss_sp = memory, .ss_size = sizeof memory };
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	struct rlimit limit;
	char here;
	volatile long reached = 0;

	MUST(getrlimit(RLIMIT_STACK, &limit));
	limit.rlim_cur = 1 << 20;
	MUST(setrlimit(RLIMIT_STACK, &limit));
	MUST(sigaltstack(&stack, NULL));
	MUST(sigaction(SIGSEGV, &action, NULL));
	start = &here;
	int number = sigsetjmp(back, 1);
	if (number == 0)
		for (reached = 4096; reached < 1L << 23; reached += 4096)
			*(volatile char *)(start - reached) = 1;
	say("%s, %s", signal_name(number), seen.si_code == SEGV_MAPERR ? "SEGV_MAPERR" : "another code");
	YES((char *)seen.si_addr == start - reached);
	YES(reached > (1 << 20) - (200 << 10) && reached <= 1 << 20);
	// A higher limit holds from then on.
	limit.rlim_cur = 2 << 20;
	MUST(setrlimit(RLIMIT_STACK, &limit));
	*(volatile char *)(start - reached) = 1;
	say("more");
	return 0;
}
