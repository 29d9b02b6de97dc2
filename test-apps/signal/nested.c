// Handlers: the mask while they run, SA_NODEFER, SA_RESETHAND, nesting.
#include "../test.h"

static volatile sig_atomic_t depth, deepest, runs, blocked_inside;

static void recurse(int number)
{
	runs++;
	if (++depth > deepest)
		deepest = depth;
	if (runs < 5)
		raise(number);
	depth--;
}

static void outer(int number)
{
	sigset_t now;

	(void)number;
	sigprocmask(SIG_SETMASK, NULL, &now);
	blocked_inside = sigismember(&now, SIGUSR1) * 4 + sigismember(&now, SIGUSR2) * 2 + sigismember(&now, SIGTERM);
	raise(SIGUSR2);
	say("outer ends");
}

static void inner(int number)
{
	say("inner %s", signal_name(number));
}

int main(void)
{
	struct sigaction action = { .sa_handler = recurse }, old;

	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	say("deferred: runs %d, deepest %d", (int)runs, (int)deepest);
	runs = deepest = 0;
	action.sa_flags = SA_NODEFER;
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	say("SA_NODEFER: runs %d, deepest %d", (int)runs, (int)deepest);
	runs = 4;
	action.sa_flags = (int)SA_RESETHAND;
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &old);
	YES(old.sa_handler == SIG_DFL);

	action.sa_flags = 0;
	action.sa_handler = inner;
	sigaction(SIGUSR2, &action, NULL);
	action.sa_handler = outer;
	raise(SIGUSR2);
	sigaddset(&action.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	SHOW(blocked_inside);
	sigemptyset(&action.sa_mask);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	SHOW(blocked_inside);
	return 0;
}
