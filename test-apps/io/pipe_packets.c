// Packet mode: a pipe with O_DIRECT keeps writes apart, pipe(2).
#include "../test.h"
#include <sys/ioctl.h>

int main(void)
{
	static char big[10000], bytes[10000];
	int ends[2], held;

	MUST(pipe2(ends, O_DIRECT | O_NONBLOCK));
	YES((fcntl(ends[0], F_GETFL) & O_DIRECT) != 0);
	YES((fcntl(ends[1], F_GETFL) & O_DIRECT) != 0);
	SHOW(write(ends[1], "abc", 3));
	SHOW(write(ends[1], "defgh", 5));
	SHOW(write(ends[1], "", 0));
	SHOW(ioctl(ends[0], FIONREAD, &held));
	SHOW(held);
	SHOW(read(ends[0], bytes, 100));
	SHOW(read(ends[0], bytes, 2));
	SHOW(read(ends[0], bytes, 100));
	SHOW(write(ends[1], big, 10000));
	SHOW(read(ends[0], bytes, 10000));
	SHOW(read(ends[0], bytes, 10000));
	SHOW(read(ends[0], bytes, 10000));
	SHOW(read(ends[0], bytes, 10000));
	// Every packet takes a page.
	int count = 0;
	while (write(ends[1], "x", 1) == 1)
		count++;
	SHOW(count);
	while (read(ends[0], bytes, 10) == 1)
		count--;
	SHOW(count);
	// The mode is that of the description that writes, at the time.
	MUST(fcntl(ends[1], F_SETFL, O_NONBLOCK));
	SHOW(write(ends[1], "abc", 3));
	SHOW(write(ends[1], "def", 3));
	MUST(fcntl(ends[1], F_SETFL, O_NONBLOCK | O_DIRECT));
	SHOW(write(ends[1], "ghi", 3));
	SHOW(write(ends[1], "jkl", 3));
	MUST(fcntl(ends[1], F_SETFL, O_NONBLOCK));
	SHOW(write(ends[1], "mno", 3));
	SHOW(read(ends[0], bytes, 4));
	SHOW(read(ends[0], bytes, 100));
	SHOW(read(ends[0], bytes, 100));
	SHOW(read(ends[0], bytes, 100));
	SHOW(pipe2(ends, O_DIRECT | O_APPEND));
	SHOW(pipe2(ends, O_RDWR));
	SHOW(SYS(pipe2, BAD, 0));
	SHOW(SYS(pipe, BAD));
	SHOW(SYS(pipe, NULL));
	SHOW(SYS(pipe, KERNEL));
	return 0;
}
