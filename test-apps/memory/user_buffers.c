// Buffers of system calls on pages never touched, read-only, or changing meanwhile.
#include "../test.h"

int main(void)
{
	int ends[2];

	enter_directory();
	int fd = make_file("f", "");
	char *area = (char *)MUST(mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	SHOW(write(fd, area, 64 * 4096));
	SHOW(pread(fd, area + 100, 63 * 4096, 0));
	SHOW(madvise(area, 64 * 4096, MADV_DONTNEED));
	SHOW(pread(fd, area, 64 * 4096, 0));
	MUST(mprotect(area, 4096, PROT_READ));
	SHOW(pread(fd, area, 10, 0));
	SHOW(pwrite(fd, area, 10, 0));
	MUST(mprotect(area, 4096, PROT_NONE));
	SHOW(pwrite(fd, area, 10, 0));
	SHOW(pread(fd, area + 4000, 200, 0));
	MUST(pipe(ends));
	MUST(write(ends[1], "abc", 3));
	SHOW(read(ends[0], area, 3));
	SHOW(read(ends[0], area + 4096, 3));
	char *map = (char *)MUST(mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	memset(map, 'm', 4096);
	SHOW(pwrite(fd, map, 8192, 32 * 4096));
	SHOW(pread(fd, map + 2 * 4096, 4096, 32 * 4096));
	say("%c%c", map[32 * 4096], map[2 * 4096]);
	const char *literal = "read-only data";
	SHOW(SYS(pread64, fd, literal, 4, 0L));
	SHOW(SYS(pread64, fd, main, 4, 0L));
	return 0;
}
