// open(2), creat(2): creation, truncation, O_EXCL, O_APPEND, O_DIRECTORY, O_NOFOLLOW, O_PATH.
#include "../test.h"

static long size_of(const char *path)
{
	struct stat status;

	return stat(path, &status) == -1 ? -1 : (long)status.st_size;
}

int main(void)
{
	char text[8];
	int fd;

	enter_directory();
	SHOW(open("none", O_RDWR));
	OK(fd = open("f", O_RDWR | O_CREAT | O_EXCL, 0600));
	SHOW(write(fd, "hello", 5));
	SHOW(open("f", O_RDWR | O_CREAT | O_EXCL, 0600));
	OK(open("f", O_RDONLY | O_CREAT, 0600));
	SHOW(size_of("f"));
	OK(open("f", O_WRONLY | O_TRUNC));
	SHOW(size_of("f"));
	SHOW(read(fd, text, 8));
	MUST(pwrite(fd, "hello", 5, 0));
	OK(open("f", O_RDONLY | O_TRUNC));
	SHOW(size_of("f"));

	MUST(mkdir("d", 0755));
	SHOW(open("d", O_RDWR));
	SHOW(open("d", O_WRONLY));
	SHOW(open("d", O_RDONLY | O_CREAT, 0644));
	SHOW(open("d", O_RDONLY | O_TRUNC));
	OK(open("d", O_RDONLY));
	OK(open("d", O_RDONLY | O_DIRECTORY));
	SHOW(open("f", O_RDONLY | O_DIRECTORY));
	SHOW(open("n", O_RDONLY | O_DIRECTORY | O_CREAT, 0644) == -1);
	SHOW(open("f/x", O_RDONLY));
	SHOW(open("f/x", O_RDONLY | O_CREAT, 0644));
	SHOW(open("", O_RDONLY));
	SHOW(SYS(open, BAD, O_RDONLY));
	SHOW(SYS(open, KERNEL, O_RDONLY));

	MUST(symlink("f", "l"));
	MUST(symlink("nowhere", "dangling"));
	OK(open("l", O_RDONLY));
	SHOW(open("l", O_RDONLY | O_NOFOLLOW));
	SHOW(open("dangling", O_RDONLY));
	SHOW(open("dangling", O_RDONLY | O_CREAT | O_EXCL, 0644));
	OK(open("dangling", O_RDWR | O_CREAT, 0644));
	SHOW(size_of("nowhere"));

	OK(fd = open("f", O_PATH));
	SHOW(read(fd, text, 1));
	SHOW(write(fd, text, 1));
	SHOW(SYS(fchmod, fd, 0600));
	SHOW(ftruncate(fd, 0));
	OK(fd = open("l", O_PATH | O_NOFOLLOW));
	struct stat status;
	SHOW(fstat(fd, &status));
	SHOW(S_ISLNK(status.st_mode));
	OK(fd = open("f", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_SYNC | O_DSYNC | O_NOATIME | O_CLOEXEC));
	SHOW(fcntl(fd, F_GETFD));
	SHOW(write(fd, "x", 1));
	OK(fd = creat("c", 0640));
	SHOW(read(fd, text, 1));
	OK(SYS(open, "f", 3));
	return 0;
}
