// epoll_create(2), epoll_create1(2), epoll_ctl(2): level-triggered readiness, add, modify, delete,
// data, and errors.
#include "../test.h"
#include <sys/epoll.h>

static int ends[2];

static void *write_later(void *unused)
{
	(void)unused;
	sleep_ms(20);
	MUST(write(ends[1], "x", 1));
	return NULL;
}

int main(void)
{
	struct epoll_event event, ready[4];
	char byte;
	int epoll;

	enter_directory();
	MUST(pipe(ends));
	OK(epoll = epoll_create1(EPOLL_CLOEXEC));
	SHOW(fcntl(epoll, F_GETFD));
	SHOW(epoll_wait(epoll, ready, 4, 0));
	event = (struct epoll_event){ .events = EPOLLIN, .data.u64 = 0x123456789abcdef0 };
	SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event));
	SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event));
	SHOW(epoll_wait(epoll, ready, 4, 0));
	long begin = now_ms();
	SHOW(epoll_wait(epoll, ready, 4, 20));
	YES(now_ms() - begin >= 19);
	pthread_t thread = spawn(write_later, NULL);
	SHOW(epoll_wait(epoll, ready, 4, -1));
	pthread_join(thread, NULL);
	say("%x %lx", ready[0].events, (unsigned long)ready[0].data.u64);
	SHOW(epoll_wait(epoll, ready, 4, 0));
	MUST(read(ends[0], &byte, 1));
	SHOW(epoll_wait(epoll, ready, 4, 0));
	event = (struct epoll_event){ .events = EPOLLOUT, .data.u32 = 7 };
	SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &event));
	SHOW(epoll_wait(epoll, ready, 4, 0));
	say("%x %d", ready[0].events, (int)ready[0].data.u32);
	event.events = 0;
	SHOW(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[1], &event));
	SHOW(epoll_wait(epoll, ready, 4, 0));
	SHOW(epoll_ctl(epoll, EPOLL_CTL_DEL, ends[1], NULL));
	SHOW(epoll_ctl(epoll, EPOLL_CTL_DEL, ends[1], NULL));
	SHOW(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[1], &event));
	MUST(write(ends[1], "y", 1));
	MUST(close(ends[1]));
	SHOW(epoll_wait(epoll, ready, 4, 0));
	say("%x", ready[0].events);
	MUST(read(ends[0], &byte, 1));
	SHOW(epoll_wait(epoll, ready, 4, 0));
	say("%x", ready[0].events);
	MUST(close(ends[0]));
	SHOW(epoll_wait(epoll, ready, 4, 0));

	MUST(pipe(ends));
	int file = make_file("f", "");
	SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event));
	SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, epoll, &event));
	SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, 1000, &event));
	SHOW(epoll_ctl(1000, EPOLL_CTL_ADD, ends[0], &event));
	SHOW(epoll_ctl(ends[1], EPOLL_CTL_ADD, ends[0], &event));
	SHOW(epoll_ctl(epoll, 9, ends[0], &event));
	SHOW(SYS(epoll_ctl, epoll, EPOLL_CTL_ADD, ends[0], BAD));
	SHOW(SYS(epoll_wait, epoll, BAD, 4, 0));
	SHOW(epoll_wait(epoll, ready, 0, 0));
	SHOW(SYS(epoll_wait, epoll, ready, -1, 0));
	SHOW(epoll_wait(1000, ready, 4, 0));
	SHOW(epoll_wait(ends[0], ready, 4, 0));
	SHOW(epoll_create1(1));
	SHOW(SYS(epoll_create, 0));
	OK(SYS(epoll_create, 1));
	INTERRUPTED(epoll_wait(epoll, ready, 4, -1));
	event = (struct epoll_event){ .events = EPOLLIN };
	MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event));
	MUST(write(ends[1], "x", 1));
	SHOW(SYS(epoll_wait, epoll, BAD, 4, 0));
	SHOW(read(epoll, &byte, 1));
	return 0;
}
