// MSG_PEEK with MSG_WAITALL and MSG_TRUNC, on streams and datagrams.
#include "net.h"

static int target = -1;

static void *send_late(void *unused)
{
	(void)unused;
	sleep_ms(50);
	MUST(send(target, "ef", 2, 0));
	sleep_ms(50);
	MUST(send(target, "gh", 2, 0));
	return NULL;
}

static void stream(int in, int out)
{
	struct timeval limit = { .tv_usec = 50000 }, none = { 0 };
	char text[16] = "";
	pthread_t other;

	MUST(send(out, "abcd", 4, 0));
	YES(readable(in));
	target = out;
	other = spawn(send_late, NULL);
	SHOW(recv(in, text, 8, MSG_PEEK | MSG_WAITALL));
	say("%.8s", text);
	pthread_join(other, NULL);
	SHOW(recv(in, text, 3, MSG_PEEK | MSG_WAITALL));
	SHOW(recv(in, text, 12, MSG_PEEK | MSG_WAITALL | MSG_DONTWAIT));
	MUST(setsockopt(in, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
	SHOW(recv(in, text, 12, MSG_PEEK | MSG_WAITALL));
	SHOW(recv(in, text, 12, MSG_WAITALL));
	SHOW(recv(in, text, 12, MSG_PEEK | MSG_WAITALL));
	MUST(setsockopt(in, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none));
	memset(text, 0, sizeof text);
	MUST(send(out, "12345678", 8, 0));
	YES(readable(in));
	SHOW(recv(in, text, 4, MSG_PEEK | MSG_TRUNC));
	SHOW(recv(in, NULL, 4, MSG_TRUNC | MSG_WAITALL));
	SHOW(recv(in, text, 4, MSG_DONTWAIT));
	say("%.4s", text);
	MUST(send(out, "end", 3, 0));
	MUST(shutdown(out, SHUT_WR));
	SHOW(recv(in, text, 8, MSG_PEEK | MSG_WAITALL));
	SHOW(recv(in, text, 8, MSG_WAITALL));
	SHOW(recv(in, text, 8, MSG_PEEK | MSG_WAITALL));
}

static void show_message(int fd, size_t room, int flags)
{
	char text[16] = "", more[16] = "";
	struct iovec parts[2] = { { text, room / 2 }, { more, room - room / 2 } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2, .msg_flags = 0x7fff };
	long got = recvmsg(fd, &message, flags);

	say("recvmsg of %d with %x = %ld: '%s' '%s', flags %x", (int)room, flags, got, text, more, message.msg_flags);
}

static void packets(int in, int out)
{
	MUST(send(out, "abcdefgh", 8, 0));
	MUST(send(out, "ij", 2, 0));
	YES(readable(in));
	show_message(in, 4, MSG_PEEK);
	show_message(in, 4, MSG_PEEK | MSG_TRUNC);
	show_message(in, 8, MSG_PEEK | MSG_TRUNC | MSG_WAITALL);
	show_message(in, 4, MSG_TRUNC);
	show_message(in, 8, MSG_WAITALL);
	show_message(in, 8, MSG_PEEK | MSG_DONTWAIT);
	MUST(send(out, "", 0, 0));
	YES(readable(in));
	show_message(in, 8, MSG_PEEK);
	show_message(in, 0, MSG_TRUNC);
	show_message(in, 8, MSG_ERRQUEUE | MSG_DONTWAIT);
}

int main(void)
{
	int both[2];

	say("TCP");
	tcp_pair(both);
	stream(both[0], both[1]);
	say("Unix stream");
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, both));
	MUST(send(both[1], "abcdefgh", 8, 0));
	show_message(both[0], 4, MSG_PEEK | MSG_WAITALL);
	show_message(both[0], 8, MSG_PEEK | MSG_WAITALL);
	show_message(both[0], 8, MSG_WAITALL);
	say("UDP");
	udp_pair(both);
	packets(both[0], both[1]);
	say("Unix datagrams");
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, both));
	packets(both[0], both[1]);
	say("Unix sequenced packets");
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, both));
	packets(both[0], both[1]);
	return 0;
}
