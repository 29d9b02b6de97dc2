// accept(2), accept4(2): addresses, flags, blocking, errors.
#include "net.h"

static struct sockaddr_in there;

static void *connect_later(void *unused)
{
	(void)unused;
	sleep_ms(20);
	int fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	MUST(connect(fd, (struct sockaddr *)&there, sizeof there));
	return (void *)(long)fd;
}

static void finish(void)
{
	close((int)(long)connect_later(NULL));
}

int main(void)
{
	struct sockaddr_in peer;
	socklen_t size = sizeof peer;
	void *client;
	int fd, listener = tcp_listener(&there, 10);

	pthread_t thread = spawn(connect_later, NULL);
	OK(fd = accept(listener, (struct sockaddr *)&peer, &size));
	pthread_join(thread, &client);
	SHOW(size);
	SHOW(peer.sin_family == AF_INET);
	say("%s", inet_ntoa(peer.sin_addr));
	SHOW(fcntl(fd, F_GETFL) & O_NONBLOCK);
	SHOW(fcntl(fd, F_GETFD));
	MUST(fcntl(listener, F_SETFL, O_NONBLOCK));
	SHOW(accept(listener, NULL, NULL));
	close((int)(long)connect_later(NULL));
	YES(WAIT_FOR((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0));
	SHOW(fcntl(fd, F_GETFL) & O_NONBLOCK);
	SHOW(fcntl(fd, F_GETFD));
	close((int)(long)connect_later(NULL));
	YES(WAIT_FOR((fd = accept(listener, NULL, NULL)) >= 0));
	SHOW(fcntl(fd, F_GETFL) & O_NONBLOCK);
	client = connect_later(NULL);
	size = 4;
	YES(WAIT_FOR((fd = accept(listener, (struct sockaddr *)&peer, &size)) >= 0));
	SHOW(size);
	SHOW(SYS(accept4, listener, NULL, NULL, 1));
	SHOW(accept(-1, NULL, NULL));
	SHOW(accept(fd, NULL, NULL));
	SHOW(accept(1, NULL, NULL));
	int udp = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));
	SHOW(accept(udp, NULL, NULL));
	int fresh = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	SHOW(accept(fresh, NULL, NULL));
	SHOW(listen(udp, 5));
	SHOW(listen(-1, 5));
	SHOW(listen(1, 5));
	SHOW(listen(listener, 20));
	client = connect_later(NULL);
	SHOW(WAIT_FOR(SYS(accept, listener, BAD, &size) != -1 || errno != EAGAIN));
	client = connect_later(NULL);
	MUST(fcntl(listener, F_SETFL, 0));
	SHOW(SYS(accept, listener, &peer, BAD));
	INTERRUPTED(accept(listener, NULL, NULL));
	RESTARTED(finish, accept(listener, NULL, NULL) >= 0);
	SHOW(shutdown(listener, SHUT_RD));
	SHOW(accept(listener, NULL, NULL));
	return 0;
}
