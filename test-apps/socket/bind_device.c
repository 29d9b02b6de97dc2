// SO_BINDTODEVICE: a socket that sends and receives over one link.
#include "net.h"
#include <net/if.h>

static int bind_to(int fd, const char *name)
{
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name));
}

static void show(int fd)
{
	char name[IFNAMSIZ] = "unchanged";
	socklen_t size = sizeof name;
	int result = getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &size);

	if (result == -1)
		say("%s", errno_name(errno));
	else
		say("'%s', %d bytes", name, (int)size);
}

int main(void)
{
	struct sockaddr_in address, outside = loopback(9);
	char byte, name[IFNAMSIZ];
	socklen_t size = 2;
	int receiver = udp_socket(&address), sender = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));

	show(sender);
	SHOW(bind_to(sender, "lo"));
	show(sender);
	SHOW(getsockopt(sender, SOL_SOCKET, SO_BINDTODEVICE, name, &size));
	SHOW(sendto(sender, "x", 1, 0, (struct sockaddr *)&address, sizeof address));
	YES(readable(receiver));
	SHOW(recv(receiver, &byte, 1, 0));
	outside.sin_addr.s_addr = htonl(0x08080808);
	SHOW(connect(sender, (struct sockaddr *)&outside, sizeof outside) == 0 || errno == ENETUNREACH || errno == EINVAL);
	SHOW(bind_to(sender, "none"));
	show(sender);
	SHOW(bind_to(sender, "a-name-that-is-too-long"));
	SHOW(bind_to(sender, ""));
	show(sender);
	SHOW(setsockopt(sender, SOL_SOCKET, SO_BINDTODEVICE, "lo", IFNAMSIZ));
	show(sender);
	SHOW(SYS(setsockopt, sender, SOL_SOCKET, SO_BINDTODEVICE, BAD, 2));
	SHOW(SYS(setsockopt, sender, SOL_SOCKET, SO_BINDTODEVICE, NULL, 0));
	show(sender);
	SHOW(bind_to(receiver, "lo"));
	SHOW(sendto(sender, "x", 1, 0, (struct sockaddr *)&address, sizeof address));
	YES(readable(receiver));

	say("TCP");
	int listener = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	size = sizeof address;
	address = loopback(0);
	SHOW(bind_to(listener, "lo"));
	MUST(bind(listener, (struct sockaddr *)&address, sizeof address));
	MUST(listen(listener, 1));
	MUST(getsockname(listener, (struct sockaddr *)&address, &size));
	int client = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	SHOW(bind_to(client, "lo"));
	SHOW(connect(client, (struct sockaddr *)&address, sizeof address));
	int accepted = (int)MUST(accept(listener, NULL, NULL));
	show(accepted);
	MUST(write(client, "x", 1));
	SHOW(read(accepted, &byte, 1));
	return 0;
}
