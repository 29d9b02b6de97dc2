// AF_UNIX datagrams and sequenced packets: boundaries, senders' names, truncation.
#include "net.h"
#include <sys/un.h>

static int bound(const char *path, struct sockaddr_un *address)
{
	int fd = (int)MUST(socket(AF_UNIX, SOCK_DGRAM, 0));

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	strcpy(address->sun_path, path);
	MUST(bind(fd, (struct sockaddr *)address, sizeof *address));
	return fd;
}

int main(void)
{
	struct sockaddr_un a_name, b_name, from;
	socklen_t size = sizeof from;
	char text[32] = "";
	int pair[2];

	enter_directory();
	int a = bound("a", &a_name), b = bound("b", &b_name);
	SHOW(sendto(a, "one", 3, 0, (struct sockaddr *)&b_name, sizeof b_name));
	SHOW(sendto(a, "", 0, 0, (struct sockaddr *)&b_name, sizeof b_name));
	SHOW(sendto(a, "three", 5, 0, (struct sockaddr *)&b_name, sizeof b_name));
	SHOW(recvfrom(b, text, 31, 0, (struct sockaddr *)&from, &size));
	say("%s from %s", text, from.sun_path);
	SHOW(recv(b, text, 31, 0));
	SHOW(recv(b, text, 2, MSG_TRUNC));
	SHOW(recv(b, text, 2, MSG_DONTWAIT));
	SHOW(send(a, "x", 1, 0));
	SHOW(connect(a, (struct sockaddr *)&b_name, sizeof b_name));
	SHOW(send(a, "x", 1, 0));
	SHOW(recv(b, text, 31, 0));
	int anonymous = (int)MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
	MUST(sendto(anonymous, "hi", 2, 0, (struct sockaddr *)&b_name, sizeof b_name));
	size = sizeof from;
	SHOW(recvfrom(b, text, 31, 0, (struct sockaddr *)&from, &size));
	SHOW(size);
	MUST(close(b));
	SHOW(send(a, "x", 1, 0));
	SHOW(sendto(anonymous, "x", 1, 0, (struct sockaddr *)&b_name, sizeof b_name));
	MUST(unlink("b"));
	SHOW(sendto(anonymous, "x", 1, 0, (struct sockaddr *)&b_name, sizeof b_name));

	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	SHOW(send(pair[0], "first", 5, 0));
	SHOW(send(pair[0], "second", 6, 0));
	SHOW(recv(pair[1], text, 3, 0));
	SHOW(recv(pair[1], text, 31, 0));
	MUST(close(pair[0]));
	SHOW(recv(pair[1], text, 31, 0));
	SHOW(send(pair[1], "x", 1, MSG_NOSIGNAL));

	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	SHOW(write(pair[0], "pair", 4));
	SHOW(read(pair[1], text, 31));
	MUST(close(pair[0]));
	SHOW(send(pair[1], "x", 1, MSG_NOSIGNAL));
	SHOW(recv(pair[1], text, 31, MSG_DONTWAIT));
	int stream = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	SHOW(connect(stream, (struct sockaddr *)&a_name, sizeof a_name));
	return 0;
}
