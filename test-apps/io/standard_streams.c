// The three standard descriptors, input being at its end, and C's streams over them.
#include "../test.h"
#include <poll.h>

int main(void)
{
	YES((fcntl(0, F_GETFL) & O_ACCMODE) != O_WRONLY);
	YES((fcntl(1, F_GETFL) & O_ACCMODE) != O_RDONLY);
	YES((fcntl(2, F_GETFL) & O_ACCMODE) != O_RDONLY);
	char byte;
	struct pollfd input = { .fd = 0, .events = POLLIN };
	YES(poll(&input, 1, 10000) == 1 && input.revents == POLLIN);
	SHOW(read(0, &byte, 1));
	SHOW(read(0, &byte, 1));
	SHOW(fcntl(0, F_SETFL, O_NONBLOCK));
	SHOW(read(0, &byte, 1));
	int printed = printf("by printf\n");
	YES(fflush(stdout) == 0 && printed == 10);
	int put = puts("by puts");
	YES(fflush(stdout) == 0 && put >= 0);
	printf("flushed by exit\n");
	return 0;
}
