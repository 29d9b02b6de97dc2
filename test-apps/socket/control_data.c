// Control data that is not for the socket: ignored, refused, cut short.
#include "net.h"
#include <sys/uio.h>

static void try(const char *what, int fd, int level, int type, size_t length)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(16)];
	} control = { .header = { .cmsg_len = length, .cmsg_level = level, .cmsg_type = type } };
	struct iovec part = { "x", 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	long sent = sendmsg(fd, &message, 0);

	say("%s: %ld %s", what, sent, sent < 0 ? errno_name(errno) : "");
	message.msg_controllen = 8;
	sent = sendmsg(fd, &message, 0);
	say("%s, cut: %ld %s", what, sent, sent < 0 ? errno_name(errno) : "");
}

static void try_all(int fd)
{
	try("descriptors", fd, SOL_SOCKET, SCM_RIGHTS, CMSG_LEN(0));
	try("nothing known", fd, SOL_SOCKET, 12345, CMSG_LEN(4));
	try("TCP's", fd, IPPROTO_TCP, 1, CMSG_LEN(4));
	try("UDP's", fd, IPPROTO_ICMP, 1, CMSG_LEN(4));
	try("too short", fd, IPPROTO_TCP, 1, 4);
	try("too long", fd, IPPROTO_TCP, 1, 4096);
}

int main(void)
{
	struct sockaddr_in address;
	int both[2], receiver = udp_socket(&address), sender = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));

	say("TCP");
	tcp_pair(both);
	try_all(both[0]);
	try("IP's", both[0], SOL_IP, IP_TTL, CMSG_LEN(4));
	say("UDP");
	MUST(connect(sender, (struct sockaddr *)&address, sizeof address));
	try_all(sender);
	try("IP's unknown", sender, SOL_IP, 200, CMSG_LEN(4));
	close(receiver);
	return 0;
}
