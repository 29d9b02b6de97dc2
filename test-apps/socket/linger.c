// SO_LINGER: close(2) that waits for the peer, for so long, or resets the connection.
#include "net.h"

static void set_linger(int fd, int seconds)
{
	struct linger linger = { 1, seconds };

	MUST(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
}

static atomic_int closed, was_closed, has_all;

static void *drain(void *argument)
{
	static char block[65536];
	int fd = (int)(long)argument;
	long got, total = 0;

	sleep_ms(100);
	was_closed = closed;
	while ((got = read(fd, block, sizeof block)) > 0)
		total += got;
	has_all = got == 0 && total > 65536;
	return NULL;
}

int main(void)
{
	char text[8];
	int both[2];

	say("without linger");
	tcp_pair(both);
	fill(both[0]);
	long start = now_ms();
	SHOW(close(both[0]));
	YES(now_ms() - start < 5000);
	close(both[1]);

	say("until the peer has all");
	tcp_pair(both);
	set_linger(both[0], 60);
	fill(both[0]);
	pthread_t reader = spawn(drain, (void *)(long)both[1]);
	start = now_ms();
	SHOW(close(both[0]));
	closed = 1;
	YES(now_ms() - start < 50000);
	pthread_join(reader, NULL);
	YES(was_closed);
	YES(has_all);
	close(both[1]);

	say("until the time is over, and on in the background; nothing to do with O_NONBLOCK");
	tcp_pair(both);
	set_linger(both[0], 1);
	MUST(fcntl(both[0], F_SETFL, O_NONBLOCK));
	fill(both[0]);
	start = now_ms();
	SHOW(close(both[0]));
	YES(now_ms() - start >= 900);
	drain((void *)(long)both[1]);
	YES(has_all);
	close(both[1]);

	say("a second descriptor keeps the connection");
	tcp_pair(both);
	set_linger(both[0], 60);
	fill(both[0]);
	int other = (int)MUST(dup(both[0]));
	start = now_ms();
	SHOW(close(both[0]));
	YES(now_ms() - start < 50000);
	set_linger(other, 0);
	SHOW(close(other));
	close(both[1]);

	say("no time at all resets");
	tcp_pair(both);
	set_linger(both[0], 0);
	MUST(write(both[0], "abc", 3));
	YES(readable(both[1]));
	SHOW(close(both[0]));
	struct pollfd set = { both[1], POLLIN | POLLRDHUP, 0 };
	YES(WAIT_FOR(poll(&set, 1, 0) == 1 && set.revents & POLLERR));
	YES(set.revents == (POLLIN | POLLRDHUP | POLLERR | POLLHUP));
	SHOW(read(both[1], text, 8));
	SHOW(read(both[1], text, 8));
	SHOW(send(both[1], text, 1, MSG_NOSIGNAL));
	close(both[1]);

	say("an idle connection does not linger");
	tcp_pair(both);
	set_linger(both[0], 60);
	start = now_ms();
	SHOW(close(both[0]));
	YES(now_ms() - start < 50000);
	return 0;
}
