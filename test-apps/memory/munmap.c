// munmap(2): holes in the middle, nothing mapped, errors.
#include "../test.h"

int main(void)
{
	char *area = (char *)MUST(mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	memset(area, 7, 16 * 4096);
	SHOW(munmap(area + 4 * 4096, 2 * 4096));
	SHOW(area[4 * 4096 - 1] + area[6 * 4096]);
	SHOW(munmap(area + 4 * 4096, 2 * 4096));
	SHOW(munmap(area + 2 * 4096, 6 * 4096));
	SHOW(area[2 * 4096 - 1] + area[8 * 4096]);
	SHOW(munmap(area + 15 * 4096, 1));
	SHOW(area[15 * 4096 - 1]);
	YES(mmap(area + 4 * 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == area + 4 * 4096);
	SHOW(area[4 * 4096]);
	SHOW(munmap(area, 16 * 4096));
	SHOW(munmap(area, 0));
	SHOW(munmap(area + 1, 4096));
	SHOW(munmap(KERNEL, 4096));
	SHOW(munmap(area, SIZE_MAX));
	return 0;
}
