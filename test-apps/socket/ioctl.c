// ioctl(2) of sockets, netdevice(7): which requests the kinds of sockets know. A program without rights
// makes the changes.
#include "net.h"
#include <net/if.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

static const struct {
	const char *name;
	int family, type;
} KINDS[] = {
	{ "TCP", AF_INET, SOCK_STREAM },
	{ "UDP", AF_INET, SOCK_DGRAM },
	{ "TCP of IPv6", AF_INET6, SOCK_STREAM },
	{ "UDP of IPv6", AF_INET6, SOCK_DGRAM },
	{ "stream", AF_UNIX, SOCK_STREAM },
	{ "datagrams", AF_UNIX, SOCK_DGRAM },
	{ "packets", AF_UNIX, SOCK_SEQPACKET },
	{ "netlink", AF_NETLINK, SOCK_RAW },
};

static void ask(int fd, unsigned request)
{
	struct ifreq of = { .ifr_name = "lo" }, none = { 0 };
	int known, unknown;

	errno = 0;
	ioctl(fd, request, &of);
	known = errno;
	errno = 0;
	ioctl(fd, request, &none);
	unknown = errno;
	say("0x%x: %s, without a link %s", request, known ? errno_name(known) : "well", unknown ? errno_name(unknown) : "well");
}

// Requests that read, those that change, those of Internet sockets.
static const unsigned REQUESTS[] = {
	0x8910, 0x8913, 0x891d, 0x8921, 0x8927, 0x8929, 0x8933, 0x8942, 0x8970, 0x8915, 0x8917, 0x8919, 0x891b,
	0x8914, 0x891e, 0x8922, 0x8923, 0x8924, 0x8930, 0x8931, 0x8932, 0x8937, 0x8943, 0x8971,
	0x8947, 0x8948, 0x8949, 0x8990, 0x89a2, 0x89a3, 0x89b0, 0x894c,
	0x890b, 0x890c, 0x890d, 0x8916, 0x891a, 0x891c, 0x8934, 0x8935, 0x8936, 0x8953, 0x8955,
	0x8900, 0x8920, 0x891f, 0x8946, 0x8a00,
};

static void owner(int fd)
{
	int nobody = 0, who = getpid(), group = -getpgrp(), missing = 0x3fffff, got = 7;

	SHOW(ioctl(fd, FIOGETOWN, &got));
	SHOW(got);
	SHOW(ioctl(fd, FIOSETOWN, &who));
	SHOW(ioctl(fd, SIOCGPGRP, &got));
	YES(got == who);
	SHOW(ioctl(fd, SIOCSPGRP, &group));
	SHOW(ioctl(fd, FIOGETOWN, &got));
	YES(got == group);
	SHOW(ioctl(fd, SIOCSPGRP, &missing));
	SHOW(ioctl(fd, SIOCSPGRP, BAD));
	SHOW(ioctl(fd, FIOGETOWN, BAD));
	SHOW(ioctl(fd, SIOCSPGRP, &nobody));
}

int main(void)
{
	int epoll = (int)MUST(epoll_create1(0)), fds[2], value;

	MUST(pipe(fds));
	MUST(SYS(setresuid, 65534, 65534, 65534));
	for (size_t kind = 0; kind < sizeof KINDS / sizeof *KINDS; kind++) {
		int fd = (int)MUST(socket(KINDS[kind].family, KINDS[kind].type, 0));

		say("%s", KINDS[kind].name);
		for (size_t place = 0; place < sizeof REQUESTS / sizeof *REQUESTS; place++)
			ask(fd, REQUESTS[place]);
		owner(fd);
		SHOW(ioctl(fd, SIOCATMARK, &value));
		SHOW(ioctl(fd, SIOCGIFMTU, BAD));
		SHOW(ioctl(fd, SIOCSIFMTU, BAD));
		SHOW(ioctl(fd, 2, &value));
		SHOW(value);
		close(fd);
	}
	say("epoll");
	SHOW(ioctl(epoll, FIONREAD, &value));
	SHOW(ioctl(epoll, 0x400, &value));
	SHOW(ioctl(epoll, SIOCGIFMTU, &value));
	SHOW(ioctl(epoll, 2, &value));
	SHOW(value);
	say("pipe");
	SHOW(ioctl(fds[0], 2, &value));
	SHOW(value);
	SHOW(ioctl(fds[0], 2, BAD));
	SHOW(ioctl(fds[0], SIOCGIFMTU, &value));
	SHOW(ioctl(fds[0], FIOGETOWN, &value));
	return 0;
}
