// chmod(2), fchmod(2), fchmodat(2), umask(2), and the modes of new files.
#include "../test.h"

static int mode(const char *path)
{
	struct stat status;

	MUST(lstat(path, &status));
	return status.st_mode & 07777;
}

int main(void)
{
	enter_directory();
	say("%o", umask(027));
	int fd = make_file("f", "");
	say("%o", mode("f"));
	MUST(mkdir("d", 0777));
	say("%o", mode("d"));
	say("%o", umask(0));
	MUST(close((int)MUST(open("g", O_CREAT | O_WRONLY, 0666))));
	say("%o", mode("g"));
	MUST(mkdir("e", 01777));
	say("%o", mode("e"));
	SHOW(umask(07777));
	say("%o", umask(022));
	SHOW(chmod("f", 0640));
	say("%o", mode("f"));
	SHOW(fchmod(fd, 04755));
	say("%o", mode("f"));
	SHOW(SYS(fchmodat, AT_FDCWD, "f", 0177777));
	say("%o", mode("f"));
	SHOW(chmod("none", 0));
	SHOW(fchmod(-1, 0));
	SHOW(SYS(chmod, BAD, 0));
	SHOW(SYS(fchmodat, -1, "f", 0));
	MUST(symlink("f", "l"));
	SHOW(chmod("l", 0600));
	say("%o", mode("f"));
	SHOW(chmod("f", 0));
	OK(open("f", O_RDWR));
	return 0;
}
