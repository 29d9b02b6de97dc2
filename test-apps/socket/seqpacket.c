// AF_UNIX SOCK_SEQPACKET at its edges: empty packets, ends, names, errors.
#include "net.h"
#include <sys/ioctl.h>
#include <sys/un.h>

static void on_pipe(int number)
{
	say("%s", signal_name(number));
}

int main(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0scull-seqpacket" };
	socklen_t length = offsetof(struct sockaddr_un, sun_path) + 16;
	static char block[400000];
	char text[8] = "";
	int both[2], held = -1;

	signal(SIGPIPE, on_pipe);
	int listener = (int)MUST(socket(AF_UNIX, SOCK_SEQPACKET, 0)), client = (int)MUST(socket(AF_UNIX, SOCK_SEQPACKET, 0));
	SHOW(listen(listener, 1));
	SHOW(connect(client, (struct sockaddr *)&name, length));
	MUST(bind(listener, (struct sockaddr *)&name, length));
	SHOW(connect(client, (struct sockaddr *)&name, length));
	SHOW(send(client, "x", 1, 0));
	SHOW(recv(client, text, 1, MSG_DONTWAIT));
	MUST(listen(listener, 1));
	MUST(fcntl(listener, F_SETFL, O_NONBLOCK));
	SHOW(accept(listener, NULL, NULL));
	SHOW(connect(client, (struct sockaddr *)&name, length));
	SHOW(connect(client, (struct sockaddr *)&name, length));
	int accepted = (int)MUST(accept(listener, NULL, NULL));
	int stream = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	SHOW(connect(stream, (struct sockaddr *)&name, length));
	int datagram = (int)MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
	SHOW(connect(datagram, (struct sockaddr *)&name, length));
	SHOW(sendto(client, "named", 5, 0, (struct sockaddr *)&name, length));
	SHOW(recv(accepted, text, 8, 0));
	SHOW(sendto(listener, "x", 1, 0, NULL, 0));
	SHOW(recv(listener, text, 1, MSG_DONTWAIT));

	say("empty packets are not the end");
	SHOW(send(client, "", 0, 0));
	SHOW(send(client, "a", 1, MSG_EOR));
	SHOW(ioctl(accepted, FIONREAD, &held));
	SHOW(held);
	struct pollfd set = { accepted, POLLIN | POLLRDHUP, 0 };
	SHOW(poll(&set, 1, 0));
	SHOW(set.revents);
	SHOW(read(accepted, text, 8));
	SHOW(read(accepted, text, 8));
	SHOW(write(client, "", 0));
	SHOW(recv(accepted, text, 8, MSG_DONTWAIT));
	SHOW(recv(accepted, text, 8, MSG_DONTWAIT));
	say("too long");
	SHOW(send(client, block, sizeof block, MSG_DONTWAIT));
	SHOW(send(client, block, 100000, MSG_DONTWAIT));
	SHOW(recv(accepted, block, sizeof block, 0));
	say("half closed");
	MUST(shutdown(client, SHUT_WR));
	SHOW(send(client, "x", 1, 0));
	SHOW(recv(accepted, text, 8, 0));
	SHOW(poll(&set, 1, 0));
	SHOW(set.revents);
	SHOW(send(accepted, "back", 4, 0));
	SHOW(recv(client, text, 8, 0));
	close(accepted);
	SHOW(recv(client, text, 8, 0));
	say("closed with something unread");
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, both));
	MUST(send(both[0], "lost", 4, 0));
	MUST(send(both[1], "kept", 4, 0));
	close(both[1]);
	set = (struct pollfd){ both[0], POLLIN | POLLOUT | POLLRDHUP, 0 };
	SHOW(poll(&set, 1, 0));
	SHOW(set.revents);
	SHOW(recv(both[0], text, 8, 0));
	SHOW(recv(both[0], text, 8, 0));
	SHOW(recv(both[0], text, 8, 0));
	SHOW(send(both[0], "x", 1, 0));
	SHOW(send(both[0], "x", 1, MSG_NOSIGNAL));
	SHOW(write(both[0], "x", 1));
	return 0;
}
