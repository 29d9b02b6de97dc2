// F_SETOWN, F_SETSIG, O_ASYNC: kept where they are only kept.
#include "../test.h"
#include <sys/socket.h>

int main(void)
{
	int pair[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	SHOW(fcntl(pair[0], F_GETOWN));
	SHOW(fcntl(pair[0], F_SETOWN, getpid()));
	YES(fcntl(pair[0], F_GETOWN) == getpid());
	SHOW(fcntl(pair[0], F_SETOWN, 0));
	SHOW(fcntl(pair[0], F_GETOWN));
	SHOW(fcntl(pair[0], F_SETOWN, 0x3fffffff));
	return 0;
}
