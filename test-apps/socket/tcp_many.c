// Two hundred connections at once by one epoll loop, then five hundred one after another.
#include "net.h"
#include <sys/epoll.h>
#include <sys/resource.h>

#define MANY 200

static void *serve(void *argument)
{
	int listener = *(int *)argument, epoll = (int)MUST(epoll_create1(0)), open_count = 0;
	struct epoll_event event = { .events = EPOLLIN, .data.fd = listener }, ready[32];
	long answered = 0, accepted = 0;
	char text[64];

	MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event));
	while (accepted < MANY + 500 || open_count > 0) {
		int count = epoll_wait(epoll, ready, 32, 5000);
		if (count <= 0) {
			say("epoll_wait: %d", count);
			break;
		}
		for (int i = 0; i < count; i++) {
			int fd = ready[i].data.fd;
			if (fd == listener) {
				fd = (int)MUST(accept4(listener, NULL, NULL, SOCK_NONBLOCK));
				event.data.fd = fd;
				MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
				accepted++;
				open_count++;
				continue;
			}
			ssize_t got = read(fd, text, sizeof text);
			if (got <= 0) {
				close(fd);
				open_count--;
			} else {
				answered += write(fd, text, (size_t)got) == got;
			}
		}
	}
	say("accepted %ld, answered %ld", accepted, answered);
	return NULL;
}

static int ask(int fd, int number)
{
	char out[16], in[16] = "";
	int length = snprintf(out, sizeof out, "number %d", number);

	MUST(write(fd, out, (size_t)length));
	return read_all(fd, in, (size_t)length) == length && memcmp(in, out, (size_t)length) == 0;
}

int main(void)
{
	struct sockaddr_in there;
	struct rlimit limit = { 1024, 1024 };
	int fds[MANY], good = 0, listener;

	MUST(setrlimit(RLIMIT_NOFILE, &limit));
	listener = tcp_listener(&there, 128);
	pthread_t thread = spawn(serve, &listener);
	for (int i = 0; i < MANY; i++)
		fds[i] = tcp_client(&there);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < MANY; i++)
			good += ask(fds[i], i * 10 + round);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	SHOW(good);
	good = 0;
	for (int i = 0; i < 500; i++) {
		int fd = tcp_client(&there);
		good += ask(fd, i);
		close(fd);
	}
	pthread_join(thread, NULL);
	SHOW(good);
	return 0;
}
