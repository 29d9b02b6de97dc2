// A signal during a TCP send(2) or connect(2) that waits: EINTR, a part, or a new beginning; and
// what becomes of the connection.
#include "net.h"

static int sink = -1;

// Reads all that there is, so that the sender finds room.
static void empty_sink(void)
{
	static char block[65536];

	for (int quiet = 0; quiet < 5;) {
		if (recv(sink, block, sizeof block, MSG_DONTWAIT) > 0) {
			quiet = 0;
			continue;
		}
		quiet++;
		sleep_ms(20);
	}
}

static void sending(void)
{
	static char large[8 << 20];
	struct poker poker;
	int both[2];

	tcp_pair(both);
	sink = both[1];
	fill(both[0]);
	poke_start(&poker, 0, NULL);
	SHOW(send(both[0], "x", 1, 0));
	poke_stop(&poker);
	poke_start(&poker, SA_RESTART, empty_sink);
	SHOW(send(both[0], "x", 1, 0));
	poke_stop(&poker);
	say("what was taken before the signal counts");
	empty_sink();
	poke_start(&poker, SA_RESTART, NULL);
	long sent = send(both[0], large, sizeof large, 0);
	poke_stop(&poker);
	YES(sent > 0 && sent < (long)sizeof large);
}

static int listener;
static struct sockaddr_in address;

// A listener whose queue is full, so that a further connect waits.
static void fill_queue(void)
{
	listener = tcp_listener(&address, 0);
	tcp_client(&address);
}

static void empty_queue(void)
{
	close((int)MUST(accept(listener, NULL, NULL)));
}

static void outcome(int fd)
{
	struct pollfd set = { fd, POLLOUT, 0 };
	int error = -1;
	socklen_t size = sizeof error;

	SHOW(poll(&set, 1, 20000));
	SHOW(set.revents);
	MUST(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size));
	SHOW(error);
	SHOW(connect(fd, (struct sockaddr *)&address, sizeof address));
}

static void connecting(void)
{
	struct poker poker;
	struct pollfd set;

	say("interrupted");
	fill_queue();
	int fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	poke_start(&poker, 0, NULL);
	SHOW(connect(fd, (struct sockaddr *)&address, sizeof address));
	poke_stop(&poker);
	set = (struct pollfd){ fd, POLLOUT, 0 };
	SHOW(poll(&set, 1, 0));
	MUST(fcntl(fd, F_SETFL, O_NONBLOCK));
	SHOW(connect(fd, (struct sockaddr *)&address, sizeof address));
	empty_queue();
	outcome(fd);
	close(fd);
	close(listener);

	say("restarted");
	fill_queue();
	fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	poke_start(&poker, SA_RESTART, empty_queue);
	SHOW(connect(fd, (struct sockaddr *)&address, sizeof address));
	poke_stop(&poker);
	SHOW(connect(fd, (struct sockaddr *)&address, sizeof address));
	close(fd);
	close(listener);

	say("with a time limit");
	fill_queue();
	struct timeval limit = { .tv_usec = 100000 };
	fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	MUST(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit));
	SHOW(connect(fd, (struct sockaddr *)&address, sizeof address));
	SHOW(connect(fd, (struct sockaddr *)&address, sizeof address));
	empty_queue();
	outcome(fd);
	close(fd);
	close(listener);
}

int main(void)
{
	say("send");
	sending();
	say("connect");
	connecting();
	return 0;
}
