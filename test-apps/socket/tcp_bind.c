// bind(2): ports in use, SO_REUSEADDR, foreign addresses, errors.
#include "net.h"

int main(void)
{
	struct sockaddr_in address = loopback(0), taken;
	socklen_t size = sizeof address;
	int on = 1, first = tcp_listener(&taken, 5);
	int fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));

	SHOW(bind(fd, (struct sockaddr *)&taken, sizeof taken));
	SHOW(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
	SHOW(bind(fd, (struct sockaddr *)&taken, sizeof taken));
	SHOW(bind(fd, (struct sockaddr *)&address, sizeof address));
	SHOW(bind(fd, (struct sockaddr *)&address, sizeof address));
	SHOW(getsockname(fd, (struct sockaddr *)&address, &size));
	YES(ntohs(address.sin_port) >= 1024);
	SHOW(close(first));
	first = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	SHOW(bind(first, (struct sockaddr *)&taken, sizeof taken));
	fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	address = loopback(0);
	address.sin_addr.s_addr = htonl(0x08080808);
	SHOW(bind(fd, (struct sockaddr *)&address, sizeof address));
	address.sin_family = 77;
	SHOW(bind(fd, (struct sockaddr *)&address, sizeof address));
	SHOW(bind(fd, (struct sockaddr *)&address, 4));
	SHOW(SYS(bind, fd, BAD, sizeof address));
	SHOW(bind(-1, (struct sockaddr *)&address, sizeof address));
	SHOW(bind(1, (struct sockaddr *)&address, sizeof address));
	address = loopback(0);
	address.sin_addr.s_addr = htonl(0x7f000005);
	SHOW(bind(fd, (struct sockaddr *)&address, sizeof address));
	SHOW(listen(fd, 1));
	size = sizeof address;
	MUST(getsockname(fd, (struct sockaddr *)&address, &size));
	int client = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	SHOW(connect(client, (struct sockaddr *)&address, sizeof address));

	int any = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	SHOW(listen(any, 5));
	size = sizeof address;
	MUST(getsockname(any, (struct sockaddr *)&address, &size));
	say("%s", inet_ntoa(address.sin_addr));
	YES(address.sin_port != 0);
	client = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	SHOW(connect(client, (struct sockaddr *)&address, sizeof address));
	client = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	address.sin_addr.s_addr = htonl(INADDR_ANY);
	SHOW(connect(client, (struct sockaddr *)&address, sizeof address));
	SHOW(SYS(getsockname, client, BAD, &size));
	SHOW(SYS(getsockname, client, &address, BAD));
	SHOW(getsockname(1, (struct sockaddr *)&address, &size));
	size = (socklen_t)-1;
	SHOW(SYS(getsockname, client, &address, &size));
	return 0;
}
