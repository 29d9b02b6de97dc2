// msync(2): flags, ranges, errors.
#include "../test.h"

int main(void)
{
	char text[8] = "";

	enter_directory();
	int fd = make_file("f", "hello");
	char *map = (char *)MUST(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	map[0] = 'J';
	SHOW(msync(map, 8192, MS_SYNC));
	SHOW(msync(map, 8192, MS_ASYNC));
	SHOW(msync(map, 8192, MS_SYNC | MS_INVALIDATE));
	SHOW(pread(fd, text, 5, 0));
	say("%s", text);
	SHOW(msync(map, 5, MS_SYNC));
	SHOW(msync(map, 0, MS_SYNC));
	SHOW(msync(map + 1, 100, MS_SYNC));
	SHOW(msync(map, 8192, MS_SYNC | MS_ASYNC));
	SHOW(msync(map, 8192, 8));
	MUST(munmap(map + 4096, 4096));
	SHOW(msync(map, 8192, MS_SYNC));
	char *anonymous = (char *)MUST(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	SHOW(msync(anonymous, 4096, MS_SYNC));
	return 0;
}
