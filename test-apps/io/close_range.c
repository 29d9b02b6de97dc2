// close(2), close_range(2): what is closed, what only marked, errors.
#include "../test.h"

int main(void)
{
	for (int fd = 20; fd < 30; fd++)
		MUST(dup2(1, fd));
	SHOW(close(20));
	SHOW(close(20));
	SHOW(close(-1));
	SHOW(close(1 << 30));
	SHOW(SYS(close_range, 21, 23, 0));
	SHOW(fcntl(21, F_GETFD));
	SHOW(fcntl(23, F_GETFD));
	SHOW(fcntl(24, F_GETFD));
	SHOW(SYS(close_range, 25, 26, 4));
	SHOW(fcntl(25, F_GETFD));
	SHOW(fcntl(27, F_GETFD));
	SHOW(SYS(close_range, 27, ~0U, 0));
	SHOW(fcntl(29, F_GETFD));
	SHOW(SYS(close_range, 100, 50, 0));
	SHOW(SYS(close_range, 100, 200, 0));
	SHOW(SYS(close_range, 100, 200, 1));
	SHOW(SYS(close_range, 100, 200, 2));
	return 0;
}
