// The three standard descriptors, and C's streams over them.
#include "../test.h"

int main(void)
{
	YES((fcntl(0, F_GETFL) & O_ACCMODE) != O_WRONLY);
	YES((fcntl(1, F_GETFL) & O_ACCMODE) != O_RDONLY);
	YES((fcntl(2, F_GETFL) & O_ACCMODE) != O_RDONLY);
	int printed = printf("by printf\n");
	YES(fflush(stdout) == 0 && printed == 10);
	int put = puts("by puts");
	YES(fflush(stdout) == 0 && put >= 0);
	printf("flushed by exit\n");
	return 0;
}
