// sendmsg(2), recvmsg(2): several buffers, flags, addresses, errors.
#include "net.h"
#include <sys/uio.h>

int main(void)
{
	char a[4] = "", b[8] = "", c[32] = "";
	struct iovec out[3] = { { "abc", 3 }, { "", 0 }, { "defghij", 7 } };
	struct iovec in[3] = { { a, 3 }, { b, 4 }, { c, 31 } };
	struct msghdr message = { .msg_iov = out, .msg_iovlen = 3 };
	int both[2];

	tcp_pair(both);
	SHOW(sendmsg(both[0], &message, MSG_NOSIGNAL));
	message.msg_iov = in;
	YES(readable(both[1]));
	SHOW(recvmsg(both[1], &message, 0));
	say("%s %s %s", a, b, c);
	SHOW(message.msg_flags);
	SHOW(message.msg_namelen);
	SHOW(recvmsg(both[1], &message, MSG_DONTWAIT));
	SHOW(writev(both[0], out, 3));
	YES(readable(both[1]));
	SHOW(readv(both[1], in, 2));
	message.msg_iov = NULL;
	message.msg_iovlen = 0;
	SHOW(sendmsg(both[0], &message, 0));
	SHOW(SYS(sendmsg, both[0], BAD, 0));
	SHOW(SYS(recvmsg, both[1], BAD, 0));
	message.msg_iov = BAD;
	message.msg_iovlen = 1;
	SHOW(SYS(sendmsg, both[0], &message, 0));
	message.msg_iov = in;
	message.msg_iovlen = 2000;
	SHOW(SYS(sendmsg, both[0], &message, 0));
	out[0].iov_base = BAD;
	message.msg_iov = out;
	message.msg_iovlen = 1;
	SHOW(SYS(sendmsg, both[0], &message, 0));
	SHOW(sendmsg(-1, &message, 0));
	SHOW(sendmsg(1, &message, 0));

	struct sockaddr_in here, from;
	int receiver = udp_socket(&here), sender = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));
	out[0].iov_base = "datagram";
	out[0].iov_len = 8;
	message = (struct msghdr){ .msg_name = &here, .msg_namelen = sizeof here, .msg_iov = out, .msg_iovlen = 1 };
	SHOW(sendmsg(sender, &message, 0));
	in[0].iov_len = 3;
	message = (struct msghdr){ .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = in, .msg_iovlen = 1 };
	SHOW(recvmsg(receiver, &message, 0));
	SHOW(message.msg_flags == MSG_TRUNC);
	SHOW(message.msg_namelen);
	say("%s", inet_ntoa(from.sin_addr));
	return 0;
}
