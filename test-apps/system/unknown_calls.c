// Numbers without a call: ENOSYS, for all of them.
#include "../test.h"

int main(void)
{
	SHOW(syscall(500));
	SHOW(syscall(400));
	SHOW(syscall(423));
	SHOW(syscall(1000));
	SHOW(syscall(-5));
	SHOW(syscall(1L << 31));
	SHOW(syscall(174));
	SHOW(syscall(180));
	SHOW(syscall(236));
	return 0;
}
