// chown(2), fchown(2), lchown(2), fchownat(2): owners are kept, -1 leaves one alone.
#include "../test.h"

static void owner(const char *path)
{
	struct stat status;

	MUST(lstat(path, &status));
	say("%d:%d %o", (int)status.st_uid, (int)status.st_gid, status.st_mode & 07777);
}

int main(void)
{
	enter_directory();
	int fd = make_file("f", "");
	MUST(symlink("f", "l"));
	owner("f");
	SHOW(chown("f", 100, 200));
	owner("f");
	SHOW(fchown(fd, (uid_t)-1, 300));
	owner("f");
	SHOW(chown("f", 0, (gid_t)-1));
	owner("f");
	SHOW(lchown("l", 5, 6));
	owner("l");
	SHOW(chown("l", 7, 8));
	owner("f");
	SHOW(fchownat(AT_FDCWD, "l", 9, 10, AT_SYMLINK_NOFOLLOW));
	owner("l");
	SHOW(SYS(fchownat, fd, "", 11, 12, AT_EMPTY_PATH));
	owner("f");
	MUST(chmod("f", 06755));
	MUST(chown("f", 1, 1));
	owner("f");
	SHOW(chown("none", 0, 0));
	SHOW(fchown(-1, 0, 0));
	SHOW(SYS(chown, BAD, 0, 0));
	SHOW(SYS(fchownat, AT_FDCWD, "f", 0, 0, 0x800000));
	return 0;
}
