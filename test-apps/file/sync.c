// fsync(2), fdatasync(2), sync(2), syncfs(2), sync_file_range(2), fadvise64(2), readahead(2).
#include "../test.h"

int main(void)
{
	int ends[2];

	enter_directory();
	int fd = make_file("f", "hello");
	int directory = (int)MUST(open(".", O_RDONLY | O_DIRECTORY));
	MUST(pipe(ends));
	SHOW(fsync(fd));
	SHOW(fdatasync(fd));
	SHOW(fsync(directory));
	SHOW(fsync(ends[0]));
	SHOW(fdatasync(ends[0]));
	SHOW(fsync(-1));
	SHOW(fdatasync(-1));
	SHOW(SYS(syncfs, fd));
	SHOW(SYS(syncfs, -1));
	SHOW(SYS(sync_file_range, fd, 0L, 0L, 7));
	SHOW(SYS(sync_file_range, fd, 0L, 100L, 2));
	SHOW(SYS(sync_file_range, fd, 0L, 0L, 8));
	SHOW(SYS(sync_file_range, fd, -1L, 0L, 2));
	SHOW(SYS(sync_file_range, ends[0], 0L, 0L, 2));
	for (int advice = 0; advice <= 6; advice++)
		SHOW(SYS(fadvise64, fd, 0L, 0L, advice));
	SHOW(SYS(fadvise64, fd, 0L, -1L, 0));
	SHOW(SYS(fadvise64, -1, 0L, 0L, 0));
	SHOW(SYS(fadvise64, ends[0], 0L, 0L, 0));
	SHOW(SYS(readahead, fd, 0L, 100));
	SHOW(SYS(readahead, ends[0], 0L, 100));
	SHOW(SYS(readahead, -1, 0L, 100));
	SHOW(SYS(readahead, fd, 0L, -2L));
	int null = (int)MUST(open("/dev/null", O_RDWR));
	SHOW(fsync(null));
	return 0;
}
