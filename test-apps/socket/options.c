// setsockopt(2), getsockopt(2): values that come back, defaults, sizes, errors.
#include "net.h"
#include <netinet/tcp.h>

static int fd;

static void show(const char *name, int level, int option)
{
	int value = -7;
	socklen_t size = sizeof value;

	if (getsockopt(fd, level, option, &value, &size) == -1)
		say("%s: %s", name, errno_name(errno));
	else
		say("%s: %d (%d bytes)", name, value, (int)size);
}

static void set(const char *name, int level, int option, int value)
{
	say("set %s to %d: %s", name, value, setsockopt(fd, level, option, &value, sizeof value) == 0 ? "ok" : errno_name(errno));
	show(name, level, option);
}

#define DEFAULT(level, option) show(#option, level, option)
#define SET(level, option, value) set(#option, level, option, value)

int main(void)
{
	struct linger linger = { 1, 7 };
	socklen_t size = sizeof linger;
	char text[32] = "";
	int one = 1;

	fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	DEFAULT(SOL_SOCKET, SO_REUSEADDR);
	DEFAULT(SOL_SOCKET, SO_KEEPALIVE);
	DEFAULT(SOL_SOCKET, SO_BROADCAST);
	DEFAULT(SOL_SOCKET, SO_ERROR);
	DEFAULT(SOL_SOCKET, SO_ACCEPTCONN);
	DEFAULT(SOL_SOCKET, SO_OOBINLINE);
	DEFAULT(SOL_SOCKET, SO_RCVLOWAT);
	DEFAULT(SOL_SOCKET, SO_PRIORITY);
	DEFAULT(IPPROTO_TCP, TCP_NODELAY);
	DEFAULT(IPPROTO_TCP, TCP_CORK);
	DEFAULT(IPPROTO_TCP, TCP_KEEPIDLE);
	DEFAULT(IPPROTO_TCP, TCP_KEEPINTVL);
	DEFAULT(IPPROTO_TCP, TCP_KEEPCNT);
	DEFAULT(IPPROTO_TCP, TCP_DEFER_ACCEPT);
	DEFAULT(IPPROTO_TCP, TCP_USER_TIMEOUT);
	DEFAULT(IPPROTO_TCP, TCP_FASTOPEN);
	DEFAULT(IPPROTO_TCP, TCP_MAXSEG);
	DEFAULT(IPPROTO_TCP, TCP_SYNCNT);
	DEFAULT(IPPROTO_TCP, TCP_LINGER2);
	DEFAULT(IPPROTO_IP, IP_TTL);
	DEFAULT(IPPROTO_IP, IP_TOS);
	SET(SOL_SOCKET, SO_REUSEADDR, 1);
	SET(SOL_SOCKET, SO_REUSEADDR, 5);
	SET(SOL_SOCKET, SO_REUSEPORT, 1);
	SET(SOL_SOCKET, SO_KEEPALIVE, 1);
	SET(SOL_SOCKET, SO_BROADCAST, 1);
	SET(SOL_SOCKET, SO_RCVBUF, 20000);
	SET(SOL_SOCKET, SO_SNDBUF, 20000);
	SET(SOL_SOCKET, SO_RCVLOWAT, 10);
	SET(SOL_SOCKET, SO_ERROR, 1);
	SET(SOL_SOCKET, SO_ACCEPTCONN, 1);
	SET(IPPROTO_TCP, TCP_NODELAY, 1);
	SET(IPPROTO_TCP, TCP_CORK, 1);
	SET(IPPROTO_TCP, TCP_CORK, 0);
	SET(IPPROTO_TCP, TCP_KEEPIDLE, 60);
	SET(IPPROTO_TCP, TCP_KEEPINTVL, 10);
	SET(IPPROTO_TCP, TCP_KEEPCNT, 3);
	SET(IPPROTO_TCP, TCP_KEEPIDLE, 0);
	SET(IPPROTO_TCP, TCP_KEEPCNT, 1000);
	SET(IPPROTO_TCP, TCP_QUICKACK, 1);
	SET(IPPROTO_TCP, TCP_DEFER_ACCEPT, 1);
	SET(IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
	SET(IPPROTO_TCP, TCP_USER_TIMEOUT, -1);
	SET(IPPROTO_IP, IP_TTL, 33);
	SET(IPPROTO_IP, IP_TTL, 300);
	SET(IPPROTO_IP, IP_TOS, 16);
	SET(IPPROTO_TCP, 9999, 1);
	SET(SOL_SOCKET, 9999, 1);
	SET(9999, 1, 1);
	SHOW(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
	memset(&linger, 0, sizeof linger);
	SHOW(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size));
	say("%d %d, %d bytes", linger.l_onoff, linger.l_linger, (int)size);
	SHOW(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, 4));
	size = sizeof text;
	SHOW(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, text, &size));
	YES(text[0] != 0);
	SHOW(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, 2));
	SHOW(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, 0));
	SHOW(SYS(setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, BAD, 4));
	size = 2;
	SHOW(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, text, &size));
	SHOW(size);
	size = 4;
	SHOW(SYS(getsockopt, fd, SOL_SOCKET, SO_REUSEADDR, BAD, &size));
	SHOW(SYS(getsockopt, fd, SOL_SOCKET, SO_REUSEADDR, text, BAD));
	size = (socklen_t)-1;
	SHOW(SYS(getsockopt, fd, SOL_SOCKET, SO_REUSEADDR, text, &size));
	size = 4;
	SHOW(getsockopt(-1, SOL_SOCKET, SO_REUSEADDR, text, &size));
	SHOW(getsockopt(1, SOL_SOCKET, SO_REUSEADDR, text, &size));
	SHOW(setsockopt(1, SOL_SOCKET, SO_REUSEADDR, &one, 4));
	SHOW(listen(fd, 1));
	DEFAULT(SOL_SOCKET, SO_ACCEPTCONN);
	struct tcp_info info;
	size = sizeof info;
	memset(&info, 0, sizeof info);
	SHOW(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size));
	SHOW(info.tcpi_state);
	return 0;
}
