// Writing to a shut-down socket: SIGPIPE unless MSG_NOSIGNAL.
#include "net.h"

int main(void)
{
	int both[2];

	tcp_pair(both);
	MUST(shutdown(both[0], SHUT_WR));
	SHOW(send(both[0], "x", 1, MSG_NOSIGNAL));
	say("now with the signal");
	SHOW(send(both[0], "x", 1, 0));
	return 0;
}
