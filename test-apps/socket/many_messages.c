// sendmmsg(2), recvmmsg(2): several datagrams a call.
#include "net.h"

int main(void)
{
	struct sockaddr_in here;
	char in[4][16];
	struct iovec out_parts[3] = { { "one", 3 }, { "three", 5 }, { "seven77", 7 } }, in_parts[4];
	struct mmsghdr out[3], into[4];
	struct timespec limit = { 0, 20000000 };
	int receiver = udp_socket(&here), sender = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));

	MUST(connect(sender, (struct sockaddr *)&here, sizeof here));
	memset(out, 0, sizeof out);
	memset(into, 0, sizeof into);
	memset(in, 0, sizeof in);
	for (int i = 0; i < 3; i++) {
		out[i].msg_hdr.msg_iov = &out_parts[i];
		out[i].msg_hdr.msg_iovlen = 1;
	}
	for (int i = 0; i < 4; i++) {
		in_parts[i] = (struct iovec){ in[i], 15 };
		into[i].msg_hdr.msg_iov = &in_parts[i];
		into[i].msg_hdr.msg_iovlen = 1;
	}
	SHOW(sendmmsg(sender, out, 3, 0));
	say("%d %d %d", (int)out[0].msg_len, (int)out[1].msg_len, (int)out[2].msg_len);
	SHOW(recvmmsg(receiver, into, 2, 0, NULL));
	SHOW(recvmmsg(receiver, into + 2, 2, MSG_WAITFORONE, NULL));
	for (int i = 0; i < 3; i++)
		say("%d %s", (int)into[i].msg_len, in[i]);
	SHOW(recvmmsg(receiver, into, 2, MSG_DONTWAIT, NULL));
	MUST(sendmmsg(sender, out, 1, 0));
	SHOW(SYS(recvmmsg, receiver, into, 0, 0, NULL));
	SHOW(SYS(recvmmsg, receiver, BAD, 1, 0, NULL));
	SHOW(SYS(sendmmsg, sender, BAD, 1, 0));
	SHOW(SYS(recvmmsg, receiver, into, 1, 0, BAD));
	limit.tv_nsec = 1000000000;
	SHOW(SYS(recvmmsg, receiver, into, 1, 0, &limit));
	SHOW(SYS(sendmmsg, -1, out, 1, 0));
	return 0;
}
