// recv(2) and send(2) flags: PEEK, WAITALL, DONTWAIT, TRUNC, OOB refused, MORE.
#include "net.h"
#include <sys/ioctl.h>

static int both[2];

static void *send_in_pieces(void *unused)
{
	(void)unused;
	for (int i = 0; i < 5; i++) {
		MUST(write(both[1], "ab", 2));
		sleep_ms(3);
	}
	return NULL;
}

int main(void)
{
	char text[32] = "";
	int held = -1;

	tcp_pair(both);
	SHOW(recv(both[0], text, 5, MSG_DONTWAIT));
	MUST(write(both[1], "0123456789", 10));
	YES(readable(both[0]));
	SHOW(recv(both[0], text, 5, MSG_PEEK));
	say("%s", text);
	SHOW(recv(both[0], text, 5, MSG_PEEK | MSG_DONTWAIT));
	SHOW(ioctl(both[0], FIONREAD, &held));
	SHOW(held);
	SHOW(recv(both[0], text, 4, MSG_TRUNC));
	SHOW(recv(both[0], text, 3, 0));
	say("%s", text);
	SHOW(recv(both[0], text, 30, MSG_DONTWAIT));
	SHOW(recv(both[0], text, 30, MSG_DONTWAIT));
	pthread_t thread = spawn(send_in_pieces, NULL);
	memset(text, 0, sizeof text);
	SHOW(recv(both[0], text, 10, MSG_WAITALL));
	say("%s", text);
	pthread_join(thread, NULL);
	SHOW(send(both[1], "more", 4, MSG_MORE));
	SHOW(send(both[1], "over", 4, 0));
	SHOW(recv(both[0], text, 8, MSG_WAITALL));
	SHOW(recv(both[0], text, 0, MSG_DONTWAIT));
	SHOW(send(both[1], "", 0, 0));
	SHOW(SYS(recvfrom, both[0], text, 5, MSG_OOB, NULL, NULL));
	SHOW(SYS(sendto, both[1], BAD, 5, 0, NULL, 0));
	MUST(write(both[1], "abc", 3));
	YES(readable(both[0]));
	SHOW(SYS(recvfrom, both[0], BAD, 5, 0, NULL, NULL));
	SHOW(SYS(recvfrom, both[0], text, 5, 0, NULL, NULL));
	MUST(write(both[1], "abcdef", 6));
	MUST(shutdown(both[1], SHUT_WR));
	SHOW(recv(both[0], text, 30, MSG_WAITALL));
	SHOW(recv(both[0], text, 30, MSG_WAITALL));
	SHOW(recv(-1, text, 1, 0));
	SHOW(recv(1, text, 1, 0));
	SHOW(send(1, text, 1, 0));
	return 0;
}
