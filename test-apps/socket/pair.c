// socketpair(2): both directions, full buffers, closing, errors.
#include "net.h"
#include <sys/ioctl.h>

static int pair[2];
static char buffer[1 << 16];

static void *drain(void *unused)
{
	char *block = malloc(sizeof buffer);
	long total = 0;
	ssize_t got;

	(void)unused;
	sleep_ms(10);
	while ((got = read(pair[1], block, sizeof buffer)) > 0)
		total += got;
	free(block);
	return (void *)total;
}

int main(void)
{
	char text[16] = "";
	int held = -1;
	void *total;

	SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	SHOW(write(pair[0], "ping", 4));
	SHOW(ioctl(pair[1], FIONREAD, &held));
	SHOW(held);
	SHOW(read(pair[1], text, 16));
	SHOW(write(pair[1], "pong", 4));
	SHOW(recv(pair[0], text, 2, MSG_PEEK));
	SHOW(read(pair[0], text, 16));
	pthread_t thread = spawn(drain, NULL);
	for (int i = 0; i < 64; i++)
		MUST(write(pair[0], buffer, sizeof buffer));
	SHOW(shutdown(pair[0], SHUT_WR));
	pthread_join(thread, &total);
	SHOW((long)total);
	SHOW(close(pair[1]));
	SHOW(read(pair[0], text, 1));
	SHOW(send(pair[0], "x", 1, MSG_NOSIGNAL));
	MUST(close(pair[0]));

	SHOW(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair));
	SHOW(fcntl(pair[1], F_GETFD));
	SHOW(fcntl(pair[1], F_GETFL) & O_NONBLOCK);
	SHOW(read(pair[0], text, 1));
	while (write(pair[0], buffer, sizeof buffer) > 0)
		;
	say("%s", errno_name(errno));
	MUST(close(pair[1]));
	SHOW(read(pair[0], text, 1));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	MUST(write(pair[1], "unread", 6));
	MUST(write(pair[0], "lost", 4));
	MUST(close(pair[1]));
	SHOW(read(pair[0], text, 16));
	SHOW(read(pair[0], text, 16));
	SHOW(read(pair[0], text, 16));
	SHOW(socketpair(AF_INET, SOCK_STREAM, 0, pair));
	SHOW(socketpair(77, SOCK_STREAM, 0, pair));
	SHOW(SYS(socketpair, AF_UNIX, SOCK_STREAM, 0, BAD));
	struct sockaddr name;
	socklen_t size = sizeof name;
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	SHOW(getsockname(pair[0], &name, &size));
	SHOW(size);
	INTERRUPTED(read(pair[0], text, 1));
	return 0;
}
