// ioctl(2): FIONBIO, FIONREAD, FIOCLEX, terminals, and what files refuse.
#include "../test.h"
#include <sys/ioctl.h>
#include <termios.h>

int main(void)
{
	enter_directory();
	int fd = make_file("f", "0123456789");
	int null = (int)MUST(open("/dev/null", O_RDWR));
	int on = 1, off = 0, held = -1, ends[2];
	struct termios settings;
	struct winsize size;
	pid_t group;

	MUST(pipe(ends));
	SHOW(SYS(ioctl, ends[0], FIONBIO, &on));
	YES(fcntl(ends[0], F_GETFL) & O_NONBLOCK);
	SHOW(SYS(ioctl, ends[0], FIONBIO, &off));
	YES(fcntl(ends[0], F_GETFL) & O_NONBLOCK);
	SHOW(SYS(ioctl, ends[0], FIOCLEX));
	SHOW(fcntl(ends[0], F_GETFD));
	SHOW(SYS(ioctl, ends[0], FIONCLEX));
	SHOW(fcntl(ends[0], F_GETFD));
	MUST(write(ends[1], "abc", 3));
	SHOW(SYS(ioctl, ends[0], FIONREAD, &held));
	SHOW(held);
	SHOW(SYS(ioctl, fd, FIONREAD, &held));
	SHOW(held);
	MUST(lseek(fd, 4, SEEK_SET));
	SHOW(SYS(ioctl, fd, FIONREAD, &held));
	SHOW(held);
	SHOW(SYS(ioctl, fd, TCGETS, &settings));
	SHOW(SYS(ioctl, ends[0], TCGETS, &settings));
	SHOW(SYS(ioctl, null, TCGETS, &settings));
	SHOW(SYS(ioctl, fd, TIOCGWINSZ, &size));
	SHOW(SYS(ioctl, fd, TIOCGPGRP, &group));
	SHOW(SYS(ioctl, ends[0], TIOCGPGRP, &group));
	SHOW(isatty(fd));
	SHOW(SYS(ioctl, ends[0], FIONBIO, BAD));
	SHOW(SYS(ioctl, ends[0], FIONREAD, BAD));
	SHOW(SYS(ioctl, -1, FIONBIO, &on));
	SHOW(SYS(ioctl, fd, 0x12345678, &on));
	SHOW(SYS(ioctl, ends[0], 0x12345678, &on));
	int path = (int)MUST(open("f", O_PATH));
	SHOW(SYS(ioctl, path, FIONREAD, &held));
	return 0;
}
