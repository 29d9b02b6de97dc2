// write(2): files, several sizes, and its errors.
#include "../test.h"

int main(void)
{
	enter_directory();
	int fd = make_file("f", "");
	int reader = (int)MUST(open("f", O_RDONLY));
	char text[16] = "";

	SHOW(write(fd, "hello", 5));
	SHOW(write(fd, "", 0));
	SHOW(write(fd, ", you", 5));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(pread(fd, text, 15, 0));
	say("%s", text);

	SHOW(write(-1, "x", 1));
	SHOW(write(1000, "x", 1));
	SHOW(write(reader, "x", 1));
	SHOW(SYS(write, fd, BAD, 1));
	SHOW(SYS(write, fd, KERNEL, 1));
	SHOW(SYS(write, fd, BAD, 0));
	SHOW(SYS(write, fd, text, -1L));
	SHOW(SYS(write, -1, BAD, 1));
	int directory = (int)MUST(open(".", O_RDONLY | O_DIRECTORY));
	SHOW(write(directory, "x", 1));
	return 0;
}
