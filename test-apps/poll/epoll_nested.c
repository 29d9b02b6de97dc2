// An epoll descriptor inside another, inside poll; loops are refused; EPOLLEXCLUSIVE.
#include "../test.h"
#include <poll.h>
#include <sys/epoll.h>

int main(void)
{
	struct epoll_event event = { .events = EPOLLIN }, ready[4];
	int ends[2];

	MUST(pipe(ends));
	int inner = (int)MUST(epoll_create1(0));
	int outer = (int)MUST(epoll_create1(0));
	event.data.u32 = 1;
	MUST(epoll_ctl(inner, EPOLL_CTL_ADD, ends[0], &event));
	event.data.u32 = 2;
	SHOW(epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event));
	SHOW(epoll_wait(outer, ready, 4, 0));
	MUST(write(ends[1], "x", 1));
	SHOW(epoll_wait(outer, ready, 4, 0));
	SHOW(ready[0].data.u32);
	SHOW(epoll_wait(inner, ready, 4, 0));
	SHOW(ready[0].data.u32);
	struct pollfd set = { outer, POLLIN, 0 };
	SHOW(poll(&set, 1, 0));
	SHOW(epoll_ctl(inner, EPOLL_CTL_ADD, outer, &event));

	event.events = EPOLLIN | EPOLLEXCLUSIVE;
	int third = (int)MUST(epoll_create1(0));
	SHOW(epoll_ctl(third, EPOLL_CTL_ADD, ends[0], &event));
	SHOW(epoll_wait(third, ready, 4, 0));
	SHOW(epoll_ctl(third, EPOLL_CTL_MOD, ends[0], &event));
	SHOW(epoll_ctl(third, EPOLL_CTL_DEL, ends[0], NULL));
	SHOW(epoll_ctl(third, EPOLL_CTL_ADD, inner, &event));
	event.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT;
	SHOW(epoll_ctl(third, EPOLL_CTL_ADD, ends[0], &event));
	return 0;
}
