// How TCP connections end, shutdown(2): half-close, close with unread data, SO_LINGER, EPIPE.
#include "net.h"
#include <poll.h>

static int both[2];

static void look(const char *what)
{
	struct pollfd set = { both[0], POLLIN | POLLOUT | POLLRDHUP, 0 };
	int count = poll(&set, 1, 0);

	say("%s: %d %x", what, count, set.revents);
}

static int wait_for(short events)
{
	struct pollfd set = { both[0], events, 0 };

	return poll(&set, 1, 5000);
}

int main(void)
{
	struct linger abort_it = { 1, 0 };
	char text[16] = "";
	int error = -1;
	socklen_t size = sizeof error;

	signal(SIGPIPE, SIG_IGN);
	tcp_pair(both);
	look("fresh");
	MUST(write(both[1], "abc", 3));
	MUST(shutdown(both[1], SHUT_WR));
	SHOW(wait_for(POLLRDHUP));
	look("half closed");
	SHOW(read(both[0], text, 16));
	SHOW(read(both[0], text, 16));
	SHOW(write(both[0], "still", 5));
	SHOW(read_all(both[1], text, 5));
	SHOW(write(both[1], "x", 1));
	MUST(close(both[0]));
	SHOW(read(both[1], text, 16));
	MUST(close(both[1]));

	tcp_pair(both);
	MUST(shutdown(both[0], SHUT_RD));
	SHOW(read(both[0], text, 16));
	look("SHUT_RD");
	MUST(shutdown(both[0], SHUT_RDWR));
	SHOW(write(both[0], "x", 1));
	SHOW(wait_for(POLLHUP) >= 0);
	SHOW(read(both[1], text, 16));
	MUST(close(both[1]));
	WAIT_FOR(poll(&(struct pollfd){ both[0], 0, 0 }, 1, 0) == 1);
	look("both closed");
	SHOW(shutdown(both[0], SHUT_WR));
	MUST(close(both[0]));

	tcp_pair(both);
	MUST(write(both[0], "unread", 6));
	MUST(poll(&(struct pollfd){ both[1], POLLIN, 0 }, 1, 5000));
	MUST(close(both[1]));
	SHOW(wait_for(POLLHUP));
	look("closed with unread data");
	SHOW(read(both[0], text, 16));
	SHOW(read(both[0], text, 16));
	SHOW(write(both[0], "x", 1));
	MUST(close(both[0]));

	tcp_pair(both);
	MUST(setsockopt(both[1], SOL_SOCKET, SO_LINGER, &abort_it, sizeof abort_it));
	MUST(close(both[1]));
	SHOW(wait_for(POLLHUP));
	look("reset by SO_LINGER");
	SHOW(getsockopt(both[0], SOL_SOCKET, SO_ERROR, &error, &size));
	say("%s", errno_name(error));
	SHOW(read(both[0], text, 16));
	SHOW(write(both[0], "x", 1));
	MUST(close(both[0]));

	tcp_pair(both);
	MUST(close(both[1]));
	SHOW(wait_for(POLLRDHUP));
	look("closed");
	SHOW(write(both[0], "x", 1));
	SHOW(wait_for(POLLERR));
	SHOW(write(both[0], "x", 1));
	SHOW(shutdown(both[0], 9));
	SHOW(shutdown(-1, SHUT_WR));
	SHOW(shutdown(1, SHUT_WR));
	return 0;
}
