// rt_sigprocmask(2), rt_sigpending(2): blocked signals wait, once each; real-time ones queue.
#include "../test.h"

static volatile sig_atomic_t order[16], count;

static void handle(int number)
{
	order[count++] = number;
}

int main(void)
{
	sigset_t set, old, pending;
	struct sigaction action = { .sa_handler = handle };

	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	sigaction(SIGRTMIN, &action, NULL);
	sigaction(SIGRTMIN + 1, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGRTMIN + 1);
	SHOW(sigprocmask(SIG_BLOCK, &set, &old));
	SHOW(sigismember(&old, SIGUSR1));
	raise(SIGRTMIN + 1);
	raise(SIGUSR2);
	raise(SIGUSR1);
	raise(SIGUSR1);
	kill(getpid(), SIGRTMIN);
	kill(getpid(), SIGRTMIN);
	kill(getpid(), SIGRTMIN);
	SHOW(count);
	SHOW(sigpending(&pending));
	SHOW(sigismember(&pending, SIGUSR1));
	SHOW(sigismember(&pending, SIGRTMIN));
	SHOW(sigismember(&pending, SIGTERM));
	SHOW(sigprocmask(SIG_UNBLOCK, &set, NULL));
	SHOW(count);
	int usr1 = 0, usr2 = 0, first = 0, second = 0;
	for (int i = 0; i < count; i++) {
		usr1 += order[i] == SIGUSR1;
		usr2 += order[i] == SIGUSR2;
		first += order[i] == SIGRTMIN;
		second += order[i] == SIGRTMIN + 1;
	}
	say("%d %d %d %d", usr1, usr2, first, second);
	sigfillset(&set);
	SHOW(sigprocmask(SIG_SETMASK, &set, NULL));
	SHOW(sigprocmask(SIG_SETMASK, NULL, &old));
	SHOW(sigismember(&old, SIGKILL));
	SHOW(sigismember(&old, SIGSTOP));
	SHOW(sigismember(&old, SIGTERM));
	SHOW(SYS(rt_sigprocmask, 9, &set, NULL, 8));
	SHOW(SYS(rt_sigprocmask, SIG_BLOCK, &set, NULL, 4));
	SHOW(SYS(rt_sigprocmask, SIG_BLOCK, BAD, NULL, 8));
	SHOW(SYS(rt_sigprocmask, SIG_BLOCK, &set, BAD, 8));
	SHOW(SYS(rt_sigprocmask, 9, NULL, &set, 8));
	SHOW(SYS(rt_sigpending, &set, 16));
	SHOW(SYS(rt_sigpending, BAD, 8));
	return 0;
}
