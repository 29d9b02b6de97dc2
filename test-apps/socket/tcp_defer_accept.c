// TCP_DEFER_ACCEPT, TCP_CORK, MSG_MORE, TCP_NODELAY: when connections and bytes get through.
#include "net.h"
#include <netinet/tcp.h>

static void set(int fd, int option, int value)
{
	MUST(setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value));
}

static int shown(int fd, int option)
{
	int value = -7;
	socklen_t size = sizeof value;

	MUST(getsockopt(fd, IPPROTO_TCP, option, &value, &size));
	return value;
}

static int ready(int fd, int wait)
{
	struct pollfd set = { fd, POLLIN, 0 };

	return poll(&set, 1, wait);
}

static void defer(void)
{
	struct sockaddr_in address;
	char text[8];
	int listener = tcp_listener(&address, 5);

	MUST(fcntl(listener, F_SETFL, O_NONBLOCK));
	set(listener, TCP_DEFER_ACCEPT, 30);
	YES(shown(listener, TCP_DEFER_ACCEPT) >= 30);
	int client = tcp_client(&address);
	SHOW(ready(client, 0));
	SHOW(ready(listener, 100));
	SHOW(accept(listener, NULL, NULL));
	MUST(write(client, "hello", 5));
	SHOW(ready(listener, 10000));
	int accepted = (int)MUST(accept(listener, NULL, NULL));
	SHOW(recv(accepted, text, 8, MSG_DONTWAIT));
	MUST(write(accepted, "back", 4));
	SHOW(ready(client, 10000));
	SHOW(read(client, text, 8));
	say("an end without data counts, too");
	int second = tcp_client(&address);
	SHOW(ready(listener, 100));
	MUST(shutdown(second, SHUT_WR));
	SHOW(ready(listener, 10000));
	int ended = (int)MUST(accept(listener, NULL, NULL));
	SHOW(read(ended, text, 8));
	set(listener, TCP_DEFER_ACCEPT, 0);
	SHOW(shown(listener, TCP_DEFER_ACCEPT));
	tcp_client(&address);
	SHOW(ready(listener, 10000));
}

static void cork(void)
{
	static char block[200000];
	char text[16];
	int both[2];

	tcp_pair(both);
	set(both[0], TCP_CORK, 1);
	MUST(write(both[0], "ab", 2));
	MUST(write(both[0], "cd", 2));
	SHOW(ready(both[1], 5));
	set(both[0], TCP_CORK, 0);
	SHOW(ready(both[1], 10000));
	SHOW(recv(both[1], text, 16, 0));
	say("a cork holds nothing for ever");
	set(both[0], TCP_CORK, 1);
	MUST(write(both[0], "ef", 2));
	SHOW(ready(both[1], 10000));
	SHOW(recv(both[1], text, 16, 0));
	say("nor all of much");
	long sent = send(both[0], block, sizeof block, MSG_DONTWAIT);
	YES(sent > 0);
	SHOW(ready(both[1], 10000));
	MUST(close(both[0]));
	YES(read_all(both[1], block, sizeof block) == sent);
	close(both[1]);
	say("MSG_MORE");
	tcp_pair(both);
	MUST(send(both[0], "ab", 2, MSG_MORE));
	SHOW(ready(both[1], 5));
	MUST(send(both[0], "cd", 2, 0));
	SHOW(ready(both[1], 10000));
	SHOW(recv(both[1], text, 16, 0));
	MUST(send(both[0], "ab", 2, MSG_MORE));
	set(both[0], TCP_NODELAY, 1);
	SHOW(ready(both[1], 10000));
	SHOW(recv(both[1], text, 16, 0));
	set(both[0], TCP_CORK, 1);
	MUST(send(both[0], "ab", 2, 0));
	MUST(shutdown(both[0], SHUT_WR));
	SHOW(recv(both[1], text, 16, 0));
	SHOW(recv(both[1], text, 16, 0));
	say("TCP_QUICKACK");
	tcp_pair(both);
	set(both[0], TCP_QUICKACK, 0);
	set(both[0], TCP_QUICKACK, 1);
	SHOW(shown(both[0], TCP_QUICKACK));
}

int main(void)
{
	say("TCP_DEFER_ACCEPT");
	defer();
	say("TCP_CORK");
	cork();
	return 0;
}
