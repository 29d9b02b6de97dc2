// truncate(2), ftruncate(2): growing with zeroes, shrinking, refusing.
#include "../test.h"

static long size_of(int fd)
{
	struct stat status;

	MUST(fstat(fd, &status));
	return (long)status.st_size;
}

int main(void)
{
	char text[8];
	int ends[2];

	enter_directory();
	int fd = make_file("f", "0123456789");
	SHOW(ftruncate(fd, 4));
	SHOW(size_of(fd));
	SHOW(ftruncate(fd, 8));
	memset(text, 'x', sizeof text);
	SHOW(pread(fd, text, 8, 0));
	SHOW(memcmp(text, "0123\0\0\0\0", 8));
	SHOW(ftruncate(fd, 1L << 33));
	SHOW(size_of(fd));
	SHOW(pread(fd, text, 8, (1L << 33) - 4));
	SHOW(truncate("f", 100));
	SHOW(size_of(fd));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(ftruncate(fd, -1));
	SHOW(truncate("f", -1));
	SHOW(truncate("none", 0));
	SHOW(truncate(".", 0));
	SHOW(truncate("f/x", 0));
	SHOW(SYS(truncate, BAD, 0L));
	SHOW(ftruncate(-1, 0));
	int reader = (int)MUST(open("f", O_RDONLY));
	SHOW(ftruncate(reader, 0));
	MUST(pipe(ends));
	SHOW(ftruncate(ends[1], 0));
	int directory = (int)MUST(open(".", O_RDONLY));
	SHOW(ftruncate(directory, 0));

	MUST(ftruncate(fd, 0));
	MUST(pwrite(fd, "zzzz", 4, 0));
	MUST(ftruncate(fd, 2));
	MUST(pwrite(fd, "y", 1, 3));
	SHOW(pread(fd, text, 8, 0));
	SHOW(memcmp(text, "zz\0y", 4));
	return 0;
}
