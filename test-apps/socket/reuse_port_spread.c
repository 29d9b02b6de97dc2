// SO_REUSEPORT among several: each listener gets connections, each receiver senders, and a sender
// always the same one.
#include "net.h"

#define SOCKETS 4
#define PEERS 200

static int bound(int type, struct sockaddr_in *address)
{
	int fd = (int)MUST(socket(AF_INET, type | SOCK_NONBLOCK, 0)), on = 1;
	socklen_t size = sizeof *address;

	MUST(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on));
	MUST(bind(fd, (struct sockaddr *)address, sizeof *address));
	MUST(getsockname(fd, (struct sockaddr *)address, &size));
	return fd;
}

static int refused(int type, struct sockaddr_in *address, int option)
{
	int fd = (int)MUST(socket(AF_INET, type, 0)), on = 1;

	if (option)
		MUST(setsockopt(fd, SOL_SOCKET, option, &on, sizeof on));
	int result = bind(fd, (struct sockaddr *)address, sizeof *address);
	int error = errno;
	close(fd);
	errno = error;
	return result;
}

static void tcp(void)
{
	struct sockaddr_in address = loopback(0);
	int listeners[SOCKETS], accepted[SOCKETS] = { 0 }, total = 0, fair = 1;

	for (int i = 0; i < SOCKETS; i++)
		listeners[i] = bound(SOCK_STREAM, &address);
	for (int i = 0; i < SOCKETS; i++)
		MUST(listen(listeners[i], PEERS));
	SHOW(refused(SOCK_STREAM, &address, 0));
	SHOW(refused(SOCK_STREAM, &address, SO_REUSEADDR));
	for (int i = 0; i < PEERS; i++)
		tcp_client(&address);
	int done = WAIT_FOR(({
		for (int i = 0; i < SOCKETS; i++)
			for (int fd; (fd = accept(listeners[i], NULL, NULL)) >= 0; total++, close(fd))
				accepted[i]++;
		total == PEERS;
	}));
	YES(done);
	for (int i = 0; i < SOCKETS; i++)
		fair &= accepted[i] >= PEERS / SOCKETS / 5;
	YES(fair);
	say("those that listen no more get none");
	for (int i = 1; i < SOCKETS; i++)
		close(listeners[i]);
	total = 0;
	for (int i = 0; i < 20; i++)
		close(tcp_client(&address));
	YES(WAIT_FOR(({
		while (accept(listeners[0], NULL, NULL) >= 0)
			total++;
		total == 20;
	})));
}

static void udp(void)
{
	struct sockaddr_in address = loopback(0), from;
	int receivers[SOCKETS], received[SOCKETS] = { 0 }, total = 0, fair = 1, stable = 1;
	int senders[PEERS], home[65536];
	socklen_t size = sizeof from;

	memset(home, -1, sizeof home);
	for (int i = 0; i < SOCKETS; i++)
		receivers[i] = bound(SOCK_DGRAM, &address);
	SHOW(refused(SOCK_DGRAM, &address, 0));
	SHOW(refused(SOCK_DGRAM, &address, SO_REUSEADDR));
	for (int i = 0; i < PEERS; i++) {
		struct sockaddr_in own;
		senders[i] = udp_socket(&own);
	}
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < PEERS; i++)
			MUST(sendto(senders[i], "x", 1, 0, (struct sockaddr *)&address, sizeof address));
	int done = WAIT_FOR(({
		char byte;
		for (int i = 0; i < SOCKETS; i++)
			while (recvfrom(receivers[i], &byte, 1, 0, (struct sockaddr *)&from, &size) == 1) {
				int *at = &home[ntohs(from.sin_port)];
				stable &= *at == -1 || *at == i;
				*at = i;
				received[i]++;
				total++;
			}
		total == 3 * PEERS;
	}));
	YES(done);
	YES(stable);
	for (int i = 0; i < SOCKETS; i++)
		fair &= received[i] >= 3 * PEERS / SOCKETS / 5;
	YES(fair);
	say("a connected socket gets what its peer sends");
	struct sockaddr_in peer;
	socklen_t length = sizeof peer;
	char byte;
	MUST(getsockname(senders[0], (struct sockaddr *)&peer, &length));
	for (int i = 0; i < SOCKETS; i++) {
		MUST(connect(receivers[i], (struct sockaddr *)&peer, sizeof peer));
		MUST(sendto(senders[0], "x", 1, 0, (struct sockaddr *)&address, sizeof address));
		YES(readable(receivers[i]));
		SHOW(recv(receivers[i], &byte, 1, 0));
		struct sockaddr nobody = { .sa_family = AF_UNSPEC };
		MUST(connect(receivers[i], &nobody, sizeof nobody));
	}
}

int main(void)
{
	say("TCP");
	tcp();
	say("UDP");
	udp();
	return 0;
}
