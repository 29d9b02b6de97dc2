// IPv6: ::1, dual-stack listeners, mapped addresses, IPV6_V6ONLY.
#include "net.h"

static const char *text_of(const struct sockaddr_in6 *address)
{
	static char text[64];

	return inet_ntop(AF_INET6, &address->sin6_addr, text, sizeof text);
}

int main(void)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT }, peer;
	struct sockaddr_in four = loopback(0);
	socklen_t size = sizeof address;
	char text[16] = "";
	int on = 1;

	int listener = (int)MUST(socket(AF_INET6, SOCK_STREAM, 0));
	SHOW(bind(listener, (struct sockaddr *)&address, sizeof address));
	SHOW(listen(listener, 5));
	MUST(getsockname(listener, (struct sockaddr *)&address, &size));
	say("%s, %d bytes", text_of(&address), (int)size);
	int client = (int)MUST(socket(AF_INET6, SOCK_STREAM, 0));
	SHOW(connect(client, (struct sockaddr *)&address, sizeof address));
	int server = (int)MUST(accept(listener, (struct sockaddr *)&peer, &size));
	say("%s", text_of(&peer));
	SHOW(write(client, "six", 3));
	SHOW(read(server, text, 16));
	four.sin_port = address.sin6_port;
	int other = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	SHOW(connect(other, (struct sockaddr *)&four, sizeof four));

	listener = (int)MUST(socket(AF_INET6, SOCK_STREAM, 0));
	address = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
	SHOW(bind(listener, (struct sockaddr *)&address, sizeof address));
	SHOW(listen(listener, 5));
	MUST(getsockname(listener, (struct sockaddr *)&address, &size));
	say("%s", text_of(&address));
	four.sin_port = address.sin6_port;
	other = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	SHOW(connect(other, (struct sockaddr *)&four, sizeof four));
	server = (int)MUST(accept(listener, (struct sockaddr *)&peer, &size));
	say("%s", text_of(&peer));
	MUST(getsockname(server, (struct sockaddr *)&peer, &size));
	say("%s", text_of(&peer));
	SHOW(write(other, "four", 4));
	SHOW(read(server, text, 16));
	client = (int)MUST(socket(AF_INET6, SOCK_STREAM, 0));
	MUST(inet_pton(AF_INET6, "::ffff:127.0.0.1", &address.sin6_addr));
	SHOW(connect(client, (struct sockaddr *)&address, sizeof address));

	listener = (int)MUST(socket(AF_INET6, SOCK_STREAM, 0));
	SHOW(setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
	address = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
	SHOW(bind(listener, (struct sockaddr *)&address, sizeof address));
	SHOW(listen(listener, 5));
	MUST(getsockname(listener, (struct sockaddr *)&address, &size));
	four.sin_port = address.sin6_port;
	other = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	SHOW(connect(other, (struct sockaddr *)&four, sizeof four));
	SHOW(setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
	SHOW(bind(other, (struct sockaddr *)&address, sizeof address));
	SHOW(bind((int)MUST(socket(AF_INET6, SOCK_STREAM, 0)), (struct sockaddr *)&four, sizeof four));

	int udp = (int)MUST(socket(AF_INET6, SOCK_DGRAM, 0));
	address = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	SHOW(bind(udp, (struct sockaddr *)&address, sizeof address));
	MUST(getsockname(udp, (struct sockaddr *)&address, &size));
	SHOW(sendto(udp, "self", 4, 0, (struct sockaddr *)&address, sizeof address));
	SHOW(recvfrom(udp, text, 16, 0, (struct sockaddr *)&peer, &size));
	say("%s", text_of(&peer));
	return 0;
}
