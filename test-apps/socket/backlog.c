// listen(2)'s backlog: connections are complete before accept, data waits in them.
#include "net.h"
#include <poll.h>

int main(void)
{
	struct sockaddr_in there;
	int clients[5], listener = tcp_listener(&there, 5), order = 1;
	char byte;

	for (int i = 0; i < 5; i++) {
		clients[i] = tcp_client(&there);
		byte = (char)('a' + i);
		MUST(write(clients[i], &byte, 1));
	}
	struct pollfd set = { listener, POLLIN, 0 };
	SHOW(poll(&set, 1, 1000));
	for (int i = 0; i < 5; i++) {
		int fd = (int)MUST(accept(listener, NULL, NULL));
		MUST(read(fd, &byte, 1));
		order = order && byte == 'a' + i;
		close(fd);
	}
	SHOW(order);
	SHOW(poll(&set, 1, 0));
	int client = tcp_client(&there);
	MUST(close(listener));
	struct pollfd end = { client, POLLIN, 0 };
	SHOW(poll(&end, 1, 5000));
	SHOW(read(client, &byte, 1));
	SHOW(connect((int)MUST(socket(AF_INET, SOCK_STREAM, 0)), (struct sockaddr *)&there, sizeof there));
	return 0;
}
