// mlock(2), mlock2(2), munlock(2), mlockall(2), munlockall(2).
#include "../test.h"

int main(void)
{
	char *area = (char *)MUST(mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	SHOW(mlock(area, 8192));
	SHOW(mlock(area + 1, 1));
	SHOW(SYS(mlock2, area, 4096, 1));
	SHOW(SYS(mlock2, area, 4096, 2));
	SHOW(munlock(area, 8192));
	SHOW(mlock(area, 0));
	MUST(munmap(area + 4096, 4096));
	SHOW(mlock(area, 3 * 4096));
	SHOW(munlock(area, 3 * 4096));
	SHOW(mlockall(MCL_CURRENT));
	SHOW(mlockall(MCL_CURRENT | MCL_FUTURE));
	OK(mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	SHOW(munlockall());
	SHOW(mlockall(0));
	SHOW(mlockall(8));
	SHOW(mlockall(4));
	return 0;
}
