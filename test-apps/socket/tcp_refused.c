// connect(2): what is left of a TCP socket whose connection was refused without waiting for it.
#include "net.h"
#include "../poll/events.h"

// The address that the one refusal comes from.
static struct sockaddr_in closed;

static int try_to_connect(int fd)
{
	return connect(fd, (struct sockaddr *)&closed, sizeof closed);
}

static int refused(void)
{
	int fd = MUST(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));

	if (try_to_connect(fd) != -1 || errno != EINPROGRESS)
		say("connecting ended at once: %s", errno_name(errno));
	(void)WAIT_FOR(events_of(fd) & POLLHUP);
	return fd;
}

static int error_of(int fd)
{
	int error = -1;
	socklen_t size = sizeof error;

	MUST(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size));
	return error;
}

int main(void)
{
	struct sockaddr_storage name;
	socklen_t size = sizeof name;
	char byte;

	MUST(close(tcp_listener(&closed, 1)));
	signal(SIGPIPE, SIG_IGN);

	say("asked by SO_ERROR");
	int fd = refused();
	say("%x", events_of(fd));
	say("%s", errno_name(error_of(fd)));
	say("%x", events_of(fd));
	SHOW(error_of(fd));
	SHOW(recv(fd, &byte, 1, 0));
	SHOW(send(fd, "x", 1, 0));
	SHOW(getpeername(fd, (struct sockaddr *)&name, &size));
	SHOW(shutdown(fd, SHUT_WR));
	MUST(close(fd));

	say("asked by recv");
	fd = refused();
	SHOW(recv(fd, &byte, 1, 0));
	SHOW(recv(fd, &byte, 1, 0));
	SHOW(read(fd, &byte, 1));
	say("%x", events_of(fd));
	SHOW(error_of(fd));
	MUST(close(fd));

	say("asked by send");
	fd = refused();
	SHOW(send(fd, "x", 1, 0));
	SHOW(send(fd, "x", 1, 0));
	SHOW(recv(fd, &byte, 1, 0));
	MUST(close(fd));

	say("asked by connect");
	fd = refused();
	SHOW(try_to_connect(fd));
	say("%x", events_of(fd));
	SHOW(recv(fd, &byte, 1, 0));
	SHOW(send(fd, "x", 1, 0));
	SHOW(try_to_connect(fd));
	(void)WAIT_FOR(events_of(fd) & POLLHUP);
	say("%s", errno_name(error_of(fd)));
	SHOW(try_to_connect(fd));
	say("%x", events_of(fd));
	SHOW(recv(fd, &byte, 1, 0));
	MUST(close(fd));

	say("listening instead");
	fd = refused();
	SHOW(listen(fd, 1));
	say("%x", events_of(fd));
	MUST(close(fd));

	say("disconnected");
	fd = refused();
	SHOW(connect(fd, &(struct sockaddr){ AF_UNSPEC }, sizeof(struct sockaddr)));
	say("%x", events_of(fd));
	SHOW(error_of(fd));
	SHOW(recv(fd, &byte, 1, 0));
	MUST(close(fd));

	say("waited for");
	fd = MUST(socket(AF_INET, SOCK_STREAM, 0));
	SHOW(try_to_connect(fd));
	say("%x", events_of(fd));
	SHOW(error_of(fd));
	SHOW(recv(fd, &byte, 1, 0));
	SHOW(send(fd, "x", 1, 0));
	SHOW(try_to_connect(fd));
	return 0;
}
