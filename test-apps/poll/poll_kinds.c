// poll(2), epoll(7): all that is reported of each kind of file, in each of its states.
#include "../socket/net.h"
#include "events.h"
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>

static void state(const char *what, int fd)
{
	struct epoll_event seen = { 0 }, watch = { .events = 0x3fff };
	int epoll = MUST(epoll_create1(0));
	unsigned events = events_of(fd);

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &watch) == -1) {
		say("%-40s %x, by epoll %s", what, events, errno_name(errno));
	} else {
		MUST(epoll_wait(epoll, &seen, 1, 0));
		say("%-40s %x, by epoll %x", what, events, seen.events);
	}
	MUST(close(epoll));
}

// What comes by the network may take a while.
#define REACHES(what, fd, bit)                            \
	do {                                              \
		(void)WAIT_FOR(events_of(fd) & (bit));    \
		state(what, fd);                          \
	} while (0)

static void counters(void)
{
	uint64_t most = UINT64_MAX - 1;
	struct itimerspec soon = { .it_value.tv_nsec = 1 };
	struct epoll_event watch = { .events = EPOLLIN };
	sigset_t set;
	int event = MUST(eventfd(0, EFD_NONBLOCK));
	int timer = MUST(timerfd_create(CLOCK_MONOTONIC, 0));
	int epoll = MUST(epoll_create1(0));

	state("eventfd of zero", event);
	MUST(write(event, &most, 8));
	state("eventfd at its most", event);
	state("epoll of nothing", epoll);
	MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, event, &watch));
	state("epoll of what is ready", epoll);
	MUST(read(event, &most, 8));
	state("epoll of what is ready no more", epoll);
	state("timerfd not set", timer);
	MUST(timerfd_settime(timer, 0, &soon, NULL));
	REACHES("timerfd that is due", timer, POLLIN);

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	int signals = MUST(signalfd(-1, &set, 0));
	state("signalfd", signals);
	MUST(raise(SIGUSR1));
	state("signalfd with a signal", signals);

	int inotify = MUST(inotify_init1(0));
	state("inotify", inotify);
	MUST(inotify_add_watch(inotify, ".", IN_CREATE));
	MUST(close(MUST(open("made", O_CREAT | O_RDWR, 0600))));
	state("inotify with an event", inotify);
}

static void pipes(void)
{
	char page[4096] = { 0 };
	int ends[2];

	MUST(pipe2(ends, O_NONBLOCK));
	state("pipe's reader, empty", ends[0]);
	state("pipe's writer, empty", ends[1]);
	while (write(ends[1], page, sizeof page) > 0)
		;
	state("pipe's reader, full", ends[0]);
	state("pipe's writer, full", ends[1]);
	MUST(close(ends[1]));
	state("pipe's reader, full, without writer", ends[0]);
	while (read(ends[0], page, sizeof page) > 0)
		;
	state("pipe's reader, without writer", ends[0]);
	MUST(mkfifo("fifo", 0600));
	int both = MUST(open("fifo", O_RDWR));
	state("fifo open both ways", both);
	MUST(write(both, "x", 1));
	state("fifo open both ways, with a byte", both);
	MUST(pipe2(ends, O_NONBLOCK));
	MUST(close(ends[0]));
	state("pipe's writer, without reader", ends[1]);
}

static void files(void)
{
	state("regular file", MUST(open("made", O_RDONLY)));
	state("directory", MUST(open(".", O_RDONLY)));
	state("path", MUST(open("made", O_PATH)));
	state("memfd", MUST(memfd_create("m", 0)));
	state("/dev/null", MUST(open("/dev/null", O_RDONLY)));
	state("/dev/zero", MUST(open("/dev/zero", O_RDONLY)));
	state("/dev/urandom", MUST(open("/dev/urandom", O_RDONLY)));
	state("/dev/random", MUST(open("/dev/random", O_RDONLY)));
	state("/proc/self/maps", MUST(open("/proc/self/maps", O_RDONLY)));
}

static void unix_sockets(void)
{
	struct sockaddr_un name = { AF_UNIX, "socket" };
	int pair[2], byte = 0;
	static const struct {
		int type;
		const char *name;
	} kinds[] = { { SOCK_STREAM, "stream" }, { SOCK_SEQPACKET, "seqpacket" }, { SOCK_DGRAM, "datagram" } };

	for (int i = 0; i < 3; i++) {
		say("%s of AF_UNIX", kinds[i].name);
		state("  fresh", MUST(socket(AF_UNIX, kinds[i].type, 0)));
		MUST(socketpair(AF_UNIX, kinds[i].type | SOCK_NONBLOCK, 0, pair));
		state("  connected", pair[0]);
		MUST(send(pair[1], &byte, 1, 0));
		state("  with a byte", pair[0]);
		MUST(shutdown(pair[1], SHUT_WR));
		state("  with a byte, peer writes no more", pair[0]);
		state("  writes no more", pair[1]);
		MUST(shutdown(pair[0], SHUT_RDWR));
		state("  shut down", pair[0]);
		state("  its peer", pair[1]);
		MUST(close(pair[1]));
		state("  without peer", pair[0]);
		MUST(socketpair(AF_UNIX, kinds[i].type | SOCK_NONBLOCK, 0, pair));
		while (send(pair[0], &name, sizeof name, 0) > 0)
			;
		state("  full", pair[0]);
		state("  of which the peer is full", pair[1]);
		MUST(close(pair[1]));
		state("  full, without peer", pair[0]);
	}
	int listener = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	MUST(bind(listener, (struct sockaddr *)&name, sizeof name));
	state("bound stream", listener);
	MUST(listen(listener, 4));
	state("listener", listener);
	int client = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	MUST(connect(client, (struct sockaddr *)&name, sizeof name));
	state("listener with a connection", listener);
	state("client not yet accepted", client);
	MUST(shutdown(listener, SHUT_RDWR));
	state("listener shut down", listener);
	MUST(close(listener));
	state("client of a closed listener", client);
}

static void internet_sockets(void)
{
	struct sockaddr_in here = loopback(0), nobody;
	struct linger reset = { 1, 0 };
	socklen_t size = sizeof here;
	char byte;

	int listener = MUST(socket(AF_INET, SOCK_STREAM, 0));
	state("TCP, fresh", listener);
	MUST(bind(listener, (struct sockaddr *)&here, sizeof here));
	state("TCP, bound", listener);
	MUST(listen(listener, 4));
	MUST(getsockname(listener, (struct sockaddr *)&here, &size));
	state("TCP, listening", listener);
	int client = tcp_client(&here);
	REACHES("TCP, listening, with a connection", listener, POLLIN);
	int server = MUST(accept(listener, NULL, NULL));
	state("TCP, connected", client);
	MUST(send(client, "x", 1, 0));
	REACHES("TCP, with a byte", server, POLLIN);
	MUST(shutdown(client, SHUT_WR));
	REACHES("TCP, at its end", server, POLLRDHUP);
	state("TCP, writes no more", client);
	MUST(shutdown(server, SHUT_WR));
	REACHES("TCP, both write no more", client, POLLHUP);
	REACHES("TCP, both write no more, with bytes", server, POLLHUP);
	client = tcp_client(&here);
	server = MUST(accept(listener, NULL, NULL));
	MUST(shutdown(server, SHUT_RD));
	state("TCP, reads no more", server);
	MUST(setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset));
	MUST(close(client));
	REACHES("TCP, reset", server, POLLHUP);
	SHOW(read(server, &byte, 1));
	state("TCP, reset, and told of it", server);
	nobody = here;
	MUST(shutdown(listener, SHUT_RDWR));
	state("TCP, listening no more", listener);
	MUST(close(listener));
	client = MUST(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	(void)!connect(client, (struct sockaddr *)&nobody, sizeof nobody);
	REACHES("TCP, refused", client, POLLHUP);

	int udp = MUST(socket(AF_INET, SOCK_DGRAM, 0));
	state("UDP, fresh", udp);
	here.sin_port = 0;
	MUST(bind(udp, (struct sockaddr *)&here, sizeof here));
	MUST(getsockname(udp, (struct sockaddr *)&here, &size));
	MUST(sendto(udp, "x", 1, 0, (struct sockaddr *)&here, sizeof here));
	REACHES("UDP, with a datagram", udp, POLLIN);
	MUST(connect(udp, (struct sockaddr *)&here, sizeof here));
	MUST(shutdown(udp, SHUT_RD));
	state("UDP, reads no more", udp);
	MUST(shutdown(udp, SHUT_WR));
	state("UDP, shut down", udp);
	udp = MUST(socket(AF_INET, SOCK_DGRAM, 0));
	MUST(connect(udp, (struct sockaddr *)&nobody, sizeof nobody));
	MUST(send(udp, "x", 1, 0));
	REACHES("UDP, refused", udp, POLLERR);
	state("netlink", MUST(socket(AF_NETLINK, SOCK_RAW, 0)));
}

int main(void)
{
	alarm(60);
	enter_directory();
	counters();
	pipes();
	files();
	unix_sockets();
	internet_sockets();
	return 0;
}
