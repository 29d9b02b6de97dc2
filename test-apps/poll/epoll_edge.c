// EPOLLET and EPOLLONESHOT: reported once, again after new data or re-arming.
#include "../test.h"
#include <sys/epoll.h>
#include <sys/socket.h>

static int epoll;

static void look(const char *what)
{
	struct epoll_event ready[4];
	int count = epoll_wait(epoll, ready, 4, 0);

	say("%s: %d, %x", what, count, count > 0 ? ready[0].events : 0);
}

int main(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	char bytes[8];
	int pair[2];

	epoll = (int)MUST(epoll_create1(0));
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
	MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &event));
	look("added");
	look("again");
	MUST(write(pair[1], "ab", 2));
	look("data");
	look("again");
	MUST(read(pair[0], bytes, 1));
	look("half read");
	MUST(write(pair[1], "c", 1));
	look("more data");
	MUST(read(pair[0], bytes, 8));
	look("all read");
	MUST(epoll_ctl(epoll, EPOLL_CTL_MOD, pair[0], &event));
	look("modified");
	MUST(shutdown(pair[1], SHUT_WR));
	look("half closed");
	look("again");

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
	epoll = (int)MUST(epoll_create1(0));
	event = (struct epoll_event){ .events = EPOLLIN | EPOLLONESHOT };
	MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &event));
	MUST(write(pair[1], "a", 1));
	look("one shot");
	look("again");
	MUST(write(pair[1], "b", 1));
	look("more data");
	MUST(epoll_ctl(epoll, EPOLL_CTL_MOD, pair[0], &event));
	look("re-armed");
	look("again");
	MUST(close(pair[1]));
	look("hung up, disarmed");
	MUST(epoll_ctl(epoll, EPOLL_CTL_MOD, pair[0], &event));
	look("re-armed");
	event = (struct epoll_event){ .events = EPOLLET };
	MUST(epoll_ctl(epoll, EPOLL_CTL_MOD, pair[0], &event));
	look("no events but ET");
	return 0;
}
