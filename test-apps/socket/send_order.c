// sendto(2), sendmsg(2), sendmmsg(2), connect(2): which of an address, a buffer, control data and a
// socket that is not connected is looked at first.
#include "net.h"

#define HUGE_LENGTH ((size_t)1 << 63)

static struct iovec byte_part = { "x", 1 }, bad_part = { BAD, 16 };

// One item of control data, whatever it says of its length.
struct item {
	struct cmsghdr header;
	char data[8];
};

static struct item item(size_t length, int level, int type)
{
	return (struct item){ .header = { .cmsg_len = length, .cmsg_level = level, .cmsg_type = type } };
}

static long send_item(int fd, const void *to, socklen_t to_length, struct iovec *part, struct item *what)
{
	struct msghdr message = { .msg_name = (void *)to, .msg_namelen = to_length, .msg_iov = part, .msg_iovlen = 1, .msg_control = what, .msg_controllen = sizeof *what };

	return SYS(sendmsg, fd, &message, 0);
}

// Control data that is not there.
static long send_nothing(int fd, struct iovec *part, size_t length)
{
	struct msghdr message = { .msg_iov = part, .msg_iovlen = 1, .msg_control = BAD, .msg_controllen = length };

	return SYS(sendmsg, fd, &message, 0);
}

static void of_a_socket(int fd)
{
	struct item malformed = item(8, SOL_SOCKET, SCM_RIGHTS), unknown = item(20, SOL_SOCKET, 9), file = item(20, SOL_SOCKET, SCM_RIGHTS), other = item(20, 77, 1), credentials = item(20, SOL_SOCKET, SCM_CREDENTIALS);

	memset(file.data, 0xff, sizeof file.data);
	SHOW(send_item(fd, NULL, 0, &byte_part, &malformed));
	SHOW(send_item(fd, NULL, 0, &byte_part, &unknown));
	SHOW(send_item(fd, NULL, 0, &byte_part, &file));
	SHOW(send_item(fd, NULL, 0, &byte_part, &credentials));
	SHOW(send_item(fd, NULL, 0, &byte_part, &other));
	SHOW(send_item(fd, NULL, 0, &bad_part, &malformed));
	SHOW(send_item(fd, NULL, 0, &bad_part, &other));
	SHOW(send_nothing(fd, &byte_part, 24));
	SHOW(send_nothing(fd, &byte_part, 1 << 20));
	SHOW(send_nothing(fd, &bad_part, 0));
	SHOW(SYS(sendto, fd, BAD, 16, 0, NULL, 0));
}

// Urgent data.
static void urgent(int fd)
{
	SHOW(SYS(sendto, fd, "x", 1, MSG_OOB, NULL, 0));
	SHOW(SYS(sendto, fd, "", 0, MSG_OOB, NULL, 0));
}

static void unix_sockets(int type, const char *name)
{
	static char large[300000];
	int fd = (int)MUST(socket(AF_UNIX, type, 0)), pair[2];
	struct sockaddr_un { sa_family_t family; char path[126]; } missing = { AF_UNIX, "missing" };
	struct sockaddr other = { .sa_family = 77 };
	struct iovec large_part = { large, sizeof large }, bad_large = { BAD, sizeof large };
	struct item malformed = item(8, SOL_SOCKET, SCM_RIGHTS);

	say("%s, idle", name);
	of_a_socket(fd);
	urgent(fd);
	SHOW(SYS(sendto, fd, "x", 1, 0, &other, sizeof other));
	SHOW(SYS(sendto, fd, BAD, 1, 0, &other, sizeof other));
	SHOW(SYS(sendto, fd, "x", 1, 0, &missing, 10));
	SHOW(SYS(sendto, fd, BAD, 1, 0, &missing, 10));
	SHOW(SYS(sendto, fd, BAD, 1, 0, &missing, 2));
	SHOW(SYS(sendto, fd, BAD, 1, 0, &missing, 1));
	SHOW(SYS(sendto, fd, "x", 1, 0, &missing, 128));
	SHOW(SYS(sendto, fd, "x", 1, 0, &missing, 129));
	SHOW(send_item(fd, &missing, 128, &byte_part, &malformed));
	SHOW(send_item(fd, &missing, 129, &byte_part, &malformed));
	SHOW(send_item(fd, &missing, (socklen_t)-1, &byte_part, &malformed));
	SHOW(send_nothing(fd, &large_part, 0));
	SHOW(send_nothing(fd, &bad_large, 0));
	MUST(shutdown(fd, SHUT_WR));
	SHOW(SYS(sendto, fd, "x", 1, MSG_NOSIGNAL, NULL, 0));
	SHOW(SYS(sendto, fd, "x", 1, MSG_NOSIGNAL, &missing, 10));
	SHOW(SYS(sendto, fd, BAD, 1, MSG_NOSIGNAL, &missing, 10));
	SHOW(send_nothing(fd, &large_part, 0));
	say("%s, connected", name);
	MUST(socketpair(AF_UNIX, type, 0, pair));
	of_a_socket(pair[0]);
	if (type != SOCK_STREAM)
		urgent(pair[0]);
	SHOW(SYS(sendto, pair[0], "x", 1, 0, &missing, 10));
	SHOW(SYS(sendto, pair[0], "x", 1, 0, &other, sizeof other));
	say("%s, shut down", name);
	MUST(shutdown(pair[0], SHUT_WR));
	of_a_socket(pair[0]);
	urgent(pair[0]);
	say("%s, without a peer", name);
	MUST(close(pair[0]));
	of_a_socket(pair[1]);
	urgent(pair[1]);
	close(pair[1]);
	close(fd);
}

static void tcp(void)
{
	struct sockaddr_in there;
	int idle = (int)MUST(socket(AF_INET, SOCK_STREAM, 0)), listener = tcp_listener(&there, 1), both[2];
	struct mmsghdr many[2] = { { .msg_hdr = { .msg_iov = &byte_part, .msg_iovlen = 1, .msg_control = BAD, .msg_controllen = 24 } } };

	say("TCP, idle");
	of_a_socket(idle);
	urgent(idle);
	say("TCP, listening");
	of_a_socket(listener);
	urgent(listener);
	say("TCP, connected");
	tcp_pair(both);
	struct item malformed = item(8, SOL_SOCKET, SCM_RIGHTS), mark = item(20, SOL_SOCKET, SO_MARK), priority = item(20, SOL_SOCKET, SO_PRIORITY), short_mark = item(18, SOL_SOCKET, SO_MARK);
	SHOW(send_item(both[0], NULL, 0, &byte_part, &malformed));
	SHOW(send_item(both[0], NULL, 0, &byte_part, &mark));
	SHOW(send_item(both[0], NULL, 0, &byte_part, &short_mark));
	SHOW(send_item(both[0], NULL, 0, &byte_part, &priority));
	SHOW(send_nothing(both[0], &byte_part, 24));
	SHOW(send_nothing(both[0], &bad_part, 0));
	SHOW(SYS(sendmmsg, both[0], many, 2, 0));
	say("TCP, shut down");
	MUST(shutdown(both[0], SHUT_WR));
	of_a_socket(both[0]);
	urgent(both[0]);
	close(both[0]);
	close(both[1]);
	close(idle);
	close(listener);
}

static void udp(int family)
{
	struct sockaddr_in four = loopback(0), to = loopback(9);
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr nowhere = { .sa_family = AF_UNSPEC }, other = { .sa_family = 77 };
	struct item malformed = item(8, SOL_SOCKET, SCM_RIGHTS), file = item(20, SOL_SOCKET, SCM_RIGHTS), mark = item(20, SOL_SOCKET, SO_MARK);
	int fd = (int)MUST(socket(family, SOCK_DGRAM, 0)), on = 1;
	socklen_t size = sizeof four;

	say("UDP of %s, idle", family == AF_INET ? "IPv4" : "IPv6");
	of_a_socket(fd);
	urgent(fd);
	SHOW(SYS(sendto, fd, "x", HUGE_LENGTH, 0, &four, sizeof four));
	SHOW(SYS(sendto, fd, "x", HUGE_LENGTH - 1, 0, &four, sizeof four));
	SHOW(SYS(sendto, fd, "x", 65536, 0, &four, sizeof four));
	SHOW(SYS(sendto, fd, "x", 65535, 0, &four, sizeof four));
	SHOW(SYS(sendto, fd, "x", 65536, 0, &other, sizeof other));
	SHOW(SYS(sendto, fd, "x", 65536, 0, &four, 15));
	SHOW(SYS(sendto, fd, "x", 65536, 0, NULL, 0));
	SHOW(SYS(sendto, fd, "x", 65536, 0, &six, sizeof six));
	SHOW(SYS(sendto, fd, "x", 1, 0, &six, sizeof six));
	SHOW(SYS(sendto, fd, "x", 1, 0, &nowhere, sizeof nowhere));
	SHOW(SYS(sendto, fd, "x", 1, 0, &four, 1));
	SHOW(send_item(fd, &four, sizeof four, &byte_part, &malformed));
	SHOW(send_item(fd, &other, sizeof other, &byte_part, &malformed));
	SHOW(send_item(fd, &to, sizeof to, &byte_part, &malformed));
	SHOW(send_item(fd, &to, sizeof to, &bad_part, &malformed));
	SHOW(send_item(fd, &to, sizeof to, &byte_part, &file));
	SHOW(send_item(fd, &to, sizeof to, &byte_part, &mark));
	SHOW(send_item(fd, &to, sizeof to, &bad_part, &file));

	say("UDP of %s, connecting", family == AF_INET ? "IPv4" : "IPv6");
	SHOW(SYS(connect, fd, &four, 1));
	SHOW(SYS(connect, fd, &other, sizeof other));
	SHOW(SYS(connect, fd, &four, 15));
	four.sin_port = htons(9);
	SHOW(SYS(connect, fd, &four, 16));
	char text[INET6_ADDRSTRLEN] = "";
	struct sockaddr_in6 peer;
	size = sizeof peer;
	MUST(getpeername(fd, (struct sockaddr *)&peer, &size));
	if (family == AF_INET6)
		say("peer %s", inet_ntop(AF_INET6, &peer.sin6_addr, text, sizeof text));
	size = sizeof peer;
	MUST(getsockname(fd, (struct sockaddr *)&peer, &size));
	if (family == AF_INET6)
		say("own %s", inet_ntop(AF_INET6, &peer.sin6_addr, text, sizeof text));
	SHOW(SYS(sendto, fd, BAD, 16, 0, NULL, 0));
	SHOW(SYS(sendto, fd, "x", 65536, 0, NULL, 0));
	MUST(shutdown(fd, SHUT_WR));
	SHOW(SYS(sendto, fd, "x", 65536, 0, NULL, 0));
	SHOW(SYS(sendto, fd, BAD, 16, 0, NULL, 0));
	SHOW(SYS(sendto, fd, "x", 1, 0, NULL, 0));
	SHOW(send_item(fd, NULL, 0, &byte_part, &malformed));
	SHOW(SYS(sendto, fd, "x", 1, 0, &other, sizeof other));
	close(fd);
	if (family == AF_INET)
		return;
	fd = (int)MUST(socket(family, SOCK_DGRAM, 0));
	MUST(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
	say("UDP of IPv6 only");
	SHOW(SYS(connect, fd, &four, 16));
	SHOW(SYS(connect, fd, &four, 15));
	SHOW(SYS(sendto, fd, "x", 1, 0, &to, sizeof to));
	SHOW(SYS(sendto, fd, "x", 65536, 0, &to, sizeof to));
	close(fd);
	fd = (int)MUST(socket(family, SOCK_STREAM, 0));
	SHOW(SYS(connect, fd, &four, 16));
	close(fd);
}

// A connection that was reset before the program asked what had become of it.
static void reset(void)
{
	struct sockaddr_in there;
	int listener = tcp_listener(&there, 1), fd = (int)MUST(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	struct pollfd reset = { .fd = fd, .events = POLLOUT };

	say("reset");
	SHOW(connect(fd, (struct sockaddr *)&there, sizeof there));
	MUST(poll(&reset, 1, 10000));
	close(listener);
	reset.events = POLLIN;
	MUST(poll(&reset, 1, 10000));
	SHOW(connect(fd, (struct sockaddr *)&there, sizeof there));
	close(fd);
}

// A call that fails has given the socket its port nevertheless.
static void port(int family)
{
	struct sockaddr other = { .sa_family = 77 };
	struct sockaddr_in6 own;
	socklen_t size = sizeof own;
	int fd = (int)MUST(socket(family, SOCK_DGRAM, 0));

	SHOW(SYS(sendto, fd, "x", 1, 0, NULL, 0));
	MUST(getsockname(fd, (struct sockaddr *)&own, &size));
	YES(own.sin6_port != 0);
	close(fd);
	fd = (int)MUST(socket(family, SOCK_DGRAM, 0));
	SHOW(SYS(connect, fd, &other, sizeof other));
	size = sizeof own;
	MUST(getsockname(fd, (struct sockaddr *)&own, &size));
	YES(own.sin6_port != 0);
	close(fd);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	unix_sockets(SOCK_STREAM, "stream");
	unix_sockets(SOCK_DGRAM, "datagrams");
	unix_sockets(SOCK_SEQPACKET, "packets");
	tcp();
	udp(AF_INET);
	udp(AF_INET6);
	reset();
	port(AF_INET);
	port(AF_INET6);
	return 0;
}
