// AF_NETLINK: the dump of links and addresses that programs list interfaces by.
#include "net.h"
#include <netinet/in.h>

struct message { uint32_t length; uint16_t type, flags; uint32_t sequence, port; };

static void dump(int fd, uint16_t type, uint32_t sequence, int family)
{
	struct { struct message head; unsigned char family; char pad[15]; } request;
	static char buffer[32768] __attribute__((aligned(8)));
	int records = 0, done = 0, others = 0;

	memset(&request, 0, sizeof request);
	request.head = (struct message){ sizeof request, type, 0x301, sequence, 0 };
	request.family = (unsigned char)family;
	MUST(send(fd, &request, sizeof request, 0));
	for (int reads = 0; !done && reads < 50; reads++) {
		long got = recv(fd, buffer, sizeof buffer, 0);
		if (got <= 0)
			break;
		for (long at = 0; at + (long)sizeof(struct message) <= got;) {
			struct message *head = (struct message *)(void *)(buffer + at);
			if (head->sequence != sequence)
				others++;
			if (head->type == 3)
				done = 1;
			else if (head->type == type - 2)
				records++;
			if (head->length < sizeof *head)
				break;
			at += (head->length + 3) & ~3U;
		}
	}
	say("dump %d: some %d, done %d, others %d", type, records > 0, done, others);
}

int main(void)
{
	struct { uint16_t family, pad; uint32_t port, groups; } address = { AF_NETLINK, 0, 0, 0 };
	socklen_t size = sizeof address;
	int fd = (int)MUST(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));

	SHOW(bind(fd, (struct sockaddr *)(void *)&address, sizeof address));
	SHOW(getsockname(fd, (struct sockaddr *)(void *)&address, &size));
	SHOW(size);
	YES(address.family == AF_NETLINK && address.port != 0);
	dump(fd, 18, 1, 0);
	dump(fd, 22, 2, 0);
	dump(fd, 22, 3, AF_INET);
	return 0;
}
