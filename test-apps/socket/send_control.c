// What sendmsg(2) may say of one datagram: IP_PKTINFO, IPV6_PKTINFO, IP_TTL, IP_TOS and those of
// IPv6.
#include "net.h"

#define ROOM 256

union control {
	struct cmsghdr header;
	char bytes[ROOM];
};

static void set(int fd, int level, int option)
{
	int on = 1;
	MUST(setsockopt(fd, level, option, &on, sizeof on));
}

// Sends "x" with one item of control data.
static long send_with(int fd, const void *to, socklen_t to_length, int level, int type, const void *data, size_t length)
{
	union control control = { 0 };
	struct iovec part = { "x", 1 };
	struct msghdr message = { .msg_name = (void *)to, .msg_namelen = to_length, .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(length) };

	control.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(length), .cmsg_level = level, .cmsg_type = type };
	memcpy(CMSG_DATA(&control.header), data, length);
	return sendmsg(fd, &message, 0);
}

// Receives one datagram and says what came along.
static void receive(int fd)
{
	union control control;
	struct sockaddr_in6 from;
	char byte, text[INET6_ADDRSTRLEN];
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };

	if (!readable(fd) || recvmsg(fd, &message, 0) == -1) {
		say("nothing came");
		return;
	}
	if (from.sin6_family == AF_INET)
		say("from %s", inet_ntop(AF_INET, &((struct sockaddr_in *)&from)->sin_addr, text, sizeof text));
	else
		say("from %s", inet_ntop(AF_INET6, &from.sin6_addr, text, sizeof text));
	for (struct cmsghdr *item = CMSG_FIRSTHDR(&message); item; item = CMSG_NXTHDR(&message, item)) {
		int value = 0;
		size_t length = item->cmsg_len - CMSG_LEN(0);
		if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(item), sizeof info);
			say("IP_PKTINFO: to %s over %u", inet_ntop(AF_INET, &info.ipi_addr, text, sizeof text), info.ipi_ifindex);
			say("IP_PKTINFO: answered from %s", inet_ntop(AF_INET, &info.ipi_spec_dst, text, sizeof text));
		} else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(item), sizeof info);
			say("IPV6_PKTINFO: to %s over %u", inet_ntop(AF_INET6, &info.ipi6_addr, text, sizeof text), info.ipi6_ifindex);
		} else {
			memcpy(&value, CMSG_DATA(item), length < 4 ? length : 4);
			say("level %d, type %d, %d bytes: %d", item->cmsg_level, item->cmsg_type, (int)length, value);
		}
	}
}

static void v4(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY) };
	socklen_t size = sizeof address;
	int receiver = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0)), sender = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));
	struct in_pktinfo info = { 0 };
	int value = 5;
	unsigned char byte = 40;

	MUST(bind(receiver, (struct sockaddr *)&address, sizeof address));
	MUST(getsockname(receiver, (struct sockaddr *)&address, &size));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	set(receiver, IPPROTO_IP, IP_PKTINFO);
	set(receiver, IPPROTO_IP, IP_RECVTTL);
	set(receiver, IPPROTO_IP, IP_RECVTOS);
#define SEND(type, data) SHOW(send_with(sender, &address, sizeof address, IPPROTO_IP, type, &data, sizeof data))
	say("plain");
	SHOW(sendto(sender, "x", 1, 0, (struct sockaddr *)&address, sizeof address));
	receive(receiver);
	say("no wishes");
	SEND(IP_PKTINFO, info);
	receive(receiver);
	say("a source");
	info.ipi_spec_dst.s_addr = htonl(0x7f000002);
	SEND(IP_PKTINFO, info);
	receive(receiver);
	info.ipi_ifindex = 1;
	SEND(IP_PKTINFO, info);
	receive(receiver);
	say("no such link, no such address");
	info.ipi_ifindex = 12345;
	SEND(IP_PKTINFO, info);
	info.ipi_ifindex = 0;
	info.ipi_spec_dst.s_addr = htonl(0x08080808);
	YES(send_with(sender, &address, sizeof address, IPPROTO_IP, IP_PKTINFO, &info, sizeof info) == -1);
	SHOW(send_with(sender, &address, sizeof address, IPPROTO_IP, IP_PKTINFO, &info, 4));
	say("IP_TTL, IP_TOS");
	SEND(IP_TTL, value);
	receive(receiver);
	SEND(IP_TTL, byte);
	value = 0;
	SEND(IP_TTL, value);
	value = 256;
	SEND(IP_TTL, value);
	value = 16;
	SEND(IP_TOS, value);
	receive(receiver);
	SEND(IP_TOS, byte);
	receive(receiver);
	value = 300;
	SEND(IP_TOS, value);
	SEND(IP_MULTICAST_LOOP, value);
	say("of IPv6 on an IPv4 socket");
	struct in6_pktinfo six = { .ipi6_addr = IN6ADDR_LOOPBACK_INIT };
	SHOW(send_with(sender, &address, sizeof address, IPPROTO_IPV6, IPV6_PKTINFO, &six, sizeof six));
	say("on a stream");
	int both[2];
	tcp_pair(both);
	SHOW(send_with(both[0], NULL, 0, IPPROTO_IP, IP_PKTINFO, &info, sizeof info));
}

static void v6(void)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6 };
	socklen_t size = sizeof address;
	int receiver = (int)MUST(socket(AF_INET6, SOCK_DGRAM, 0)), sender = (int)MUST(socket(AF_INET6, SOCK_DGRAM, 0));
	struct in6_pktinfo info = { 0 };
	int value = 5;

	MUST(bind(receiver, (struct sockaddr *)&address, sizeof address));
	MUST(getsockname(receiver, (struct sockaddr *)&address, &size));
	address.sin6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
	set(receiver, IPPROTO_IPV6, IPV6_RECVPKTINFO);
	set(receiver, IPPROTO_IPV6, IPV6_RECVHOPLIMIT);
	set(receiver, IPPROTO_IPV6, IPV6_RECVTCLASS);
#undef SEND
#define SEND(type, data) SHOW(send_with(sender, &address, sizeof address, IPPROTO_IPV6, type, &data, sizeof data))
	say("plain");
	SHOW(sendto(sender, "x", 1, 0, (struct sockaddr *)&address, sizeof address));
	receive(receiver);
	say("a source and a link");
	SEND(IPV6_PKTINFO, info);
	receive(receiver);
	info.ipi6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
	info.ipi6_ifindex = 1;
	SEND(IPV6_PKTINFO, info);
	receive(receiver);
	info.ipi6_ifindex = 12345;
	SEND(IPV6_PKTINFO, info);
	info = (struct in6_pktinfo){ 0 };
	MUST(inet_pton(AF_INET6, "2001:db8::1", &info.ipi6_addr) == 1 ? 0 : -1);
	SEND(IPV6_PKTINFO, info);
	SHOW(send_with(sender, &address, sizeof address, IPPROTO_IPV6, IPV6_PKTINFO, &info, 4));
	say("IPV6_HOPLIMIT, IPV6_TCLASS");
	SEND(IPV6_HOPLIMIT, value);
	receive(receiver);
	SEND(IPV6_TCLASS, value);
	receive(receiver);
	value = -1;
	SEND(IPV6_HOPLIMIT, value);
	receive(receiver);
	value = 256;
	SEND(IPV6_HOPLIMIT, value);
	SEND(IPV6_TCLASS, value);
	value = -2;
	SEND(IPV6_HOPLIMIT, value);
	SEND(IPV6_TCLASS, value);
	SEND(IPV6_MULTICAST_LOOP, value);
	say("of IPv4 on an IPv6 socket");
	struct in_pktinfo four = { .ipi_spec_dst.s_addr = htonl(0x7f000002) };
	SHOW(send_with(sender, &address, sizeof address, IPPROTO_IP, IP_PKTINFO, &four, sizeof four));
}

int main(void)
{
	say("IPv4");
	v4();
	say("IPv6");
	v6();
	return 0;
}
