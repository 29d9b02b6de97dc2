// IPV6_V6ONLY both ways: which sockets share a port, and who gets what.
#include "net.h"

static int make(int family, int type, int only, int port, int *shown)
{
	int fd = (int)MUST(socket(family, type | SOCK_NONBLOCK, 0));
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	socklen_t size = sizeof six;

	if (family == AF_INET6)
		MUST(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only));
	int result = family == AF_INET6 ? bind(fd, (struct sockaddr *)&six, sizeof six) : bind(fd, (struct sockaddr *)&four, sizeof four);
	if (result == -1 || (type == SOCK_STREAM && listen(fd, 5) == -1)) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	if (shown) {
		MUST(getsockname(fd, (struct sockaddr *)&six, &size));
		*shown = ntohs(six.sin6_port);
	}
	return fd;
}

static int reach(int family, int type, int port)
{
	int fd = (int)MUST(socket(family, type, 0));
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in four = loopback((uint16_t)port);
	int result = family == AF_INET6 ? connect(fd, (struct sockaddr *)&six, sizeof six) : connect(fd, (struct sockaddr *)&four, sizeof four);

	if (result == 0 && type == SOCK_DGRAM)
		result = (int)send(fd, "x", 1, 0);
	return result;
}

static void show(const char *name, int fd, int patience_ms)
{
	struct pollfd set = { fd, POLLIN, 0 };

	say("%s: %s", name, poll(&set, 1, patience_ms) == 1 ? "got something" : "got nothing");
}

static void both(int type)
{
	int port, on = 1, size_of_int;
	socklen_t size = sizeof size_of_int;

	say("only IPv6 beside IPv4");
	int six = make(AF_INET6, type, 1, 0, &port), four = make(AF_INET, type, 0, port, NULL);
	YES(six >= 0 && four >= 0);
	SHOW(getsockopt(six, IPPROTO_IPV6, IPV6_V6ONLY, &size_of_int, &size));
	SHOW(size_of_int);
	SHOW(setsockopt(six, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
	SHOW(reach(AF_INET6, type, port));
	show("IPv6", six, 10000);
	show("IPv4", four, 100);
	SHOW(reach(AF_INET, type, port));
	show("IPv4", four, 10000);
	close(four);
	SHOW(make(AF_INET6, type, 0, port, NULL));
	SHOW(make(AF_INET6, type, 1, port, NULL));
	close(six);
	say("both families");
	int dual = make(AF_INET6, type, 0, 0, &port);
	SHOW(make(AF_INET, type, 0, port, NULL));
	SHOW(make(AF_INET6, type, 1, port, NULL));
	SHOW(reach(AF_INET, type, port));
	show("dual", dual, 10000);
	close(dual);
	four = make(AF_INET, type, 0, 0, &port);
	SHOW(make(AF_INET6, type, 0, port, NULL));
	six = make(AF_INET6, type, 1, port, NULL);
	YES(six >= 0);
	close(four);
	close(six);
}

int main(void)
{
	struct sockaddr_in6 mapped = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	int on = 1;

	say("TCP");
	both(SOCK_STREAM);
	say("UDP");
	both(SOCK_DGRAM);
	say("mapped addresses");
	MUST(inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr) == 1 ? 0 : -1);
	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
		int fd = (int)MUST(socket(AF_INET6, type, 0));
		MUST(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
		SHOW(connect(fd, (struct sockaddr *)&mapped, sizeof mapped));
		SHOW(sendto(fd, "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&mapped, sizeof mapped));
		SHOW(bind(fd, (struct sockaddr *)&mapped, sizeof mapped));
		close(fd);
	}
	return 0;
}
