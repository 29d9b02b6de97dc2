// AF_UNIX streams by path: bind, connect, names, files left behind, errors.
#include "net.h"
#include <sys/un.h>

static socklen_t length(const struct sockaddr_un *address)
{
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(address->sun_path) + 1);
}

int main(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" }, name;
	struct stat status;
	socklen_t size = sizeof name;
	char text[16] = "";

	enter_directory();
	int listener = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	int fd = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	SHOW(connect(fd, (struct sockaddr *)&address, sizeof address));
	SHOW(bind(listener, (struct sockaddr *)&address, length(&address)));
	SHOW(connect(fd, (struct sockaddr *)&address, sizeof address));
	SHOW(listen(listener, 5));
	SHOW(stat("socket", &status));
	SHOW(S_ISSOCK(status.st_mode));
	SHOW(open("socket", O_RDWR));
	SHOW(getsockname(listener, (struct sockaddr *)&name, &size));
	say("%d %s", (int)size, name.sun_path);
	SHOW(connect(fd, (struct sockaddr *)&address, length(&address)));
	size = sizeof name;
	memset(&name, 0, sizeof name);
	int server = (int)MUST(accept(listener, (struct sockaddr *)&name, &size));
	say("%d <%s>", (int)size, name.sun_path);
	size = sizeof name;
	SHOW(getpeername(fd, (struct sockaddr *)&name, &size));
	say("%s", name.sun_path);
	SHOW(write(fd, "hello", 5));
	SHOW(read(server, text, 16));
	say("%s", text);
	SHOW(shutdown(fd, SHUT_WR));
	SHOW(read(server, text, 16));
	SHOW(write(server, "back", 4));
	SHOW(read(fd, text, 16));
	struct { pid_t pid; uid_t uid; gid_t gid; } peer = { 0, 1, 1 };
	size = sizeof peer;
	SHOW(getsockopt(server, SOL_SOCKET, SO_PEERCRED, &peer, &size));
	say("%d %d %d", peer.pid == getpid(), (int)peer.uid, (int)peer.gid);
	SHOW(bind(fd, (struct sockaddr *)&address, length(&address)));
	int other = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	SHOW(bind(other, (struct sockaddr *)&address, length(&address)));
	MUST(close(listener));
	SHOW(connect(other, (struct sockaddr *)&address, length(&address)));
	SHOW(unlink("socket"));
	SHOW(connect(other, (struct sockaddr *)&address, length(&address)));
	SHOW(connect(fd, (struct sockaddr *)&address, length(&address)));
	address.sun_family = AF_INET;
	SHOW(connect(other, (struct sockaddr *)&address, length(&address)));
	SHOW(SYS(connect, other, BAD, 20));
	SHOW(SYS(connect, other, &address, 1));
	SHOW(SYS(connect, other, &address, 500));
	make_file("plain", "");
	address = (struct sockaddr_un){ .sun_family = AF_UNIX, .sun_path = "plain" };
	SHOW(connect(other, (struct sockaddr *)&address, length(&address)));
	return 0;
}
