// AF_UNIX abstract names and autobind.
#include "net.h"
#include <sys/un.h>

int main(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX }, name;
	socklen_t length, size = sizeof name;
	char text[16] = "";

	snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "scull%dtest", (int)getpid());
	length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(address.sun_path + 1));
	int listener = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	SHOW(bind(listener, (struct sockaddr *)&address, length));
	SHOW(listen(listener, 5));
	SHOW(getsockname(listener, (struct sockaddr *)&name, &size));
	YES(size == length && memcmp(&name, &address, length) == 0);
	int fd = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	SHOW(connect(fd, (struct sockaddr *)&address, length - 1));
	SHOW(connect(fd, (struct sockaddr *)&address, length));
	int server = (int)MUST(accept(listener, NULL, NULL));
	SHOW(write(fd, "abc", 3));
	SHOW(read(server, text, 16));
	SHOW(bind((int)MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (struct sockaddr *)&address, length));
	MUST(close(listener));
	SHOW(connect((int)MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (struct sockaddr *)&address, length));
	int self = (int)MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
	SHOW(bind(self, (struct sockaddr *)&address, sizeof(sa_family_t)));
	size = sizeof name;
	SHOW(getsockname(self, (struct sockaddr *)&name, &size));
	SHOW(size);
	SHOW(name.sun_path[0]);
	return 0;
}
