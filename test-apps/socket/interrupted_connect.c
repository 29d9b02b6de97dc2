// A signal during connect(2) that waits for room in a queue, sendmsg(2) and sendmmsg(2): EINTR, a
// new beginning with SA_RESTART unless there is a timeout; the timeout itself, and no waiting.
#include "net.h"
#include <sys/un.h>

static int listener, full[2];
static struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };

static int client(void)
{
	return (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
}

static void accept_one(void)
{
	close((int)MUST(accept(listener, NULL, NULL)));
}

// Sends until the queue takes no more.
static void crowd(void)
{
	while (send(full[0], "x", 1, MSG_DONTWAIT) == 1)
		;
}

static void drain(void)
{
	static char sink[4096];

	while (recv(full[1], sink, sizeof sink, MSG_DONTWAIT) > 0)
		;
}

static void timeout(int fd, long milliseconds)
{
	struct timeval value = { milliseconds / 1000, milliseconds % 1000 * 1000 };

	MUST(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &value, sizeof value));
}

static long reach(int fd)
{
	return connect(fd, (struct sockaddr *)&address, sizeof address);
}

int main(void)
{
	char byte = 'x';
	struct iovec part = { &byte, 1 };
	struct mmsghdr messages[2];

	enter_directory();
	listener = client();
	MUST(bind(listener, (struct sockaddr *)&address, sizeof address));
	MUST(listen(listener, 0));
	SHOW(reach(client()));
	int fd = client();
	INTERRUPTED(reach(fd));
	RESTARTED(accept_one, reach(fd));
	fd = client();
	timeout(fd, 30000);
	NOT_RESTARTED(reach(fd));
	timeout(fd, 20);
	SHOW(reach(fd));
	MUST(fcntl(fd, F_SETFL, O_NONBLOCK));
	SHOW(reach(fd));

	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, full));
	crowd();
	memset(messages, 0, sizeof messages);
	for (int i = 0; i < 2; i++) {
		messages[i].msg_hdr.msg_iov = &part;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	INTERRUPTED(sendto(full[0], &byte, 1, 0, NULL, 0));
	INTERRUPTED(sendmsg(full[0], &messages[0].msg_hdr, 0));
	INTERRUPTED(sendmmsg(full[0], messages, 2, 0));
	RESTARTED(drain, sendmsg(full[0], &messages[0].msg_hdr, 0));
	crowd();
	RESTARTED(drain, sendmmsg(full[0], messages, 2, 0));
	crowd();
	timeout(full[0], 30000);
	NOT_RESTARTED(sendmsg(full[0], &messages[0].msg_hdr, 0));
	NOT_RESTARTED(sendmmsg(full[0], messages, 2, 0));
	timeout(full[0], 20);
	SHOW(sendmsg(full[0], &messages[0].msg_hdr, 0));
	SHOW(sendmsg(full[0], &messages[0].msg_hdr, MSG_DONTWAIT));
	return 0;
}
