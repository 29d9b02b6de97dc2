// lseek(2): every whence, holes, negative and huge offsets.
#include "../test.h"

int main(void)
{
	enter_directory();
	int fd = make_file("f", "0123456789");

	SHOW(lseek(fd, 3, SEEK_SET));
	SHOW(lseek(fd, 3, SEEK_CUR));
	SHOW(lseek(fd, -6, SEEK_CUR));
	SHOW(lseek(fd, -1, SEEK_CUR));
	SHOW(lseek(fd, 0, SEEK_END));
	SHOW(lseek(fd, -10, SEEK_END));
	SHOW(lseek(fd, -11, SEEK_END));
	SHOW(lseek(fd, 1000, SEEK_END));
	SHOW(lseek(fd, -1, SEEK_SET));
	SHOW(lseek(fd, 0, 9));
	SHOW(lseek(fd, INT64_MAX, SEEK_CUR));
	SHOW(lseek(-1, 0, SEEK_SET));
	SHOW(lseek(fd, 0, SEEK_DATA));
	SHOW(lseek(fd, 3, SEEK_HOLE));
	SHOW(lseek(fd, 10, SEEK_DATA));
	SHOW(lseek(fd, 10, SEEK_HOLE));
	SHOW(lseek(fd, 5000, SEEK_SET));
	SHOW(write(fd, "x", 1));
	SHOW(lseek(fd, 0, SEEK_END));
	char byte = 1;
	SHOW(pread(fd, &byte, 1, 4000));
	SHOW(byte);
	return 0;
}
