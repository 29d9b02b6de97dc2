// A signal during each call of sockets that waits: EINTR, or a new beginning with SA_RESTART,
// unless the wait has a timeout.
#include "net.h"
#include <stdatomic.h>
#include <sys/un.h>

static pthread_t caller;
static atomic_int is_over, handled;
static int rescue = -1;

static void handler(int number)
{
	(void)number;
	handled++;
}

// Signals the caller until the call has returned; helps it out after the third.
static void *disturb(void *argument)
{
	(void)argument;
	while (!is_over) {
		sleep_ms(10);
		pthread_kill(caller, SIGUSR1);
		if (handled >= 3 && rescue != -1) {
			MUST(send(rescue, "r", 1, MSG_NOSIGNAL));
			rescue = -1;
		}
	}
	return NULL;
}

static void set_handler(int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	MUST(sigaction(SIGUSR1, &action, NULL));
}

#define DISTURBED(help, ...)                                \
	do {                                                \
		is_over = handled = 0;                      \
		rescue = (help);                            \
		pthread_t other = spawn(disturb, NULL);     \
		long result = (__VA_ARGS__);                \
		int error = errno;                          \
		is_over = 1;                                \
		pthread_join(other, NULL);                  \
		show_value(#__VA_ARGS__, result, error);    \
		say("handled: %s", handled ? "yes" : "no"); \
	} while (0)

static void timeouts(int fd, int option, long seconds)
{
	struct timeval value = { .tv_sec = seconds };

	MUST(setsockopt(fd, SOL_SOCKET, option, &value, sizeof value));
}

static void receive(int fd, int peer)
{
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct mmsghdr messages[1] = { { .msg_hdr = message } };

	set_handler(0);
	DISTURBED(-1, read(fd, &byte, 1));
	DISTURBED(-1, recv(fd, &byte, 1, 0));
	DISTURBED(-1, recvmsg(fd, &message, 0));
	DISTURBED(-1, recvmmsg(fd, messages, 1, 0, NULL));
	set_handler(SA_RESTART);
	DISTURBED(peer, read(fd, &byte, 1));
	DISTURBED(peer, recv(fd, &byte, 1, 0));
	DISTURBED(peer, recvmsg(fd, &message, 0));
	DISTURBED(peer, recvmmsg(fd, messages, 1, 0, NULL));
	timeouts(fd, SO_RCVTIMEO, 30);
	DISTURBED(-1, read(fd, &byte, 1));
	DISTURBED(-1, recv(fd, &byte, 1, 0));
	DISTURBED(-1, recvmsg(fd, &message, 0));
	timeouts(fd, SO_RCVTIMEO, 0);
}

static void transmit(int fd)
{
	fill(fd);
	set_handler(0);
	DISTURBED(-1, write(fd, "x", 1));
	DISTURBED(-1, send(fd, "x", 1, 0));
	set_handler(SA_RESTART);
	timeouts(fd, SO_SNDTIMEO, 30);
	DISTURBED(-1, send(fd, "x", 1, 0));
	timeouts(fd, SO_SNDTIMEO, 0);
}

int main(void)
{
	struct sockaddr_in address;
	int both[2], listener = tcp_listener(&address, 1);

	caller = pthread_self();
	say("accept");
	set_handler(0);
	DISTURBED(-1, accept(listener, NULL, NULL));
	set_handler(SA_RESTART);
	timeouts(listener, SO_RCVTIMEO, 30);
	DISTURBED(-1, accept4(listener, NULL, NULL, 0));

	say("TCP");
	tcp_pair(both);
	receive(both[0], both[1]);

	say("UDP");
	udp_pair(both);
	receive(both[0], both[1]);

	for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type += type == SOCK_STREAM ? 1 : 3) {
		say("Unix, type %d", type);
		MUST(socketpair(AF_UNIX, type, 0, both));
		receive(both[0], both[1]);
		transmit(both[0]);
	}
	return 0;
}
