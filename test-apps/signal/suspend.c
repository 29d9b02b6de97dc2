// sigsuspend(2), pause(2): the mask is swapped for the wait and put back.
#include "../test.h"

static volatile sig_atomic_t seen;

static void handle(int number)
{
	(void)number;
	seen++;
}

static void *send_later(void *argument)
{
	sleep_ms(20);
	SYS(tgkill, getpid(), *(pid_t *)argument, SIGUSR1);
	return NULL;
}

int main(void)
{
	struct sigaction action = { .sa_handler = handle };
	sigset_t blocked, open, now;
	pid_t self = thread_id();

	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigemptyset(&open);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	raise(SIGUSR1);
	SHOW(seen);
	SHOW(sigsuspend(&open));
	SHOW(seen);
	sigprocmask(SIG_SETMASK, NULL, &now);
	SHOW(sigismember(&now, SIGUSR1));
	pthread_t thread = spawn(send_later, &self);
	SHOW(sigsuspend(&open));
	pthread_join(thread, NULL);
	SHOW(seen);
	SHOW(SYS(rt_sigsuspend, BAD, 8));
	SHOW(SYS(rt_sigsuspend, &open, 4));
	sigprocmask(SIG_SETMASK, &open, NULL);
	INTERRUPTED(pause());
	return 0;
}
