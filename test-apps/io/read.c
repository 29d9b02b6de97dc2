// read(2): short reads, end of file and its errors.
#include "../test.h"

int main(void)
{
	enter_directory();
	int fd = make_file("f", "0123456789");
	int writer = (int)MUST(open("f", O_WRONLY));
	char text[16] = "";

	SHOW(read(fd, text, 4));
	say("%s", text);
	SHOW(read(fd, text, 0));
	SHOW(read(fd, text, 15));
	say("%s", text);
	SHOW(read(fd, text, 15));
	SHOW(lseek(fd, 100, SEEK_SET));
	SHOW(read(fd, text, 15));

	SHOW(read(-1, text, 1));
	SHOW(read(1000, text, 1));
	SHOW(read(writer, text, 1));
	MUST(lseek(fd, 0, SEEK_SET));
	SHOW(SYS(read, fd, BAD, 1));
	SHOW(SYS(read, fd, KERNEL, 1));
	SHOW(SYS(read, fd, BAD, 0));
	SHOW(SYS(read, fd, text, -1L));
	SHOW(lseek(fd, 0, SEEK_CUR));
	int directory = (int)MUST(open(".", O_RDONLY | O_DIRECTORY));
	SHOW(read(directory, text, 1));
	return 0;
}
