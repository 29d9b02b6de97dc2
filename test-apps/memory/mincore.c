// mincore(2): pages touched and not, errors.
#include "../test.h"

int main(void)
{
	unsigned char there[8];
	char *area = (char *)MUST(mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	area[4096] = 1;
	memset(there, 9, sizeof there);
	SHOW(mincore(area, 4 * 4096, there));
	say("%d %d %d %d %d", there[0] & 1, there[1] & 1, there[2] & 1, there[3] & 1, there[4]);
	SHOW(mincore(area, 1, there));
	SHOW(mincore(area, 0, there));
	SHOW(mincore(area + 1, 4096, there));
	SHOW(SYS(mincore, area, 4096, BAD));
	MUST(munmap(area + 2 * 4096, 4096));
	SHOW(mincore(area, 4 * 4096, there));
	SHOW(mincore(KERNEL, 4096, there));

	enter_directory();
	int fd = make_file("f", "abc");
	char *map = (char *)MUST(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
	YES(map[0] == 'a');
	SHOW(mincore(map, 4096, there));
	SHOW(there[0] & 1);
	return 0;
}
