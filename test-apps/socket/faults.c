// Every pointer that a socket call takes, bad: EFAULT, and what stays undone.
#include "net.h"
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

int main(void)
{
	struct sockaddr_in address, here;
	socklen_t size = sizeof address;
	char byte = 'x';
	int both[2], listener = tcp_listener(&address, 8), fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	int receiver = udp_socket(&here), sender = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));

	SHOW(SYS(socketpair, AF_UNIX, SOCK_STREAM, 0, BAD));
	SHOW(SYS(bind, fd, BAD, sizeof address));
	SHOW(SYS(bind, fd, KERNEL, sizeof address));
	SHOW(SYS(connect, fd, BAD, sizeof address));
	SHOW(SYS(connect, fd, KERNEL, sizeof address));
	SHOW(SYS(getsockname, listener, BAD, &size));
	SHOW(SYS(getsockname, listener, &here, BAD));
	SHOW(SYS(getpeername, fd, BAD, BAD));

	tcp_pair(both);
	SHOW(SYS(getpeername, both[0], BAD, &size));
	SHOW(SYS(getpeername, both[0], &here, BAD));
	SHOW(SYS(sendto, both[0], BAD, 1, 0, NULL, 0));
	SHOW(SYS(sendto, both[0], BAD, 0, 0, NULL, 0));
	SHOW(SYS(sendto, both[0], KERNEL, 1, 0, NULL, 0));
	SHOW(SYS(recvfrom, both[1], BAD, 1, MSG_DONTWAIT, NULL, NULL));
	SHOW(SYS(sendto, both[0], &byte, 1, 0, NULL, 0));
	YES(readable(both[1]));
	SHOW(SYS(recvfrom, both[1], BAD, 1, 0, NULL, NULL));
	SHOW(SYS(recvfrom, both[1], KERNEL, 1, 0, NULL, NULL));
	SHOW(SYS(recvfrom, both[1], &byte, 1, MSG_DONTWAIT, NULL, NULL));

	SHOW(SYS(sendto, sender, &byte, 1, 0, BAD, sizeof here));
	SHOW(SYS(sendto, sender, BAD, 1, 0, &here, sizeof here));
	getsockname(receiver, (struct sockaddr *)&here, &size);
	for (int i = 0; i < 3; i++)
		SHOW(SYS(sendto, sender, &byte, 1, 0, &here, sizeof here));
	SHOW(SYS(recvfrom, receiver, BAD, 1, MSG_DONTWAIT, NULL, NULL));
	SHOW(SYS(recvfrom, receiver, &byte, 1, MSG_DONTWAIT, BAD, &size));
	SHOW(SYS(recvfrom, receiver, &byte, 1, MSG_DONTWAIT, &address, BAD));
	SHOW(SYS(recvfrom, receiver, &byte, 1, MSG_DONTWAIT, NULL, BAD));

	int pair[2];
	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
		MUST(socketpair(AF_UNIX, type, 0, pair));
		SHOW(SYS(sendto, pair[0], BAD, 1, 0, NULL, 0));
		SHOW(SYS(sendto, pair[0], &byte, 1, 0, NULL, 0));
		SHOW(SYS(recvfrom, pair[1], BAD, 1, MSG_DONTWAIT | MSG_PEEK, NULL, NULL));
		SHOW(SYS(recvfrom, pair[1], BAD, 1, MSG_DONTWAIT, NULL, NULL));
		SHOW(SYS(recvfrom, pair[1], &byte, 1, MSG_DONTWAIT, NULL, NULL));
	}

	int on = 1;
	SHOW(SYS(setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, BAD, sizeof on));
	SHOW(SYS(setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, NULL, sizeof on));
	SHOW(SYS(setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, &on, -1));
	SHOW(SYS(setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, &on, 3));
	size = sizeof on;
	SHOW(SYS(getsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, BAD, &size));
	SHOW(SYS(getsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, &on, BAD));
	size = (socklen_t)-1;
	SHOW(SYS(getsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, &on, &size));

	struct iovec part = { BAD, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	SHOW(SYS(sendmsg, both[0], &message, 0));
	part.iov_base = &byte;
	message.msg_name = BAD;
	message.msg_namelen = sizeof here;
	SHOW(SYS(sendmsg, sender, &message, 0));
	message = (struct msghdr){ .msg_iov = &part, .msg_iovlen = 1, .msg_control = BAD, .msg_controllen = 64 };
	SHOW(SYS(sendmsg, both[0], &message, 0));

	SHOW(SYS(ioctl, both[1], FIONREAD, BAD));
	SHOW(SYS(ioctl, fd, SIOCGIFCONF, BAD));
	SHOW(SYS(ioctl, fd, SIOCGIFINDEX, BAD));

	int late = tcp_client(&address);
	size = sizeof here;
	SHOW(SYS(accept, listener, BAD, &size));
	int next = tcp_client(&address);
	SHOW(SYS(accept4, listener, &here, BAD, 0));
	SHOW(SYS(accept4, listener, NULL, NULL, 0x40000000));
	SHOW(fcntl(listener, F_SETFL, O_NONBLOCK));
	SHOW(SYS(accept, listener, NULL, NULL));
	close(late);
	close(next);
	return 0;
}
