// write(2) and read(2) with a buffer that runs into an unmapped page: a short count.
#include "../test.h"

int main(void)
{
	enter_directory();
	char *pages = (char *)MUST(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	int fd = make_file("f", "");
	int ends[2];

	MUST(munmap(pages + 4096, 4096));
	memset(pages, 'x', 4096);
	SHOW(write(fd, pages + 4000, 200));
	SHOW(write(fd, pages + 4096, 1));
	SHOW(lseek(fd, 0, SEEK_END));
	MUST(ftruncate(fd, 500));
	SHOW(pread(fd, pages + 4000, 200, 0));
	SHOW(pread(fd, pages + 4096, 200, 0));
	SHOW(pread(fd, pages + 4096, 200, 500));

	MUST(pipe(ends));
	MUST(write(ends[1], "0123456789", 10));
	SHOW(read(ends[0], pages + 4096, 10));
	SHOW(read(ends[0], pages + 4086, 10));
	return 0;
}
