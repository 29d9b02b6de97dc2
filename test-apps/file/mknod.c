// mknod(2), mknodat(2): kinds of files, modes, devices, and the errors.
#include "../test.h"
#include <sys/sysmacros.h>

static void show(const char *path)
{
	struct stat status;

	if (lstat(path, &status) == -1)
		say("  %s: %s", path, errno_name(errno));
	else
		say("  %s: %o, device %u %u, links %d, size %ld", path, status.st_mode, major(status.st_rdev),
		    minor(status.st_rdev), (int)status.st_nlink, (long)status.st_size);
}

int main(void)
{
	char text[8] = "", longest[300];

	enter_directory();
	umask(022);
	SHOW(SYS(mknodat, AT_FDCWD, "regular", S_IFREG | 0666, 0));
	show("regular");
	SHOW(SYS(mknodat, AT_FDCWD, "none-given", 0, 0));
	show("none-given");
	SHOW(SYS(mknodat, AT_FDCWD, "bits", S_IFREG | 07777, 5));
	show("bits");
	SHOW(SYS(mknodat, AT_FDCWD, "fifo", S_IFIFO | 0640, 0));
	show("fifo");
	SHOW(SYS(mknodat, AT_FDCWD, "socket", S_IFSOCK | 0777, 0));
	show("socket");
	SHOW(open("socket", O_RDONLY));
	SHOW(SYS(mknodat, AT_FDCWD, "null", S_IFCHR | 0666, makedev(1, 3)));
	show("null");
	SHOW(SYS(mknodat, AT_FDCWD, "block", S_IFBLK | 0600, makedev(7, 200)));
	show("block");
	SHOW(SYS(mknodat, AT_FDCWD, "wide", S_IFCHR | 0600, makedev(300, 70000)));
	show("wide");
	SHOW(open("wide", O_RDONLY));
	SHOW(SYS(mknodat, AT_FDCWD, "directory", S_IFDIR | 0755, 0));
	SHOW(SYS(mknodat, AT_FDCWD, "link", S_IFLNK | 0777, 0));
	SHOW(SYS(mknodat, AT_FDCWD, "odd", 0070000 | 0777, 0));
	SHOW(SYS(mknodat, AT_FDCWD, "regular", S_IFIFO | 0600, 0));
	SHOW(SYS(mknodat, AT_FDCWD, ".", S_IFREG, 0));
	SHOW(SYS(mknodat, AT_FDCWD, "/", S_IFREG, 0));
	SHOW(SYS(mknodat, AT_FDCWD, "", S_IFREG, 0));
	SHOW(SYS(mknodat, AT_FDCWD, "new/", S_IFREG, 0));
	SHOW(SYS(mknodat, AT_FDCWD, "no/where", S_IFREG, 0));
	SHOW(SYS(mknodat, AT_FDCWD, "regular/x", S_IFREG, 0));
	MUST(symlink("nowhere", "dangling"));
	SHOW(SYS(mknodat, AT_FDCWD, "dangling", S_IFREG, 0));
	show("nowhere");
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = 0;
	SHOW(SYS(mknodat, AT_FDCWD, longest, S_IFREG, 0));
	SHOW(SYS(mknodat, AT_FDCWD, BAD, S_IFREG, 0));
	SHOW(SYS(mknodat, AT_FDCWD, KERNEL, S_IFREG, 0));
	SHOW(SYS(mknodat, AT_FDCWD, BAD, S_IFDIR, 0));
	SHOW(SYS(mknodat, -1, "x", S_IFREG, 0));
	SHOW(SYS(mknodat, -1, "x", S_IFDIR, 0));

	// From a directory, with a path that is absolute, from what is no directory.
	MUST(mkdir("d", 0755));
	int directory = (int)MUST(open("d", O_RDONLY | O_DIRECTORY));
	int file = (int)MUST(open("regular", O_RDWR));
	SHOW(SYS(mknodat, directory, "inside", S_IFREG | 0600, 0));
	show("d/inside");
	SHOW(SYS(mknodat, file, "inside", S_IFREG | 0600, 0));
	snprintf(longest, sizeof longest, "%s/absolute", own_directory);
	errno = 0;
	say("absolute: %ld", SYS(mknodat, -1, longest, S_IFREG | 0600, 0));
	MUST(unlink("d/inside"));
	MUST(rmdir("d"));
	SHOW(SYS(mknodat, directory, "late", S_IFREG | 0600, 0));

	SHOW(SYS(mknod, "old", S_IFREG | 0600, 0));
	show("old");
	SHOW(SYS(mknod, "old", S_IFREG | 0600, 0));
	SHOW(SYS(mknod, "e", S_IFDIR | 0600, 0));
	SHOW(SYS(mknod, BAD, S_IFREG, 0));

	SHOW(read(file, text, 8));
	return 0;
}
