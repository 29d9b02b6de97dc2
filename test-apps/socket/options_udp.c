// Socket options of datagram and IPv6 sockets.
#include "net.h"

static int fd;

static void set(const char *name, int level, int option, int value)
{
	int held = -7;
	socklen_t size = sizeof held;
	const char *result = setsockopt(fd, level, option, &value, sizeof value) == 0 ? "ok" : errno_name(errno);

	if (getsockopt(fd, level, option, &held, &size) == -1)
		say("%s to %d: %s, then %s", name, value, result, errno_name(errno));
	else
		say("%s to %d: %s, then %d", name, value, result, held);
}

#define SET(level, option, value) set(#option, level, option, value)

int main(void)
{
	fd = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));
	SET(SOL_SOCKET, SO_BROADCAST, 1);
	SET(SOL_SOCKET, SO_REUSEADDR, 1);
	SET(SOL_SOCKET, SO_REUSEPORT, 1);
	SET(SOL_SOCKET, SO_RCVBUF, 30000);
	SET(SOL_SOCKET, SO_SNDBUF, 30000);
	SET(SOL_SOCKET, SO_SNDBUF, 100000);
	SET(IPPROTO_IP, IP_PKTINFO, 1);
	SET(IPPROTO_IP, IP_MULTICAST_TTL, 4);
	SET(IPPROTO_IP, IP_MULTICAST_LOOP, 0);
	SET(IPPROTO_IP, IP_RECVTOS, 1);
	SET(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
	SET(IPPROTO_TCP, 1, 1);
	SET(IPPROTO_UDP, 103, 1200);
	fd = (int)MUST(socket(AF_INET6, SOCK_DGRAM, 0));
	SET(IPPROTO_IPV6, IPV6_V6ONLY, 1);
	SET(IPPROTO_IPV6, IPV6_V6ONLY, 0);
	SET(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	SET(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 5);
	SET(IPPROTO_IPV6, IPV6_UNICAST_HOPS, 5);
	SET(IPPROTO_IPV6, 29, 0);
	SET(IPPROTO_IPV6, IPV6_TCLASS, 8);
	SET(IPPROTO_IPV6, 9999, 0);
	fd = (int)MUST(socket(AF_INET6, SOCK_STREAM, 0));
	SET(IPPROTO_IPV6, IPV6_V6ONLY, 1);
	SET(IPPROTO_TCP, 1, 1);
	fd = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	SET(SOL_SOCKET, SO_PASSCRED, 1);
	SET(SOL_SOCKET, SO_SNDBUF, 50000);
	SET(SOL_SOCKET, SO_KEEPALIVE, 1);
	SET(IPPROTO_TCP, 1, 1);
	return 0;
}
