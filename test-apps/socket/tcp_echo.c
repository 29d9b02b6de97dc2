// TCP over loopback: listen, accept, connect, getsockname(2), getpeername(2), data both ways, end
// of stream.
#include "net.h"

static void *serve(void *argument)
{
	int listener = *(int *)argument;
	char text[64];
	ssize_t got;
	int fd = (int)MUST(accept(listener, NULL, NULL));

	while ((got = read(fd, text, sizeof text)) > 0)
		MUST(write(fd, text, (size_t)got));
	close(fd);
	return NULL;
}

int main(void)
{
	struct sockaddr_in here, there, name;
	socklen_t size = sizeof here;
	char text[64] = "";
	int listener = tcp_listener(&there, 10);

	YES(there.sin_port != 0);
	say("%s", inet_ntoa(there.sin_addr));
	pthread_t thread = spawn(serve, &listener);
	int fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	SHOW(connect(fd, (struct sockaddr *)&there, sizeof there));
	SHOW(getsockname(fd, (struct sockaddr *)&here, &size));
	SHOW(size);
	say("%s", inet_ntoa(here.sin_addr));
	YES(here.sin_port != 0 && here.sin_port != there.sin_port);
	SHOW(getpeername(fd, (struct sockaddr *)&name, &size));
	YES(memcmp(&name, &there, sizeof name) == 0);
	SHOW(write(fd, "hello", 5));
	SHOW(read_all(fd, text, 5));
	say("%s", text);
	SHOW(send(fd, "again", 5, MSG_NOSIGNAL));
	SHOW(recv(fd, text, 5, MSG_WAITALL));
	say("%s", text);
	SHOW(shutdown(fd, SHUT_WR));
	SHOW(read(fd, text, 5));
	SHOW(read(fd, text, 5));
	pthread_join(thread, NULL);
	SHOW(getpeername(fd, (struct sockaddr *)&name, &size));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(pread(fd, text, 1, 0));
	SHOW(close(fd));
	return 0;
}
