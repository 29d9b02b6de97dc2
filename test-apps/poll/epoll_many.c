// epoll_wait(2) gives as many events as are asked for, and each file once a call.
#include "../test.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#define FILES 700

static struct epoll_event ready[2 * FILES];
static int epoll, events[FILES];

// How many of the files a call gave that no call before in this round gave.
static int take(int most)
{
	static char seen[FILES];
	int fresh = 0, again = 0;

	int count = epoll_wait(epoll, ready, most, 0);
	for (int i = 0; i < count; i++) {
		again += seen[ready[i].data.u32];
		fresh += !seen[ready[i].data.u32];
		seen[ready[i].data.u32] = 1;
	}
	say("%d at most: %d given, %d not before, %d again", most, count, fresh, again);
	if (most == FILES || fresh == 0)
		memset(seen, 0, sizeof seen);
	return fresh;
}

int main(void)
{
	struct rlimit limit = { 1024, 4096 };

	setrlimit(RLIMIT_NOFILE, &limit);
	epoll = (int)MUST(epoll_create1(0));
	for (int i = 0; i < FILES; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u32 = (uint32_t)i };
		events[i] = (int)MUST(eventfd(1, 0));
		MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, events[i], &event));
	}
	take(FILES);
	for (int i = 0; i < 7; i++)
		take(100);
	take(2 * FILES);
	take(65);
	take(1);
	// Those that are no more ready are passed over.
	for (int i = 0; i < FILES; i++)
		if (i % 10 != 0) {
			uint64_t value;
			MUST(read(events[i], &value, 8));
		}
	SHOW(epoll_wait(epoll, ready, FILES, 0));
	SHOW(epoll_wait(epoll, ready, 10, 0));
	// Edges are given once, in the order in which they came.
	for (int i = 0; i < FILES; i++) {
		struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u32 = (uint32_t)i };
		uint64_t one = 1;
		MUST(epoll_ctl(epoll, EPOLL_CTL_MOD, events[i], &event));
		MUST(write(events[i], &one, 8));
	}
	SHOW(epoll_wait(epoll, ready, 500, 0));
	SHOW(epoll_wait(epoll, ready, 500, 0));
	SHOW(epoll_wait(epoll, ready, 500, 0));
	for (int i = FILES - 1; i >= 0; i--) {
		uint64_t one = 1;
		MUST(write(events[i], &one, 8));
	}
	int count = (int)MUST(epoll_wait(epoll, ready, FILES, 0)), out_of_order = 0;
	for (int i = 1; i < count; i++)
		out_of_order += ready[i].data.u32 > ready[i - 1].data.u32;
	SHOW(count);
	SHOW(out_of_order);
	return 0;
}
