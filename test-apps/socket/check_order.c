// setsockopt(2), getsockopt(2), socketpair(2), connect(2), accept4(2), sendto(2), sendmsg(2), recvmsg(2):
// which of several things that are wrong is told.
#include "net.h"
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#define COMPAT 0x80000000u

int main(void)
{
	struct sockaddr_in there;
	int listener = tcp_listener(&there, 1);
	int tcp = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	int udp = (int)MUST(socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0));
	int pair[2], one = 1;
	socklen_t size = sizeof one, negative = (socklen_t)-1;
	struct sockaddr other = { .sa_family = 77 };
	char control[CMSG_SPACE(4)] = { 0x14 };
	struct msghdr header = { .msg_control = control, .msg_controllen = 16 };

	signal(SIGPIPE, SIG_IGN);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));

	// The descriptor, the length, the number, and only then the option.
	SHOW(SYS(setsockopt, -1, SOL_SOCKET, SO_KEEPALIVE, &one, -1));
	SHOW(SYS(setsockopt, 0, SOL_SOCKET, SO_KEEPALIVE, &one, -1));
	SHOW(SYS(setsockopt, tcp, 77, 1, BAD, -1));
	SHOW(SYS(setsockopt, tcp, SOL_SOCKET, 9999, BAD, 4));
	SHOW(SYS(setsockopt, tcp, SOL_SOCKET, 9999, &one, 4));
	SHOW(SYS(setsockopt, tcp, SOL_SOCKET, 9999, &one, 3));
	SHOW(SYS(setsockopt, tcp, IPPROTO_TCP, 9999, BAD, 4));
	SHOW(SYS(setsockopt, tcp, IPPROTO_IP, 9999, BAD, 4));
	SHOW(SYS(setsockopt, tcp, IPPROTO_IP, IP_TOS, BAD, 4));
	SHOW(SYS(setsockopt, tcp, IPPROTO_IP, IP_TOS, BAD, 0));
	SHOW(SYS(setsockopt, udp, IPPROTO_IPV6, 9999, BAD, 4));
	SHOW(SYS(setsockopt, udp, IPPROTO_IPV6, 9999, BAD, 3));
	SHOW(SYS(setsockopt, udp, IPPROTO_IPV6, IPV6_UNICAST_HOPS, BAD, 3));
	SHOW(SYS(setsockopt, tcp, 77, 1, BAD, 4));
	SHOW(SYS(setsockopt, pair[0], SOL_SOCKET, SO_LINGER, &one, 4));

	// No more of the value is looked at than the option has.
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(munmap(page + 4096, 4096));
	SHOW(SYS(setsockopt, tcp, SOL_SOCKET, SO_KEEPALIVE, page + 4092, 64));
	SHOW(SYS(setsockopt, pair[0], SOL_SOCKET, SO_SNDBUF, page + 4092, 64));
	SHOW(SYS(setsockopt, tcp, SOL_SOCKET, SO_KEEPALIVE, page + 4093, 64));

	SHOW(SYS(getsockopt, pair[0], 77, 1, &one, BAD));
	SHOW(SYS(getsockopt, tcp, 77, 1, &one, BAD));
	SHOW(SYS(getsockopt, udp, 77, 1, &one, BAD));
	SHOW(SYS(getsockopt, udp, 77, 1, &one, &negative));
	SHOW(SYS(getsockopt, udp, 136, 9999, &one, BAD));
	SHOW(SYS(getsockopt, udp, 136, 9999, &one, &negative));
	SHOW(SYS(getsockopt, udp, 136, 9999, &one, &size));
	SHOW(SYS(getsockopt, tcp, SOL_SOCKET, 9999, &one, BAD));
	SHOW(SYS(getsockopt, tcp, SOL_SOCKET, 9999, &one, &negative));
	SHOW(SYS(getsockopt, tcp, SOL_SOCKET, 9999, &one, &size));

	// Where the pair goes comes before what it is.
	SHOW(SYS(socketpair, AF_INET, SOCK_STREAM, 0, BAD));
	SHOW(SYS(socketpair, 99, SOCK_STREAM, 0, BAD));
	SHOW(SYS(socketpair, AF_INET, SOCK_STREAM, 0, pair));
	SHOW(SYS(socketpair, AF_INET, 4, 0, pair));
	SHOW(SYS(socketpair, AF_INET, SOCK_STREAM | 0x10, 0, BAD));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));

	// The address comes before the question whether it is a socket.
	SHOW(SYS(connect, 0, BAD, sizeof there));
	SHOW(SYS(connect, 0, &there, 1000));
	SHOW(SYS(connect, -1, BAD, 1000));
	SHOW(SYS(connect, listener, &other, sizeof other));
	SHOW(SYS(connect, tcp, &other, sizeof other));
	SHOW(SYS(accept4, -1, NULL, NULL, -1));
	SHOW(SYS(accept4, 0, NULL, NULL, -1));
	SHOW(SYS(accept4, 0, NULL, NULL, 0));

	SHOW(SYS(sendto, -1, KERNEL, 4, 0, NULL, 0));
	SHOW(SYS(recvfrom, -1, KERNEL, 4, 0, NULL, NULL));
	SHOW(SYS(sendto, pair[0], "x", 1, 0, &other, sizeof other));
	SHOW(SYS(sendto, udp, "x", 1, 0, &other, sizeof other));
	SHOW(SYS(sendmsg, -1, BAD, COMPAT));
	SHOW(SYS(recvmsg, 0, BAD, COMPAT));
	SHOW(SYS(sendmmsg, -1, BAD, 1, COMPAT));
	SHOW(SYS(recvmmsg, -1, BAD, 1, COMPAT, BAD));
	SHOW(SYS(sendmsg, udp, &header, 0));
	SHOW(ioctl(pair[0], SIOCATMARK, &one));
	SHOW(ioctl(udp, SIOCATMARK, &one));
	return 0;
}
