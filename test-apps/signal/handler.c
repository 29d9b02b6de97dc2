// sigaction(2), kill(2): a handler runs, with its number, and the flow goes on.
#include "../test.h"

static volatile sig_atomic_t count, last;

static void handle(int number)
{
	count++;
	last = number;
}

int main(void)
{
	struct sigaction action = { .sa_handler = handle }, old;

	SHOW(sigaction(SIGUSR1, &action, NULL));
	SHOW(raise(SIGUSR1));
	SHOW(count);
	SHOW(kill(getpid(), SIGUSR1));
	SHOW(count);
	SHOW(SYS(tgkill, getpid(), thread_id(), SIGUSR1));
	SHOW(SYS(tkill, thread_id(), SIGUSR1));
	SHOW(count);
	SHOW(last == SIGUSR1);
	SHOW(sigaction(SIGUSR1, NULL, &old));
	SHOW(old.sa_handler == handle);
	action.sa_handler = SIG_IGN;
	SHOW(sigaction(SIGUSR1, &action, &old));
	SHOW(raise(SIGUSR1));
	SHOW(count);
	SHOW(sigaction(SIGKILL, &action, NULL));
	SHOW(sigaction(SIGSTOP, &action, NULL));
	SHOW(sigaction(0, &action, NULL));
	SHOW(sigaction(65, &action, NULL));
	SHOW(sigaction(SIGKILL, NULL, &old));
	SHOW(kill(getpid(), 0));
	SHOW(kill(getpid(), 65));
	SHOW(kill(getpid(), -1));
	return 0;
}
