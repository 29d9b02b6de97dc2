// What the socket programs share: connections over the loopback interface.
#ifndef NET_H
#define NET_H

#include "../test.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>

static inline struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

// A listening socket on a free port of 127.0.0.1.
static inline int tcp_listener(struct sockaddr_in *address, int backlog)
{
	int fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	socklen_t size = sizeof *address;

	*address = loopback(0);
	MUST(bind(fd, (struct sockaddr *)address, sizeof *address));
	MUST(listen(fd, backlog));
	MUST(getsockname(fd, (struct sockaddr *)address, &size));
	return fd;
}

static inline int tcp_client(const struct sockaddr_in *address)
{
	int fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));

	MUST(connect(fd, (const struct sockaddr *)address, sizeof *address));
	return fd;
}

// Both ends of a new TCP connection.
static inline void tcp_pair(int both[2])
{
	struct sockaddr_in address;
	int listener = tcp_listener(&address, 1);

	both[0] = tcp_client(&address);
	both[1] = (int)MUST(accept(listener, NULL, NULL));
	close(listener);
}

// A datagram socket on a free port of 127.0.0.1.
static inline int udp_socket(struct sockaddr_in *address)
{
	int fd = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));
	socklen_t size = sizeof *address;

	*address = loopback(0);
	MUST(bind(fd, (struct sockaddr *)address, sizeof *address));
	MUST(getsockname(fd, (struct sockaddr *)address, &size));
	return fd;
}

// A bound datagram socket, and one that is connected to it.
static inline void udp_pair(int both[2])
{
	struct sockaddr_in address;

	both[0] = udp_socket(&address);
	both[1] = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));
	MUST(connect(both[1], (struct sockaddr *)&address, sizeof address));
}

// Waits up to ten seconds for data; whether there is some.
static inline int readable(int fd)
{
	struct pollfd set = { fd, POLLIN, 0 };

	return poll(&set, 1, 10000) == 1;
}

// Reads exactly `length` bytes, or to the end; how many.
static inline long read_all(int fd, void *buffer, size_t length)
{
	size_t held = 0;
	ssize_t got;

	while (held < length && (got = read(fd, (char *)buffer + held, length - held)) > 0)
		held += (size_t)got;
	return (long)held;
}

// Writes until there has been no room for a while.
static inline void fill(int fd)
{
	static char block[65536];

	for (int full = 0; full < 5;) {
		if (send(fd, block, sizeof block, MSG_DONTWAIT) > 0) {
			full = 0;
			continue;
		}
		full++;
		sleep_ms(20);
	}
}

#endif
