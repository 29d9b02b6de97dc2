// dup(2), dup2(2), dup3(2), F_DUPFD: shared offset, lowest number, errors.
#include "../test.h"

int main(void)
{
	enter_directory();
	int fd = make_file("f", "0123456789");
	char byte = 0;
	int copy = (int)MUST(dup(fd));

	SHOW(copy == fd + 1);
	SHOW(read(fd, &byte, 1));
	SHOW(read(copy, &byte, 1));
	say("%c", byte);
	SHOW(lseek(fd, 0, SEEK_CUR));
	MUST(close(fd));
	SHOW(read(copy, &byte, 1));
	SHOW(read(fd, &byte, 1));
	SHOW(dup(copy) == fd);

	SHOW(dup2(copy, 50));
	SHOW(dup2(copy, copy) == copy);
	SHOW(dup2(-1, 51));
	SHOW(dup2(1000, 1000));
	SHOW(dup2(copy, -1));
	SHOW(dup2(copy, 1 << 30));
	SHOW(fcntl(50, F_GETFD));
	SHOW(SYS(dup3, copy, 50, O_CLOEXEC));
	SHOW(fcntl(50, F_GETFD));
	SHOW(SYS(dup3, copy, copy, 0));
	SHOW(SYS(dup3, copy, 52, O_NONBLOCK));
	SHOW(SYS(dup3, -1, 52, 0));
	SHOW(fcntl(copy, F_DUPFD, 50));
	SHOW(SYS(fcntl, copy, F_DUPFD_CLOEXEC, 50));
	SHOW(fcntl(52, F_GETFD));
	SHOW(fcntl(51, F_GETFD));
	SHOW(fcntl(copy, F_DUPFD, -1));
	SHOW(fcntl(copy, F_DUPFD, 1 << 30));
	SHOW(fcntl(-1, F_DUPFD, 0));
	SHOW(dup(-1));
	SHOW(dup(1000));
	return 0;
}
