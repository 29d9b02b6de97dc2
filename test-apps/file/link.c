// link(2), linkat(2): one inode, several names.
#include "../test.h"

static long links(const char *path)
{
	struct stat status;

	return lstat(path, &status) == -1 ? -1 : (long)status.st_nlink;
}

int main(void)
{
	struct stat a, b;
	char text[8] = "";

	enter_directory();
	int fd = make_file("a", "hello");
	MUST(mkdir("d", 0755));
	SHOW(link("a", "b"));
	SHOW(links("a"));
	MUST(stat("a", &a));
	MUST(stat("b", &b));
	YES(a.st_ino == b.st_ino);
	SHOW(link("a", "b"));
	SHOW(link("a", "d/c"));
	SHOW(link("none", "x"));
	SHOW(link("a", "none/x"));
	SHOW(link("d", "x"));
	SHOW(link("a", "x/"));
	SHOW(unlink("a"));
	SHOW(links("b"));
	int other = (int)MUST(open("d/c", O_RDONLY));
	SHOW(read(other, text, 8));
	say("%s", text);
	MUST(pwrite(fd, "J", 1, 0));
	SHOW(pread(other, text, 8, 0));
	say("%s", text);
	MUST(symlink("b", "s"));
	SHOW(link("s", "t"));
	SHOW(lstat("t", &a) == 0 && S_ISLNK(a.st_mode));
	SHOW(linkat(AT_FDCWD, "s", AT_FDCWD, "u", AT_SYMLINK_FOLLOW));
	SHOW(lstat("u", &a) == 0 && S_ISREG(a.st_mode));
	SHOW(linkat(AT_FDCWD, "s", AT_FDCWD, "v", 0x800000));
	SHOW(links("b"));
	SHOW(SYS(link, BAD, "x"));
	SHOW(SYS(link, "b", BAD));
	return 0;
}
