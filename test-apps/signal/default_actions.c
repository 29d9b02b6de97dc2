// Signals whose default is to be ignored: nothing happens; SIGCONT too.
#include "../test.h"

int main(void)
{
	SHOW(raise(SIGCHLD));
	SHOW(raise(SIGURG));
	SHOW(raise(SIGWINCH));
	SHOW(raise(SIGCONT));
	sigset_t set, pending;
	sigemptyset(&set);
	sigaddset(&set, SIGURG);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGURG);
	raise(SIGUSR1);
	sigpending(&pending);
	SHOW(sigismember(&pending, SIGUSR1));
	signal(SIGUSR1, SIG_IGN);
	sigpending(&pending);
	SHOW(sigismember(&pending, SIGUSR1));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	say("alive");
	return 0;
}
