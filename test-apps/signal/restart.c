// SA_RESTART or EINTR, call by call; sleeps and waits never restart.
#include "../test.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

static int ends[2];

static void feed(void)
{
	MUST(write(ends[1], "x", 1));
}

int main(void)
{
	char byte;
	struct timespec second = { 5, 0 };
	struct timeval five = { 5, 0 };
	struct pollfd polled;
	struct epoll_event event;
	fd_set set;
	sigset_t none;

	MUST(pipe(ends));
	int epoll = (int)MUST(epoll_create1(0));
	sigemptyset(&none);
	INTERRUPTED(read(ends[0], &byte, 1));
	RESTARTED(feed, read(ends[0], &byte, 1));
	polled = (struct pollfd){ ends[0], POLLIN, 0 };
	INTERRUPTED(poll(&polled, 1, 2000));
	NOT_RESTARTED(poll(&polled, 1, 5000));
	NOT_RESTARTED(nanosleep(&second, NULL));
	NOT_RESTARTED(clock_nanosleep(CLOCK_MONOTONIC, 0, &second, NULL) == EINTR);
	NOT_RESTARTED(epoll_wait(epoll, &event, 1, 5000));
	FD_ZERO(&set);
	NOT_RESTARTED(select(0, NULL, NULL, NULL, &five));
	NOT_RESTARTED(pause());
	NOT_RESTARTED(sigsuspend(&none));
	NOT_RESTARTED(SYS(rt_sigtimedwait, &none, NULL, &second, 8));
	return 0;
}
