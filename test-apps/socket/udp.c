// UDP over loopback, sendto(2), recvfrom(2): addresses, boundaries, truncation, connecting,
// errors.
#include "net.h"
#include <sys/ioctl.h>

int main(void)
{
	struct sockaddr_in here, other_here, from;
	socklen_t size = sizeof from;
	char text[32] = "";
	int held = -1;
	int fd = udp_socket(&here), other = udp_socket(&other_here);

	SHOW(sendto(fd, "hello", 5, 0, (struct sockaddr *)&other_here, sizeof other_here));
	SHOW(sendto(fd, "", 0, 0, (struct sockaddr *)&other_here, sizeof other_here));
	SHOW(sendto(fd, "world!", 6, 0, (struct sockaddr *)&other_here, sizeof other_here));
	SHOW(ioctl(other, FIONREAD, &held));
	SHOW(held);
	SHOW(recvfrom(other, text, 31, 0, (struct sockaddr *)&from, &size));
	say("%s", text);
	YES(size == sizeof from && memcmp(&from, &here, sizeof from) == 0);
	SHOW(recv(other, text, 31, 0));
	SHOW(recv(other, text, 3, MSG_PEEK));
	SHOW(recv(other, text, 3, MSG_TRUNC));
	SHOW(recv(other, text, 3, MSG_DONTWAIT));
	SHOW(send(fd, "x", 1, 0));
	SHOW(connect(fd, (struct sockaddr *)&other_here, sizeof other_here));
	SHOW(send(fd, "x", 1, 0));
	SHOW(write(fd, "yz", 2));
	SHOW(read(other, text, 31));
	SHOW(read(other, text, 31));
	SHOW(getpeername(fd, (struct sockaddr *)&from, &size));
	YES(from.sin_port == other_here.sin_port);
	int third = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));
	SHOW(sendto(third, "not for you", 11, 0, (struct sockaddr *)&here, sizeof here));
	sleep_ms(5);
	SHOW(recv(fd, text, 31, MSG_DONTWAIT));
	SHOW(sendto(other, "from the peer", 13, 0, (struct sockaddr *)&here, sizeof here));
	SHOW(recv(fd, text, 31, 0));
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	SHOW(connect(fd, &none, sizeof none));
	SHOW(getpeername(fd, (struct sockaddr *)&from, &size));
	SHOW(send(fd, "x", 1, 0));

	MUST(connect(third, (struct sockaddr *)&other_here, sizeof other_here));
	MUST(close(other));
	SHOW(send(third, "x", 1, 0));
	YES(WAIT_FOR(recv(third, text, 31, MSG_DONTWAIT) == -1 && errno != EAGAIN));
	SHOW(send(third, "x", 1, 0));
	sleep_ms(10);
	say("%s", recv(third, text, 31, 0) == -1 ? errno_name(errno) : "received");
	static char large[70000];
	fd = udp_socket(&here);
	SHOW(sendto(fd, large, 65507, 0, (struct sockaddr *)&here, sizeof here));
	SHOW(recv(fd, large, sizeof large, 0));
	SHOW(sendto(fd, large, 65508, 0, (struct sockaddr *)&here, sizeof here));
	here.sin_port = 0;
	SHOW(sendto(fd, "x", 1, 0, (struct sockaddr *)&here, sizeof here));
	SHOW(SYS(sendto, fd, "x", 1, 0, BAD, sizeof here));
	SHOW(sendto(fd, "x", 1, 0, (struct sockaddr *)&here, 4));
	here.sin_family = 77;
	SHOW(sendto(fd, "x", 1, 0, (struct sockaddr *)&here, sizeof here));
	SHOW(SYS(recvfrom, fd, BAD, 10, MSG_DONTWAIT, NULL, NULL));
	SHOW(shutdown(fd, SHUT_RD));
	INTERRUPTED(recv(udp_socket(&here), text, 1, 0));
	return 0;
}
