// The flags of recv(2) on streams and datagrams: MSG_PEEK, MSG_WAITALL, MSG_TRUNC, MSG_DONTWAIT,
// MSG_OOB, MSG_ERRQUEUE; and timeouts.
#include "net.h"
#include <sys/un.h>

static void *send_late(void *fd)
{
	sleep_ms(50);
	MUST(send((int)(long)fd, "late", 4, 0));
	return NULL;
}

static void *close_late(void *fd)
{
	sleep_ms(50);
	MUST(close((int)(long)fd));
	return NULL;
}

static void stream(int in, int out)
{
	char text[16] = "";
	pthread_t other;

	SHOW(recv(in, text, 4, MSG_DONTWAIT));
	SHOW(recv(in, text, 4, MSG_DONTWAIT | MSG_PEEK));
	SHOW(recv(in, text, 4, MSG_DONTWAIT | MSG_WAITALL));
	SHOW(recv(in, text, 0, MSG_DONTWAIT));
	SHOW(send(out, "abcdef", 6, 0));
	YES(readable(in));
	SHOW(recv(in, text, 4, MSG_PEEK));
	SHOW(recv(in, text, 16, MSG_PEEK | MSG_TRUNC));
	SHOW(recv(in, text, 0, MSG_PEEK));
	SHOW(recv(in, text, 2, 0));
	say("%.6s", text);
	SHOW(recv(in, text, 8, MSG_WAITALL | MSG_DONTWAIT));
	SHOW(recv(in, text, 1, MSG_OOB));
	SHOW(send(out, "0", 1, 0));
	YES(readable(in));
	SHOW(recv(in, text, 1, MSG_ERRQUEUE));
	SHOW(recv(in, text, 1, MSG_DONTWAIT));
	SHOW(send(out, "1234", 4, MSG_MORE));
	other = spawn(send_late, (void *)(long)out);
	memset(text, 0, sizeof text);
	SHOW(recv(in, text, 8, MSG_WAITALL));
	say("%.8s", text);
	pthread_join(other, NULL);
	SHOW(send(out, "end", 3, 0));
	other = spawn(close_late, (void *)(long)out);
	SHOW(recv(in, text, 8, MSG_WAITALL));
	pthread_join(other, NULL);
	SHOW(recv(in, text, 8, MSG_WAITALL));
	SHOW(recv(in, text, 8, MSG_PEEK));
}

static void packets(int in, int out)
{
	char text[16] = "";

	SHOW(recv(in, text, 4, MSG_DONTWAIT));
	SHOW(send(out, "abcdef", 6, 0));
	SHOW(send(out, "", 0, 0));
	SHOW(send(out, "gh", 2, 0));
	YES(readable(in));
	SHOW(recv(in, text, 2, MSG_PEEK));
	SHOW(recv(in, text, 2, MSG_PEEK | MSG_TRUNC));
	SHOW(recv(in, text, 16, MSG_WAITALL));
	SHOW(recv(in, text, 16, MSG_PEEK));
	SHOW(recv(in, text, 16, 0));
	SHOW(recv(in, text, 1, MSG_TRUNC));
	SHOW(recv(in, text, 1, MSG_OOB | MSG_DONTWAIT));
	SHOW(send(out, "y", 1, 0));
	YES(readable(in));
	SHOW(recv(in, text, 1, MSG_ERRQUEUE));
	SHOW(recv(in, text, 1, MSG_DONTWAIT));
	SHOW(send(out, "x", 1, MSG_OOB));
	SHOW(send(out, "x", 1, MSG_FASTOPEN));
}

int main(void)
{
	struct timeval wait = { .tv_usec = 20000 };
	char byte;
	int both[2];

	say("TCP");
	tcp_pair(both);
	MUST(setsockopt(both[0], SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait));
	SHOW(recv(both[0], &byte, 1, 0));
	SHOW(read(both[0], &byte, 1));
	SHOW(recv(both[0], &byte, 1, MSG_WAITALL));
	wait.tv_usec = 0;
	MUST(setsockopt(both[0], SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait));
	wait.tv_usec = 1000000;
	SHOW(setsockopt(both[0], SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait));
	SHOW(setsockopt(both[0], SOL_SOCKET, SO_RCVTIMEO, &wait, 4));
	wait = (struct timeval){ .tv_sec = -1 };
	SHOW(setsockopt(both[0], SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait));
	wait.tv_sec = 0;
	MUST(setsockopt(both[0], SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait));
	stream(both[0], both[1]);
	say("Unix stream");
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, both));
	stream(both[0], both[1]);
	say("UDP");
	udp_pair(both);
	packets(both[0], both[1]);
	say("Unix datagrams");
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, both));
	packets(both[0], both[1]);
	say("Unix packets");
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, both));
	packets(both[0], both[1]);
	return 0;
}
