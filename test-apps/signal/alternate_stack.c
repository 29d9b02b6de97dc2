// sigaltstack(2): where handlers run, flags inside and outside, sizes, errors.
#include "../test.h"

static char *memory;
static volatile sig_atomic_t on_it, flags_inside, refused_inside;

static void handle(int number)
{
	char here;
	stack_t now, other = { .ss_flags = SS_DISABLE };

	(void)number;
	on_it = &here >= memory && &here < memory + 65536;
	sigaltstack(NULL, &now);
	flags_inside = now.ss_flags;
	refused_inside = sigaltstack(&other, NULL) == -1 && errno == EPERM;
}

int main(void)
{
	struct sigaction action = { .sa_handler = handle, .sa_flags = SA_ONSTACK };
	stack_t stack, old;

	memory = malloc(65536);
	MUST(sigaltstack(NULL, &old));
	SHOW(old.ss_flags);
	stack = (stack_t){ .ss_sp = memory, .ss_size = 65536 };
	SHOW(sigaltstack(&stack, &old));
	SHOW(sigaltstack(NULL, &old));
	YES(old.ss_sp == memory && old.ss_size == 65536 && old.ss_flags == 0);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	say("%d %d %d", (int)on_it, (int)flags_inside, (int)refused_inside);
	action.sa_flags = 0;
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	say("%d %d %d", (int)on_it, (int)flags_inside, (int)refused_inside);
	MUST(sigaltstack(&stack, NULL));
	stack.ss_size = 1000;
	SHOW(SYS(sigaltstack, &stack, NULL));
	stack.ss_size = 65536;
	stack.ss_flags = 4;
	SHOW(SYS(sigaltstack, &stack, NULL));
	stack.ss_flags = (int)(1U << 31);
	SHOW(SYS(sigaltstack, &stack, NULL));
	action.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	say("SS_AUTODISARM: %d %d", (int)on_it, (int)flags_inside);
	SHOW(SYS(sigaltstack, BAD, NULL));
	SHOW(SYS(sigaltstack, NULL, BAD));
	stack.ss_flags = SS_DISABLE;
	SHOW(SYS(sigaltstack, &stack, &old));
	SHOW(SYS(sigaltstack, NULL, &old));
	SHOW(old.ss_flags);
	return 0;
}
