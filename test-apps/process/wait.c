// wait4(2), waitid(2) without children.
#include "../test.h"
#include <sys/wait.h>

int main(void)
{
	int status;
	siginfo_t info;

	SHOW(waitpid(-1, &status, 0));
	SHOW(waitpid(-1, &status, WNOHANG));
	SHOW(waitpid(0x3fffffff, &status, 0));
	SHOW(waitpid(-1, &status, 0x1000));
	SHOW(waitid(P_ALL, 0, &info, WEXITED));
	SHOW(waitid(P_ALL, 0, &info, 0));
	SHOW(waitid(99, 0, &info, WEXITED));
	return 0;
}
