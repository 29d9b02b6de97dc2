// SO_PEERCRED, SO_PASSCRED: who is at the other end, and who sent a message.
#include "net.h"
#include <sys/un.h>

static const char *who(pid_t pid)
{
	return pid == getpid() ? "this process" : pid == 0 ? "nobody" : "another";
}

static void peer(const char *name, int fd)
{
	struct ucred of = { -7, 7, 7 };
	socklen_t size = sizeof of;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &of, &size) == -1) {
		say("%s: %s", name, errno_name(errno));
		return;
	}
	say("%s: %s, user %d, group %d, %d bytes", name, who(of.pid), (int)of.uid, (int)of.gid, (int)size);
}

// Receives one message with room for credentials, and says who sent it.
static void receive(int fd)
{
	char data[8];
	union { struct cmsghdr header; char bytes[CMSG_SPACE(sizeof(struct ucred))]; } control;
	struct iovec part = { data, sizeof data };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT);
	struct cmsghdr *item = CMSG_FIRSTHDR(&message);

	if (got == -1) {
		say("%s", errno_name(errno));
	} else if (item && item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_CREDENTIALS) {
		struct ucred of;
		memcpy(&of, CMSG_DATA(item), sizeof of);
		say("%d bytes of %s, user %d, group %d", (int)got, who(of.pid), (int)of.uid, (int)of.gid);
	} else {
		say("%d bytes, no credentials", (int)got);
	}
}

static long claim(int fd, pid_t pid, uid_t uid, gid_t gid)
{
	struct ucred of = { pid, uid, gid };
	union { struct cmsghdr header; char bytes[CMSG_SPACE(sizeof of)]; } control;
	struct iovec part = { "claim", 5 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };

	memset(&control, 0, sizeof control);
	control.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof of), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_CREDENTIALS };
	memcpy(CMSG_DATA(&control.header), &of, sizeof of);
	return sendmsg(fd, &message, 0);
}

static void set(int fd, int value)
{
	MUST(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &value, sizeof value));
}

static int shown(int fd)
{
	int value = -7;
	socklen_t size = sizeof value;

	MUST(getsockopt(fd, SOL_SOCKET, SO_PASSCRED, &value, &size));
	return value;
}

#define PEER(fd) peer(#fd, fd)

int main(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0scull-peer-credentials" };
	socklen_t length = offsetof(struct sockaddr_un, sun_path) + 23;
	int both[2], value = 1;

	int unconnected = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	PEER(unconnected);
	for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type += type == SOCK_STREAM ? 1 : 3) {
		say("pair of type %d", type);
		MUST(socketpair(AF_UNIX, type, 0, both));
		PEER(both[0]);
		PEER(both[1]);
		SHOW(shown(both[1]));
		SHOW(send(both[0], "before", 6, 0));
		set(both[1], 1);
		SHOW(shown(both[1]));
		SHOW(send(both[0], "after", 5, 0));
		receive(both[1]);
		receive(both[1]);
		receive(both[1]);
		SHOW(claim(both[0], getpid(), 0, 0));
		SHOW(claim(both[0], getpid(), 12, 34));
		SHOW(send(both[0], "own", 3, 0));
		receive(both[1]);
		receive(both[1]);
		receive(both[1]);
		SHOW(claim(both[0], 0x3ffffff, 0, 0));
		set(both[1], 0);
		SHOW(claim(both[0], getpid(), 12, 34));
		receive(both[1]);
		SHOW(setsockopt(both[0], SOL_SOCKET, SO_PEERCRED, &value, sizeof value));
		set(both[1], 1);
		if (type == SOCK_STREAM) {
			say("the end");
			MUST(shutdown(both[0], SHUT_WR));
			receive(both[1]);
		}
		close(both[1]);
		PEER(both[0]);
		close(both[0]);
	}
	say("connections");
	int listener = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	set(listener, 1);
	MUST(bind(listener, (struct sockaddr *)&name, length));
	PEER(listener);
	MUST(listen(listener, 5));
	PEER(listener);
	MUST(connect(unconnected, (struct sockaddr *)&name, length));
	PEER(unconnected);
	int accepted = (int)MUST(accept(listener, NULL, NULL));
	PEER(accepted);
	SHOW(shown(accepted));
	MUST(write(unconnected, "x", 1));
	receive(accepted);
	say("datagrams");
	int first = (int)MUST(socket(AF_UNIX, SOCK_DGRAM, 0)), second = (int)MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
	name.sun_path[1] = 'S';
	MUST(bind(first, (struct sockaddr *)&name, length));
	MUST(connect(second, (struct sockaddr *)&name, length));
	PEER(first);
	PEER(second);
	set(second, 1);
	SHOW(send(second, "x", 1, 0));
	receive(first);
	say("others");
	PEER((int)MUST(socket(AF_INET, SOCK_STREAM, 0)));
	struct ucred cut;
	socklen_t size = 4;
	SHOW(getsockopt(accepted, SOL_SOCKET, SO_PEERCRED, &cut, &size));
	SHOW(size);
	return 0;
}
