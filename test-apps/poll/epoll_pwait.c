// epoll_pwait(2), epoll_pwait2(2): signal masks, timeouts in nanoseconds.
#include "../test.h"
#include <sys/epoll.h>

static volatile sig_atomic_t seen;

static void handle(int number)
{
	(void)number;
	seen++;
}

int main(void)
{
	struct epoll_event ready[2];
	struct timespec limit = { 0, 20000000 };
	sigset_t blocked, open, now;
	int epoll = (int)MUST(epoll_create1(0));

	signal(SIGUSR1, handle);
	sigemptyset(&open);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	raise(SIGUSR1);
	SHOW(SYS(epoll_pwait, epoll, ready, 2, 10, NULL, 8));
	SHOW(SYS(epoll_pwait, epoll, ready, 2, 10, &blocked, 8));
	SHOW(seen);
	SHOW(SYS(epoll_pwait, epoll, ready, 2, 5000, &open, 8));
	SHOW(seen);
	sigprocmask(SIG_SETMASK, NULL, &now);
	SHOW(sigismember(&now, SIGUSR1));
	SHOW(SYS(epoll_pwait, epoll, ready, 2, 0, &open, 4));
	SHOW(SYS(epoll_pwait, epoll, ready, 2, 0, BAD, 8));
	long begin = now_ms();
	SHOW(SYS(epoll_pwait2, epoll, ready, 2, &limit, NULL, 8));
	YES(now_ms() - begin >= 19);
	SHOW(limit.tv_nsec);
	limit.tv_nsec = 1000000000;
	SHOW(SYS(epoll_pwait2, epoll, ready, 2, &limit, NULL, 8));
	SHOW(SYS(epoll_pwait2, epoll, ready, 2, BAD, NULL, 8));
	return 0;
}
