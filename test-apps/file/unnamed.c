// O_TMPFILE and giving a file without a name one: linkat(2) with AT_EMPTY_PATH, O_EXCL.
#include "../test.h"

int main(void)
{
	struct stat status;
	char path[64];
	int fd, never;

	enter_directory();
	OK(fd = open(".", O_TMPFILE | O_RDWR, 0640));
	MUST(write(fd, "hello", 5));
	MUST(fstat(fd, &status));
	say("%o %ld %ld", status.st_mode & 07777, (long)status.st_nlink, (long)status.st_size);
	SHOW(linkat(fd, "", AT_FDCWD, "named", 0));
	SHOW(linkat(fd, "", AT_FDCWD, "named", AT_EMPTY_PATH));
	MUST(fstat(fd, &status));
	SHOW(status.st_nlink);
	SHOW(linkat(fd, "", AT_FDCWD, "named", AT_EMPTY_PATH));
	SHOW(linkat(fd, "", AT_FDCWD, "again", AT_EMPTY_PATH));
	MUST(unlink("named"));
	MUST(unlink("again"));
	SHOW(linkat(fd, "", AT_FDCWD, "back", AT_EMPTY_PATH));
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	SHOW(linkat(AT_FDCWD, path, AT_FDCWD, "back", AT_SYMLINK_FOLLOW));
	SHOW(linkat(AT_FDCWD, path, AT_FDCWD, "link", 0));

	// With O_EXCL it never gets a name.
	OK(never = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600));
	SHOW(linkat(never, "", AT_FDCWD, "never", AT_EMPTY_PATH));
	snprintf(path, sizeof path, "/proc/self/fd/%d", never);
	SHOW(linkat(AT_FDCWD, path, AT_FDCWD, "never", AT_SYMLINK_FOLLOW));
	SHOW(access("never", F_OK));

	OK(fd = open(".", O_TMPFILE | O_WRONLY, 0600));
	SHOW(read(fd, path, 1));
	SHOW(open(".", O_TMPFILE | O_RDONLY, 0600));
	SHOW(open(".", O_TMPFILE | O_RDWR | O_CREAT, 0600) == -1);
	SHOW(SYS(openat, AT_FDCWD, ".", 020000000 | O_RDWR, 0600));
	SHOW(open("none", O_TMPFILE | O_RDWR, 0600));
	int ends[2], directory = (int)MUST(open(".", O_RDONLY));
	MUST(pipe(ends));
	SHOW(linkat(ends[0], "", AT_FDCWD, "pipe", AT_EMPTY_PATH));
	SHOW(linkat(directory, "", AT_FDCWD, "directory", AT_EMPTY_PATH));
	SHOW(linkat(AT_FDCWD, "", AT_FDCWD, "directory", AT_EMPTY_PATH));
	SHOW(linkat(-1, "", AT_FDCWD, "bad", AT_EMPTY_PATH));
	SHOW(SYS(linkat, fd, BAD, AT_FDCWD, "bad", AT_EMPTY_PATH));
	SHOW(SYS(linkat, fd, "", AT_FDCWD, BAD, AT_EMPTY_PATH));
	return 0;
}
