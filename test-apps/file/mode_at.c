// fchmodat2(2): of links, of descriptors, of what was opened with O_PATH; the errors.
#include "../test.h"

#define AT_NEW 0x800000

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

static void mode(const char *path)
{
	struct stat status;

	MUST(lstat(path, &status));
	say("  %s: %o", path, status.st_mode);
}

int main(void)
{
	char longest[300];

	enter_directory();
	int file = make_file("f", "");
	MUST(symlink("f", "l"));
	MUST(symlink("none", "dangling"));
	MUST(symlink("loop", "loop"));
	MUST(mkdir("d", 0755));
	int directory = (int)MUST(open("d", O_RDONLY | O_DIRECTORY));
	make_file("d/inside", "");

	SHOW(SYS(fchmodat2, AT_FDCWD, "f", 0640, 0));
	mode("f");
	SHOW(SYS(fchmodat2, AT_FDCWD, "l", 0600, 0));
	mode("f");
	mode("l");
	SHOW(SYS(fchmodat2, AT_FDCWD, "l", 0644, AT_SYMLINK_NOFOLLOW));
	mode("f");
	mode("l");
	SHOW(SYS(fchmodat2, AT_FDCWD, "f", 07777, AT_SYMLINK_NOFOLLOW));
	mode("f");
	SHOW(SYS(fchmodat2, file, "", 0604, AT_EMPTY_PATH));
	mode("f");
	SHOW(SYS(fchmodat2, file, "", 0600, 0));
	SHOW(SYS(fchmodat2, file, NULL, 0600, AT_EMPTY_PATH));
	SHOW(SYS(fchmodat2, directory, "inside", 0606, AT_EMPTY_PATH));
	mode("d/inside");
	SHOW(SYS(fchmodat2, directory, "", 0700, AT_EMPTY_PATH));
	mode("d");
	int path = (int)MUST(open("f", O_PATH));
	SHOW(SYS(fchmodat2, path, "", 0666, AT_EMPTY_PATH));
	mode("f");
	SHOW(SYS(fchmod, path, 0600));
	int link = (int)MUST(open("l", O_PATH | O_NOFOLLOW));
	SHOW(SYS(fchmodat2, link, "", 0666, AT_EMPTY_PATH));
	MUST(chdir("d"));
	SHOW(SYS(fchmodat2, AT_FDCWD, "", 0711, AT_EMPTY_PATH));
	MUST(chdir(".."));
	mode("d");

	SHOW(SYS(fchmodat2, AT_FDCWD, "f", 0, 1));
	SHOW(SYS(fchmodat2, AT_FDCWD, "f", 0, AT_NEW));
	SHOW(SYS(fchmodat2, AT_FDCWD, "f", 0, AT_SYMLINK_FOLLOW));
	SHOW(SYS(fchmodat2, AT_FDCWD, "f", 0, AT_EACCESS));
	SHOW(SYS(fchmodat2, AT_FDCWD, BAD, 0, AT_NEW));
	SHOW(SYS(fchmodat2, AT_FDCWD, "none", 0, 0));
	SHOW(SYS(fchmodat2, AT_FDCWD, "", 0, 0));
	SHOW(SYS(fchmodat2, AT_FDCWD, "dangling", 0, 0));
	SHOW(SYS(fchmodat2, AT_FDCWD, "dangling", 0, AT_SYMLINK_NOFOLLOW));
	SHOW(SYS(fchmodat2, AT_FDCWD, "loop", 0, 0));
	SHOW(SYS(fchmodat2, AT_FDCWD, "f/x", 0, 0));
	SHOW(SYS(fchmodat2, AT_FDCWD, "f/", 0, 0));
	SHOW(SYS(fchmodat2, -1, "f", 0, 0));
	SHOW(SYS(fchmodat2, -1, "", 0, AT_EMPTY_PATH));
	SHOW(SYS(fchmodat2, file, "f", 0, 0));
	SHOW(SYS(fchmodat2, AT_FDCWD, BAD, 0, 0));
	SHOW(SYS(fchmodat2, AT_FDCWD, KERNEL, 0, AT_EMPTY_PATH));
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = 0;
	SHOW(SYS(fchmodat2, AT_FDCWD, longest, 0, 0));
	return 0;
}
