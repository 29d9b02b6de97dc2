// Blocking TCP calls: interrupted, restarted, with time limits.
#include "net.h"
#include <sys/time.h>

static int both[2];
static char buffer[1 << 20];

static void feed(void)
{
	MUST(write(both[1], "fed", 3));
}

int main(void)
{
	struct timeval limit = { 0, 20000 }, held;
	socklen_t size = sizeof held;
	char text[8];

	tcp_pair(both);
	INTERRUPTED(read(both[0], text, 8));
	RESTARTED(feed, read(both[0], text, 8));
	INTERRUPTED(recv(both[0], text, 8, MSG_WAITALL));
	SHOW(setsockopt(both[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
	SHOW(getsockopt(both[0], SOL_SOCKET, SO_RCVTIMEO, &held, &size));
	YES(held.tv_sec == 0 && held.tv_usec >= 20000 && held.tv_usec <= 30000);
	long begin = now_ms();
	SHOW(read(both[0], text, 8));
	YES(now_ms() - begin >= 19);
	MUST(setsockopt(both[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit));
	ssize_t wrote;
	int refused = 0;
	while ((wrote = write(both[0], buffer, sizeof buffer)) > 0)
		refused += wrote < (ssize_t)sizeof buffer;
	say("%ld %s", (long)wrote, errno_name(errno));
	YES(refused >= 0);
	limit.tv_usec = 1000000;
	SHOW(setsockopt(both[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
	limit = (struct timeval){ -1, 0 };
	SHOW(setsockopt(both[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
	MUST(fcntl(both[1], F_SETFL, O_NONBLOCK));
	while (write(both[1], buffer, sizeof buffer) > 0)
		;
	say("%s", errno_name(errno));
	MUST(fcntl(both[1], F_SETFL, 0));
	INTERRUPTED(write(both[1], buffer, 10));
	return 0;
}
