// SO_TIMESTAMP and SO_TIMESTAMPNS, socket(7): the time of arrival that comes along with recvmsg(2).
#include "net.h"
#include <sys/time.h>
#include <time.h>

// Receives and says whether a time came, and whether it is one between `since` and now.
static void receive(int fd, int flags, int64_t since)
{
	union {
		struct cmsghdr header;
		char bytes[256];
	} control;
	char bytes[16];
	struct iovec part = { bytes, sizeof bytes };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	struct timespec now;

	SHOW(recvmsg(fd, &message, flags));
	clock_gettime(CLOCK_REALTIME, &now);
	int64_t until = now.tv_sec * 1000000000LL + now.tv_nsec;
	for (struct cmsghdr *item = CMSG_FIRSTHDR(&message); item; item = CMSG_NXTHDR(&message, item)) {
		int64_t words[2] = { 0 };

		say("level %d, type %d, %d bytes", item->cmsg_level, item->cmsg_type, (int)(item->cmsg_len - CMSG_LEN(0)));
		if (item->cmsg_level != SOL_SOCKET || item->cmsg_len != CMSG_LEN(16))
			continue;
		memcpy(words, CMSG_DATA(item), sizeof words);
		int64_t slack = 0;
		if (item->cmsg_type == SO_TIMESTAMP) {
			words[1] *= 1000;
			slack = 1000;
		}
		int64_t when = words[0] * 1000000000LL + words[1];
		YES(when >= since - slack && when <= until);
	}
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void set(int fd, int option, int on)
{
	int stamp = 7, nanos = 7;
	socklen_t size = sizeof stamp;

	MUST(setsockopt(fd, SOL_SOCKET, option, &on, sizeof on));
	MUST(getsockopt(fd, SOL_SOCKET, SO_TIMESTAMP, &stamp, &size));
	MUST(getsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &nanos, &size));
	say("micros %d, nanos %d", stamp, nanos);
}

// Sends from one socket to the other, with each kind of time in turn.
static void between(const char *name, int from, int to)
{
	int64_t since = now_ns();

	say("%s", name);
	MUST(send(from, "x", 1, 0));
	receive(to, 0, since);
	set(to, SO_TIMESTAMP, 1);
	since = now_ns();
	MUST(send(from, "xy", 2, 0));
	if (readable(to))
		receive(to, MSG_PEEK, since);
	receive(to, 0, since);
	set(to, SO_TIMESTAMPNS, 1);
	since = now_ns();
	MUST(send(from, "xy", 2, 0));
	receive(to, 0, since);
	set(to, SO_TIMESTAMP, 1);
	set(to, SO_TIMESTAMPNS, 0);
	MUST(send(from, "x", 1, 0));
	receive(to, 0, since);
}

// It comes before other control data.
static void along(void)
{
	struct sockaddr_in there;
	int receiver = udp_socket(&there), sender = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0)), on = 1, pair[2];
	int64_t since = now_ns();

	MUST(connect(sender, (struct sockaddr *)&there, sizeof there));
	MUST(setsockopt(receiver, IPPROTO_IP, IP_RECVTTL, &on, sizeof on));
	set(receiver, SO_TIMESTAMP, 1);
	MUST(send(sender, "x", 1, 0));
	receive(receiver, 0, since);
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	MUST(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
	set(pair[1], SO_TIMESTAMP, 1);
	MUST(send(pair[0], "x", 1, 0));
	receive(pair[1], 0, since);
}

// Returns whether the time is that of arrival, not of the call.
static int is_early(int receiver, int sender)
{
	union {
		struct cmsghdr header;
		char bytes[64];
	} control;
	struct msghdr message = { .msg_control = &control, .msg_controllen = sizeof control };
	struct timespec arrived;

	MUST(send(sender, "x", 1, 0));
	int64_t sent = now_ns();
	sleep_ms(20);
	MUST(recvmsg(receiver, &message, 0));
	memcpy(&arrived, CMSG_DATA(&control.header), sizeof arrived);
	return arrived.tv_sec * 1000000000LL + arrived.tv_nsec <= sent + 10000000;
}

// Linux begins to note times of arrival some time after the first socket has asked for them, and
// does until the last has gone.
static void begin(void)
{
	struct sockaddr_in there;
	int receiver = udp_socket(&there), sender = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0)), on = 1;

	MUST(setsockopt(receiver, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on));
	MUST(connect(sender, (struct sockaddr *)&there, sizeof there));
	WAIT_FOR(is_early(receiver, sender));
}

int main(void)
{
	struct sockaddr_in there;
	int both[2], receiver, sender;

	begin();
	receiver = udp_socket(&there);
	sender = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));
	MUST(connect(sender, (struct sockaddr *)&there, sizeof there));
	between("UDP", sender, receiver);
	tcp_pair(both);
	between("TCP", both[0], both[1]);
	set(both[1], SO_TIMESTAMP, 1);
	close(both[0]);
	receive(both[1], 0, 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, both));
	between("stream", both[0], both[1]);
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, both));
	between("datagrams", both[0], both[1]);
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, both));
	between("packets", both[0], both[1]);
	along();
	return 0;
}
