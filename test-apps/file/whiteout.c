// RENAME_WHITEOUT leaves a device 0:0 where the file was, renameat2(2).
#include "../test.h"

#define NOREPLACE 1
#define EXCHANGE 2
#define WHITEOUT 4

static void look(const char *path)
{
	struct stat status;

	if (lstat(path, &status) == -1)
		say("  %s: %s", path, errno_name(errno));
	else
		say("  %s: %s, device %d, %o", path, S_ISCHR(status.st_mode) ? "character device" : "other",
		    (int)status.st_rdev, status.st_mode & 07777);
}

int main(void)
{
	enter_directory();
	make_file("a", "A");
	make_file("b", "B");
	MUST(mkdir("d", 0755));
	SHOW(SYS(renameat2, AT_FDCWD, "a", AT_FDCWD, "c", WHITEOUT));
	look("a");
	look("c");
	SHOW(open("a", O_RDONLY));
	SHOW(SYS(renameat2, AT_FDCWD, "b", AT_FDCWD, "c", WHITEOUT | NOREPLACE));
	SHOW(SYS(renameat2, AT_FDCWD, "b", AT_FDCWD, "e", WHITEOUT | NOREPLACE));
	look("b");
	SHOW(SYS(renameat2, AT_FDCWD, "e", AT_FDCWD, "c", WHITEOUT | EXCHANGE));
	SHOW(SYS(renameat2, AT_FDCWD, "d", AT_FDCWD, "d2", WHITEOUT));
	look("d");
	SHOW(SYS(renameat2, AT_FDCWD, "e", AT_FDCWD, "d2/e", WHITEOUT));
	look("e");
	look("d2/e");
	SHOW(SYS(renameat2, AT_FDCWD, "none", AT_FDCWD, "x", WHITEOUT));
	SHOW(SYS(renameat2, AT_FDCWD, "c", AT_FDCWD, "x", 8));
	SHOW(SYS(renameat2, AT_FDCWD, BAD, AT_FDCWD, "x", 0));
	SHOW(SYS(renameat2, AT_FDCWD, "c", AT_FDCWD, BAD, 0));
	SHOW(unlink("a"));
	return 0;
}
