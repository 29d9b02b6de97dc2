// What signals do to epoll_wait(2) and its relatives, and timeouts.
#include "../test.h"
#include <sys/epoll.h>

int main(void)
{
	struct epoll_event ready[4];
	struct timespec limit = { 0, 20000000 };
	sigset_t none;

	sigemptyset(&none);
	int epoll = (int)MUST(epoll_create1(0));
	INTERRUPTED(epoll_wait(epoll, ready, 4, -1));
	NOT_RESTARTED(epoll_wait(epoll, ready, 4, -1));
	NOT_RESTARTED(epoll_wait(epoll, ready, 4, 60000));
	INTERRUPTED(SYS(epoll_pwait, epoll, ready, 4, -1, &none, 8));
	NOT_RESTARTED(SYS(epoll_pwait, epoll, ready, 4, -1, NULL, 0));
	INTERRUPTED(SYS(epoll_pwait2, epoll, ready, 4, NULL, &none, 8));
	NOT_RESTARTED(SYS(epoll_pwait2, epoll, ready, 4, NULL, NULL, 0));
	long begin = now_ms();
	SHOW(SYS(epoll_pwait2, epoll, ready, 4, &limit, NULL, 0));
	YES(now_ms() - begin >= 19);
	begin = now_ms();
	SHOW(SYS(epoll_pwait, epoll, ready, 4, 20, NULL, 0));
	YES(now_ms() - begin >= 19);
	limit.tv_nsec = 0;
	SHOW(SYS(epoll_pwait2, epoll, ready, 4, &limit, NULL, 0));
	SHOW(SYS(epoll_wait, epoll, ready, 4, 0));
	return 0;
}
