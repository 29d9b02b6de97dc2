// SCM_RIGHTS, SCM_CREDENTIALS: descriptors travel, with data, and outlive their sender.
#include "net.h"

union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int) * 4)];
};

static long pass(int over, const int *fds, int count)
{
	union control control;
	struct iovec part = { "x", 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	memset(&control, 0, sizeof control);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
	memcpy(CMSG_DATA(header), fds, sizeof(int) * (size_t)count);
	return sendmsg(over, &message, 0);
}

static int receive(int over, int *fds, size_t room, int flags)
{
	union control control;
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = room };
	long got = recvmsg(over, &message, flags);
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int count = 0;

	if (header && header->cmsg_type == SCM_RIGHTS) {
		count = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(header), sizeof(int) * (size_t)count);
	}
	say("got %ld, %d descriptors, flags %x", got, count, message.msg_flags);
	return count;
}

int main(void)
{
	char text[16] = "";
	int pair[2], ends[2], fds[4] = { -1, -1, -1, -1 };

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	MUST(pipe(ends));
	SHOW(pass(pair[0], ends, 2));
	MUST(close(ends[0]));
	MUST(close(ends[1]));
	SHOW(receive(pair[1], fds, sizeof(union control), 0));
	SHOW(write(fds[1], "through", 7));
	SHOW(read(fds[0], text, 16));
	say("%s", text);
	SHOW(fcntl(fds[0], F_GETFD));
	SHOW(pass(pair[0], fds, 1));
	int again[4];
	SHOW(receive(pair[1], again, sizeof(union control), MSG_CMSG_CLOEXEC));
	SHOW(fcntl(again[0], F_GETFD));
	SHOW(pass(pair[0], fds, 2));
	SHOW(receive(pair[1], again, CMSG_SPACE(sizeof(int)), 0));
	SHOW(pass(pair[0], fds, 2));
	SHOW(receive(pair[1], again, 0, 0));
	SHOW(pass(pair[0], fds, 2));
	SHOW(read(pair[1], text, 16));
	fds[1] = 1000;
	SHOW(pass(pair[0], fds, 2));

	int on = 1;
	MUST(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
	MUST(write(pair[0], "y", 1));
	union control control;
	struct iovec part = { text, 16 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	SHOW(recvmsg(pair[1], &message, 0));
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	YES(header && header->cmsg_type == 2);
	if (header) {
		struct { pid_t pid; uid_t uid; gid_t gid; } sender;
		memcpy(&sender, CMSG_DATA(header), sizeof sender);
		say("%d %d %d", sender.pid == getpid(), (int)sender.uid, (int)sender.gid);
	}
	return 0;
}
