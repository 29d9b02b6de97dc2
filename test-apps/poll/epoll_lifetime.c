// epoll and descriptors: duplicates keep the registration, closing the last ends it.
#include "../test.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>

static int epoll;

static void *close_epoll_target(void *argument)
{
	sleep_ms(20);
	uint64_t one = 1;
	MUST(write(*(int *)argument, &one, 8));
	return NULL;
}

int main(void)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = 1 }, ready[4];
	int first = (int)MUST(eventfd(1, EFD_NONBLOCK));
	int copy = (int)MUST(dup(first));

	epoll = (int)MUST(epoll_create1(0));
	SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, first, &event));
	event.data.u32 = 2;
	SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, copy, &event));
	SHOW(epoll_wait(epoll, ready, 4, 0));
	MUST(close(first));
	SHOW(epoll_wait(epoll, ready, 4, 0));
	SHOW(epoll_ctl(epoll, EPOLL_CTL_DEL, first, NULL));
	SHOW(epoll_ctl(epoll, EPOLL_CTL_DEL, copy, NULL));
	SHOW(epoll_wait(epoll, ready, 4, 0));
	SHOW(ready[0].data.u32);
	MUST(close(copy));
	SHOW(epoll_wait(epoll, ready, 4, 0));
	int again = (int)MUST(eventfd(0, EFD_NONBLOCK));
	SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, again, &event));
	SHOW(epoll_wait(epoll, ready, 4, 0));

	int twin = (int)MUST(dup(epoll));
	pthread_t thread = spawn(close_epoll_target, &again);
	SHOW(epoll_wait(twin, ready, 4, 5000));
	pthread_join(thread, NULL);
	SHOW(close(epoll));
	SHOW(epoll_wait(twin, ready, 4, 0));
	SHOW(epoll_wait(epoll, ready, 4, 0));

	int many[300];
	for (int i = 0; i < 300; i++) {
		many[i] = (int)MUST(eventfd(1, EFD_NONBLOCK));
		event.data.u32 = (uint32_t)i + 10;
		MUST(epoll_ctl(twin, EPOLL_CTL_ADD, many[i], &event));
	}
	int seen[400] = { 0 }, distinct = 0;
	for (int round = 0; round < 200; round++) {
		int count = epoll_wait(twin, ready, 4, 0);
		for (int i = 0; i < count; i++)
			if (seen[ready[i].data.u32]++ == 0)
				distinct++;
	}
	SHOW(distinct);
	return 0;
}
