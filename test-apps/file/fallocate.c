// fallocate(2): growing, keeping the size, punching holes, errors.
#include "../test.h"

#define KEEP_SIZE 1
#define PUNCH_HOLE 2
#define ZERO_RANGE 16

static long size_of(int fd)
{
	struct stat status;

	MUST(fstat(fd, &status));
	return (long)status.st_size;
}

int main(void)
{
	static char pages[12288], back[12288];
	int ends[2];

	enter_directory();
	int fd = make_file("f", "");
	SHOW(SYS(fallocate, fd, 0, 0L, 5000L));
	SHOW(size_of(fd));
	SHOW(SYS(fallocate, fd, 0, 1000L, 100L));
	SHOW(size_of(fd));
	SHOW(SYS(fallocate, fd, KEEP_SIZE, 0L, 100000L));
	SHOW(size_of(fd));
	memset(pages, 'x', sizeof pages);
	MUST(pwrite(fd, pages, sizeof pages, 0));
	SHOW(SYS(fallocate, fd, PUNCH_HOLE | KEEP_SIZE, 4096L, 4096L));
	SHOW(pread(fd, back, sizeof back, 0));
	SHOW(back[4095] == 'x' && back[4096] == 0 && back[8191] == 0 && back[8192] == 'x');
	SHOW(SYS(fallocate, fd, PUNCH_HOLE | KEEP_SIZE, 100L, 10L));
	SHOW(pread(fd, back, sizeof back, 0));
	SHOW(back[99] == 'x' && back[100] == 0 && back[109] == 0 && back[110] == 'x');
	SHOW(SYS(fallocate, fd, PUNCH_HOLE, 0L, 10L));
	SHOW(SYS(fallocate, fd, 0, -1L, 10L));
	SHOW(SYS(fallocate, fd, 0, 0L, -1L));
	SHOW(SYS(fallocate, fd, 0, 0L, 0L));
	SHOW(SYS(fallocate, fd, 0, INT64_MAX, 10L));
	SHOW(SYS(fallocate, fd, 0x8000, 0L, 10L));
	SHOW(SYS(fallocate, -1, 0, 0L, 10L));
	int reader = (int)MUST(open("f", O_RDONLY));
	SHOW(SYS(fallocate, reader, 0, 0L, 10L));
	MUST(pipe(ends));
	SHOW(SYS(fallocate, ends[1], 0, 0L, 10L));
	int null = (int)MUST(open("/dev/null", O_RDWR));
	SHOW(SYS(fallocate, null, 0, 0L, 10L));
	RETURNS(posix_fallocate(fd, 0, 20000));
	SHOW(size_of(fd));
	return 0;
}
