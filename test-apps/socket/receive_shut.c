// recv(2), recvmsg(2), recvmmsg(2): what is received from sockets whose reading shutdown(2) ended.
#include "net.h"

static void receive(const char *name, int fd)
{
	char bytes[4];
	struct iovec part = { bytes, sizeof bytes };
	struct mmsghdr many[3] = { 0 };

	for (int place = 0; place < 3; place++)
		many[place].msg_hdr = (struct msghdr){ .msg_iov = &part, .msg_iovlen = 1 };
	say("%s", name);
	shutdown(fd, SHUT_RD);
	SHOW(recv(fd, bytes, sizeof bytes, 0));
	SHOW(recv(fd, bytes, sizeof bytes, MSG_DONTWAIT));
	SHOW(recv(fd, bytes, sizeof bytes, MSG_PEEK));
	SHOW(recv(fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT));
	SHOW(recvmsg(fd, &many[0].msg_hdr, 0));
	SHOW(recvmsg(fd, &many[0].msg_hdr, MSG_DONTWAIT));
	SHOW(SYS(recvmmsg, fd, many, 3, 0, NULL));
	SHOW(SYS(recvmmsg, fd, many, 3, MSG_DONTWAIT, NULL));
	SHOW(SYS(recvmmsg, fd, many, 3, MSG_WAITFORONE, NULL));
	SHOW(read(fd, bytes, sizeof bytes));
}

int main(void)
{
	struct sockaddr_in there;
	int both[2];

	receive("UDP", udp_socket(&there));
	receive("UDP of IPv6", (int)MUST(socket(AF_INET6, SOCK_DGRAM, 0)));
	tcp_pair(both);
	receive("TCP", both[0]);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, both));
	receive("stream", both[0]);
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, both));
	receive("datagrams", both[0]);
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, both));
	receive("packets", both[0]);
	return 0;
}
