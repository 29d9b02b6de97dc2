// SO_REUSEPORT: two listeners on one port share its connections.
#include "net.h"
#include <poll.h>

static int make(struct sockaddr_in *address, int reuse)
{
	int fd = (int)MUST(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	socklen_t size = sizeof *address;

	MUST(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &reuse, sizeof reuse));
	if (bind(fd, (struct sockaddr *)address, sizeof *address) == -1 || listen(fd, 100) == -1) {
		say("%s", errno_name(errno));
		return -1;
	}
	MUST(getsockname(fd, (struct sockaddr *)address, &size));
	return fd;
}

int main(void)
{
	struct sockaddr_in address = loopback(0);
	int first = make(&address, 1), second = make(&address, 1), accepted = 0;

	YES(first >= 0 && second >= 0);
	SHOW(make(&address, 0) >= 0);
	for (int i = 0; i < 40; i++)
		tcp_client(&address);
	struct pollfd set[2] = { { first, POLLIN, 0 }, { second, POLLIN, 0 } };
	while (poll(set, 2, 200) > 0) {
		accepted += accept(first, NULL, NULL) >= 0;
		accepted += accept(second, NULL, NULL) >= 0;
	}
	SHOW(accepted);
	MUST(close(first));
	int fd = tcp_client(&address);
	YES(fd >= 0);
	SHOW(poll(set + 1, 1, 1000));
	return 0;
}
