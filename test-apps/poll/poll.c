// poll(2): events by kind of descriptor, timeouts, negative and closed descriptors, errors.
#include "../test.h"
#include <poll.h>
#include <sys/socket.h>

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
	struct pollfd set[3];
	char byte;
	int pair[2];

	MUST(pipe(ends));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	set[0] = (struct pollfd){ ends[0], POLLIN, 9 };
	SHOW(poll(set, 1, 0));
	SHOW(set[0].revents);
	long begin = now_ms();
	SHOW(poll(set, 1, 20));
	YES(now_ms() - begin >= 19);
	pthread_t thread = spawn(write_later, NULL);
	SHOW(poll(set, 1, -1));
	SHOW(set[0].revents == POLLIN);
	pthread_join(thread, NULL);
	set[1] = (struct pollfd){ ends[1], POLLOUT, 0 };
	set[2] = (struct pollfd){ -1, POLLIN, 9 };
	SHOW(poll(set, 3, -1));
	say("%x %x %x", set[0].revents, set[1].revents, set[2].revents);
	set[0].events = 0;
	SHOW(poll(set, 1, 0));
	MUST(read(ends[0], &byte, 1));
	MUST(close(ends[1]));
	SHOW(poll(set, 1, -1));
	say("%x", set[0].revents);
	set[1].fd = 1000;
	SHOW(poll(set, 2, -1));
	say("%x %x", set[0].revents, set[1].revents);

	set[0] = (struct pollfd){ pair[0], POLLIN | POLLOUT | POLLRDHUP, 0 };
	SHOW(poll(set, 1, 0));
	say("%x", set[0].revents);
	MUST(shutdown(pair[1], SHUT_WR));
	SHOW(poll(set, 1, 0));
	say("%x", set[0].revents);
	MUST(close(pair[1]));
	SHOW(poll(set, 1, 0));
	say("%x", set[0].revents);
	MUST(pipe(ends));
	MUST(close(ends[0]));
	set[0] = (struct pollfd){ ends[1], POLLOUT, 0 };
	SHOW(poll(set, 1, 0));
	say("%x", set[0].revents);
	int file = (int)MUST(open("/dev/null", O_RDWR));
	set[0] = (struct pollfd){ file, POLLIN | POLLOUT | POLLPRI, 0 };
	SHOW(poll(set, 1, 0));
	say("%x", set[0].revents);
	SHOW(poll(NULL, 0, 5));
	SHOW(SYS(poll, BAD, 1, 0));
	SHOW(SYS(poll, set, 1U << 30, 0));
	MUST(pipe(ends));
	set[0] = (struct pollfd){ ends[0], POLLIN, 0 };
	INTERRUPTED(poll(set, 1, -1));
	return 0;
}
