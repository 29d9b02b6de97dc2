// O_TMPFILE: a file without a name, given one by linkat.
#include "../test.h"

int main(void)
{
	struct stat status;
	char name[64], text[8] = "";

	enter_directory();
	int fd;
	OK(fd = open(".", O_TMPFILE | O_RDWR, 0600));
	SHOW(write(fd, "hello", 5));
	MUST(fstat(fd, &status));
	SHOW(status.st_nlink);
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	SHOW(linkat(AT_FDCWD, name, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	MUST(fstat(fd, &status));
	SHOW(status.st_nlink);
	int other = (int)MUST(open("named", O_RDONLY));
	SHOW(read(other, text, 8));
	SHOW(open(".", O_TMPFILE | O_RDONLY, 0600));
	SHOW(open("none", O_TMPFILE | O_RDWR, 0600));
	SHOW(open("named", O_TMPFILE | O_RDWR, 0600));
	return 0;
}
