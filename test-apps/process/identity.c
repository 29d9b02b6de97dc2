// getpid(2), getppid(2), getpgrp(2), getpgid(2), getsid(2), gettid(2).
#include "../test.h"

int main(void)
{
	YES(getpid() > 0);
	YES(SYS0(getpid) == getpid());
	YES(getppid() >= 0);
	YES(getppid() != getpid());
	YES(getpgrp() >= 0);
	YES(getpgid(0) == getpgrp());
	YES(getpgid(getpid()) == getpgrp());
	YES(getsid(0) >= 0);
	YES(getsid(getpid()) == getsid(0));
	SHOW(getpgid(0x3fffffff));
	SHOW(getsid(0x3fffffff));
	YES(SYS0(gettid) == getpid());
	return 0;
}
