// Several threads wait on one epoll; every event is handled exactly once.
#include "../test.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>

static int epoll, work;
static atomic_int taken, woken;

static void *serve(void *unused)
{
	struct epoll_event ready;

	(void)unused;
	for (;;) {
		if (epoll_wait(epoll, &ready, 1, 5000) != 1)
			break;
		uint64_t value;
		if (read(work, &value, 8) == 8) {
			if (value == 1000)
				break;
			atomic_fetch_add(&taken, (int)value);
		}
		atomic_fetch_add(&woken, 1);
	}
	uint64_t again = 1000;
	if (write(work, &again, 8) != 8)
		say("write: %s", errno_name(errno));
	return NULL;
}

int main(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	pthread_t threads[4];

	epoll = (int)MUST(epoll_create1(0));
	work = (int)MUST(eventfd(0, EFD_NONBLOCK));
	MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, work, &event));
	for (int i = 0; i < 4; i++)
		threads[i] = spawn(serve, NULL);
	uint64_t one = 1;
	for (int i = 0; i < 500; i++)
		MUST(write(work, &one, 8));
	YES(WAIT_FOR(taken == 500));
	uint64_t end = 1000;
	MUST(write(work, &end, 8));
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	SHOW(taken);
	YES(woken >= 1);
	return 0;
}
