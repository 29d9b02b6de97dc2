// rename(2), renameat2(2), open(2), chmod(2), fallocate(2), futimesat(2), flock(2): which of several
// things that are wrong is told.
#include "../test.h"
#include <sys/file.h>
#include <sys/time.h>

int main(void)
{
	enter_directory();
	int fd = make_file("f", "0123456789");
	char longest[300];
	int ends[2];
	struct stat found;

	memset(longest, 'n', sizeof longest - 1);
	longest[sizeof longest - 1] = 0;
	MUST(pipe(ends));
	MUST(mkdir("d", 0755));

	// All of the way to the old name comes before the new one.
	SHOW(SYS(renameat, fd, "x", AT_FDCWD, BAD));
	SHOW(SYS(rename, "missing/x", BAD));
	SHOW(SYS(rename, "missing", BAD));
	SHOW(SYS(renameat, AT_FDCWD, "missing/x", fd, "y"));
	SHOW(SYS(renameat, AT_FDCWD, "missing", fd, "y"));
	SHOW(rename(longest, "missing/x"));
	SHOW(rename(longest, "x"));
	SHOW(rename("missing", longest));
	SHOW(rename("f", longest));
	SHOW(SYS(renameat, -1, "", AT_FDCWD, "y"));
	SHOW(SYS(renameat2, -1, BAD, -1, BAD, 3));
	SHOW(SYS(renameat2, -1, BAD, -1, BAD, 8));

	// An empty path is none, wherever it begins.
	SHOW(SYS(fchmodat, -1, "", 0644));
	SHOW(SYS(openat, ends[0], "", O_RDONLY));
	SHOW(SYS(mkdirat, fd, "", 0755));

	// Flags that do not go together come before the path.
	SHOW(SYS(open, BAD, 0x400000 /* O_TMPFILE without O_DIRECTORY */, 0));
	SHOW(SYS(open, BAD, O_TMPFILE | O_RDONLY, 0));
	SHOW(SYS(open, BAD, O_TMPFILE | O_RDWR, 0));
	SHOW(open("f/", O_CREAT | O_RDWR, 0644));
	SHOW(open("missing/", O_CREAT | O_RDWR, 0644));
	SHOW(open("d/", O_CREAT | O_RDWR, 0644));
	SHOW(open("f/", O_RDWR));
	SHOW(open("/dev/full", O_RDONLY | O_DIRECT));
	SHOW(open("d", O_RDONLY | O_DIRECT));

	SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 1));
	SHOW(fallocate(ends[1], FALLOC_FL_PUNCH_HOLE | 0x40, 0, 1));
	SHOW(fallocate(ends[0], FALLOC_FL_KEEP_SIZE | 0x28, 0, 1));
	SHOW(fallocate(ends[0], 0, 0, 1));
	SHOW(fallocate(ends[1], 0, 0, 1));

	// A pipe has a mode and an owner, too.
	SHOW(fchmod(ends[0], 0640));
	SHOW(fchown(ends[1], 7, -1));
	MUST(fstat(ends[1], &found));
	say("%o %u %u", found.st_mode, found.st_uid, found.st_gid);
	SHOW(SYS(futimesat, ends[0], NULL, NULL));
	SHOW(SYS(futimesat, AT_FDCWD, NULL, NULL));
	SHOW(flock(fd, 32 /* LOCK_MAND */ | LOCK_SH));
	SHOW(flock(fd, 16));
	return 0;
}
