// connect(2) of datagram sockets to AF_UNSPEC, and of IPv6 sockets to IPv4 addresses: what becomes of
// the socket's own address, which getaddrinfo(3) looks at to sort what it found.
#include "net.h"

static void show(int fd)
{
	struct sockaddr_in6 six = { 0 };
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)&six;
	socklen_t size = sizeof six;
	char text[INET6_ADDRSTRLEN] = "";

	MUST(getsockname(fd, (struct sockaddr *)&six, &size));
	int is_six = six.sin6_family == AF_INET6;
	inet_ntop(six.sin6_family, is_six ? (void *)&six.sin6_addr : (void *)&four->sin_addr, text, sizeof text);
	say("  %s, %s", text, six.sin6_port ? "a port" : "no port");
}

static void reach(int fd, int family)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	if (family == AF_INET)
		SHOW(connect(fd, (struct sockaddr *)&four, sizeof four));
	else
		SHOW(connect(fd, (struct sockaddr *)&six, sizeof six));
	show(fd);
}

static void leave(int fd)
{
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	SHOW(connect(fd, &nobody, sizeof nobody));
	show(fd);
}

int main(void)
{
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	say("IPv4");
	int fd = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));
	show(fd);
	reach(fd, AF_INET);
	leave(fd);
	reach(fd, AF_INET);
	leave(fd);
	say("with an address of its own");
	MUST(bind(fd, (struct sockaddr *)&own, sizeof own));
	show(fd);
	reach(fd, AF_INET);
	leave(fd);
	say("with a port of its own");
	fd = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));
	own.sin_addr.s_addr = 0;
	for (own.sin_port = htons(20000); bind(fd, (struct sockaddr *)&own, sizeof own) == -1; own.sin_port++)
		;
	show(fd);
	reach(fd, AF_INET);
	leave(fd);
	say("IPv6");
	fd = (int)MUST(socket(AF_INET6, SOCK_DGRAM, 0));
	reach(fd, AF_INET6);
	leave(fd);
	reach(fd, AF_INET);
	leave(fd);
	reach(fd, AF_INET6);
	return 0;
}
