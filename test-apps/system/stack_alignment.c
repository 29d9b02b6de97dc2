// The first stack: aligned to 16 bytes at entry, large enough, and not executable.
#include "../test.h"
#include <sys/resource.h>

static long deep(int levels)
{
	volatile char frame[4096];

	frame[0] = (char)levels;
	return levels == 0 ? frame[0] : deep(levels - 1) + (frame[0] != (char)levels);
}

int main(void)
{
	struct rlimit limit;

	_Alignas(16) volatile char aligned[16];
	YES((uintptr_t)aligned % 16 == 0);
	SHOW(deep(1000));
	MUST(getrlimit(RLIMIT_STACK, &limit));
	YES(limit.rlim_cur >= 8 << 20);
	SHOW(deep(1700));
	return 0;
}
