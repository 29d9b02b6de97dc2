// madvise(2): DONTNEED zeroes, FREE may, advice of every kind, errors.
#include "../test.h"

#define RW (PROT_READ | PROT_WRITE)

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

int main(void)
{
	char *area = (char *)MUST(mmap(NULL, 16 * 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	memset(area, 1, 16 * 4096);
	SHOW(madvise(area + 4096, 4096, MADV_DONTNEED));
	SHOW(area[4095] + area[4096] + area[8191] + area[8192]);
	area[4096] = 2;
	SHOW(area[4096]);
	SHOW(madvise(area, 4096, MADV_FREE));
	YES(area[0] == 1 || area[0] == 0);
	area[0] = 3;
	SHOW(area[0]);
	SHOW(madvise(area, 8192, MADV_NORMAL));
	SHOW(madvise(area, 8192, MADV_RANDOM));
	SHOW(madvise(area, 8192, MADV_SEQUENTIAL));
	SHOW(madvise(area, 8192, MADV_WILLNEED));
	SHOW(madvise(area, 8192, MADV_DONTFORK));
	SHOW(madvise(area, 8192, MADV_DOFORK));
	SHOW(madvise(area, 8192, MADV_DONTDUMP));
	SHOW(madvise(area, 8192, MADV_DODUMP));
	SHOW(madvise(area, 8192, MADV_POPULATE_WRITE));
	SHOW(madvise(area, 8192, MADV_POPULATE_READ));
	SHOW(area[0] + area[4096]);
	SHOW(madvise(area, 0, MADV_DONTNEED));
	SHOW(madvise(area + 1, 4096, MADV_DONTNEED));
	SHOW(madvise(area, 4096, 999));
	SHOW(madvise(area, SIZE_MAX, MADV_DONTNEED));
	MUST(munmap(area + 8 * 4096, 4096));
	SHOW(madvise(area + 7 * 4096, 3 * 4096, MADV_DONTNEED));
	SHOW(area[7 * 4096] + area[9 * 4096]);
	MUST(mprotect(area + 4096, 4096, PROT_READ));
	SHOW(madvise(area + 4096, 4096, MADV_POPULATE_WRITE));
	SHOW(madvise(area + 4096, 4096, MADV_DONTNEED));
	SHOW(area[4096]);

	enter_directory();
	int fd = make_file("f", "file");
	char *map = (char *)MUST(mmap(NULL, 4096, RW, MAP_PRIVATE, fd, 0));
	map[0] = 'F';
	SHOW(madvise(map, 4096, MADV_DONTNEED));
	say("%.4s", map);
	return 0;
}
