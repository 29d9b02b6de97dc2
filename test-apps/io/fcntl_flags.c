// fcntl(2): descriptor flags, status flags, and what cannot be changed.
#include "../test.h"

int main(void)
{
	enter_directory();
	int fd = make_file("f", "abc");

	SHOW(fcntl(fd, F_GETFD));
	SHOW(fcntl(fd, F_SETFD, FD_CLOEXEC));
	SHOW(fcntl(fd, F_GETFD));
	SHOW(fcntl(fd, F_SETFD, 6));
	SHOW(fcntl(fd, F_GETFD));
	YES((fcntl(fd, F_GETFL) & ~0100000) == O_RDWR);
	SHOW(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
	YES((fcntl(fd, F_GETFL) & ~0100000) == (O_RDWR | O_APPEND | O_NONBLOCK));
	SHOW(write(fd, "d", 1));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(fcntl(fd, F_SETFL, O_WRONLY | O_CREAT | O_TRUNC));
	YES((fcntl(fd, F_GETFL) & ~0100000) == O_RDWR);
	int other = (int)MUST(dup(fd));
	SHOW(fcntl(other, F_SETFL, O_NONBLOCK));
	YES((fcntl(fd, F_GETFL) & ~0100000) == (O_RDWR | O_NONBLOCK));
	SHOW(fcntl(other, F_GETFD));
	int path = (int)MUST(open("f", O_PATH));
	YES((fcntl(path, F_GETFL) & ~0100000) == O_PATH);
	SHOW(fcntl(path, F_SETFL, O_NONBLOCK));
	SHOW(fcntl(-1, F_GETFD));
	SHOW(fcntl(1000, F_GETFL));
	SHOW(SYS(fcntl, fd, 9999, 0));
	SHOW(fcntl(fd, F_GETOWN));
	return 0;
}
