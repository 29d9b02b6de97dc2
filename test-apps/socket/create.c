// socket(2): families, types, flags, and what is refused.
#include "net.h"

static void make(const char *what, int family, int type, int protocol)
{
	int fd = socket(family, type, protocol), held_type = -1, held_domain = -1, held_protocol = -1;
	socklen_t size = sizeof(int);

	if (fd == -1) {
		say("%s: %s", what, errno_name(errno));
		return;
	}
	getsockopt(fd, SOL_SOCKET, SO_TYPE, &held_type, &size);
	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &held_domain, &size);
	getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &held_protocol, &size);
	say("%s: type %d, domain %d, protocol %d, flags %x, cloexec %d", what, held_type, held_domain, held_protocol,
	    fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
	close(fd);
}

int main(void)
{
	make("tcp", AF_INET, SOCK_STREAM, 0);
	make("tcp by number", AF_INET, SOCK_STREAM, IPPROTO_TCP);
	make("tcp, flags", AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	make("udp", AF_INET, SOCK_DGRAM, 0);
	make("udp by number", AF_INET, SOCK_DGRAM, IPPROTO_UDP);
	make("tcp 6", AF_INET6, SOCK_STREAM, 0);
	make("udp 6", AF_INET6, SOCK_DGRAM, 0);
	make("unix stream", AF_UNIX, SOCK_STREAM, 0);
	make("unix datagrams", AF_UNIX, SOCK_DGRAM, 0);
	make("unix sequenced packets", AF_UNIX, SOCK_SEQPACKET, 0);
	make("netlink", AF_NETLINK, SOCK_RAW, 0);
	make("stream over udp", AF_INET, SOCK_STREAM, IPPROTO_UDP);
	make("datagrams over tcp", AF_INET, SOCK_DGRAM, IPPROTO_TCP);
	make("sequenced packets over inet", AF_INET, SOCK_SEQPACKET, 0);
	make("unknown family", 77, SOCK_STREAM, 0);
	make("unknown type", AF_INET, 15, 0);
	make("unknown flags", AF_INET, SOCK_STREAM | 0x10, 0);
	make("negative family", -1, SOCK_STREAM, 0);
	make("unix with protocol", AF_UNIX, SOCK_STREAM, 5);
	make("protocol out of range", AF_INET, SOCK_STREAM, 999);
	return 0;
}
