// connect(2): refused, non-blocking, twice, wrong addresses, errors.
#include "net.h"
#include <poll.h>

int main(void)
{
	struct sockaddr_in there, nobody;
	struct sockaddr other = { .sa_family = 77 };
	int error = -1;
	socklen_t size = sizeof error;
	int fd, listener = tcp_listener(&there, 10);

	signal(SIGPIPE, SIG_IGN);
	close(tcp_listener(&nobody, 1));
	fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	SHOW(connect(fd, (struct sockaddr *)&nobody, sizeof nobody));
	SHOW(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size));
	SHOW(error);
	SHOW(connect(fd, (struct sockaddr *)&there, sizeof there));
	SHOW(connect(fd, (struct sockaddr *)&there, sizeof there));

	fd = (int)MUST(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	// Even over loopback it is told later.
	SHOW(connect(fd, (struct sockaddr *)&there, sizeof there));
	struct pollfd set = { fd, POLLOUT, 0 };
	SHOW(poll(&set, 1, 5000));
	say("%x", set.revents);
	SHOW(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size));
	SHOW(error);
	SHOW(write(fd, "x", 1));
	SHOW(connect(fd, (struct sockaddr *)&there, sizeof there));
	SHOW(connect(fd, (struct sockaddr *)&there, sizeof there));

	fd = (int)MUST(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	SHOW(connect(fd, (struct sockaddr *)&nobody, sizeof nobody));
	set.fd = fd;
	SHOW(poll(&set, 1, 5000));
	say("%x", set.revents);
	SHOW(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size));
	say("%s", errno_name(error));
	SHOW(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size));
	SHOW(error);
	SHOW(write(fd, "x", 1));

	fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	struct sockaddr_in name;
	size = sizeof name;
	SHOW(getpeername(fd, (struct sockaddr *)&name, &size));
	SHOW(getsockname(fd, (struct sockaddr *)&name, &size));
	SHOW(name.sin_port);
	SHOW(read(fd, &name, 1));
	SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
	SHOW(connect(fd, &other, sizeof other));
	SHOW(connect(fd, (struct sockaddr *)&there, 8));
	SHOW(SYS(connect, fd, BAD, sizeof there));
	SHOW(SYS(connect, fd, &there, -1));
	SHOW(connect(-1, (struct sockaddr *)&there, sizeof there));
	SHOW(connect(1, (struct sockaddr *)&there, sizeof there));
	SHOW(connect(listener, (struct sockaddr *)&there, sizeof there));
	SHOW(shutdown(fd, SHUT_WR));
	return 0;
}
