// pread64(2), pwrite64(2), preadv(2), pwritev2(2): the offset stays, holes, errors.
#include "../test.h"
#include <sys/uio.h>

int main(void)
{
	enter_directory();
	int fd = make_file("f", "0123456789");
	char text[16] = "";

	SHOW(pread(fd, text, 3, 4));
	say("%s", text);
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(pwrite(fd, "abc", 3, 8));
	SHOW(lseek(fd, 0, SEEK_END));
	SHOW(pread(fd, text, 15, 0));
	say("%s", text);
	SHOW(pread(fd, text, 1, 11));
	SHOW(pread(fd, text, 1, 1000));
	SHOW(pread(fd, text, 1, -1));
	SHOW(pwrite(fd, text, 1, -1));
	SHOW(pread(-1, text, 1, 0));
	SHOW(pwrite(-1, text, 1, 0));
	SHOW(SYS(pread64, fd, BAD, 1, 0L));
	SHOW(SYS(pwrite64, fd, BAD, 1, 0L));
	SHOW(SYS(pwrite64, fd, text, 1, INT64_MAX));
	SHOW(pwrite(fd, "z", 1, 100000));
	SHOW(pread(fd, text, 1, 50000));
	SHOW(text[0]);

	struct iovec parts[2] = { { text, 2 }, { text + 2, 3 } };
	SHOW(preadv(fd, parts, 2, 5));
	say("%.5s", text);
	SHOW(pwritev(fd, parts, 2, 0));
	SHOW(preadv(fd, parts, 2, -5));
	SHOW(SYS(preadv, fd, BAD, 2, 0L, 0L));
	SHOW(SYS(preadv2, fd, parts, 2, 0L, 0L, 0));
	SHOW(SYS(preadv2, fd, parts, 2, 0L, 0L, 0x40000000));
	SHOW(lseek(fd, 0, SEEK_CUR) > 5);

	int append = (int)MUST(open("f", O_WRONLY | O_APPEND));
	SHOW(pwrite(append, "!", 1, 0));
	SHOW(lseek(fd, 0, SEEK_END));
	return 0;
}
