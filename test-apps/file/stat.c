// stat(2), lstat(2), fstat(2), newfstatat(2): types, sizes, times, flags, errors.
#include "../test.h"

static void look(const char *what, long result, const struct stat *status)
{
	if (result == -1) {
		say("%s: %s", what, errno_name(errno));
		return;
	}
	say("%s: mode %o, links %ld, uid %d, gid %d, size %ld, block size %s", what, status->st_mode,
	    (long)status->st_nlink, (int)status->st_uid, (int)status->st_gid,
	    S_ISDIR(status->st_mode) ? 0L : (long)status->st_size, status->st_blksize >= 512 ? "ok" : "odd");
}

int main(void)
{
	struct stat status, other;
	int ends[2];

	enter_directory();
	int fd = make_file("f", "hello");
	MUST(mkdir("d", 0750));
	MUST(mkdir("d/e", 0750));
	MUST(symlink("f", "l"));
	look("file", stat("f", &status), &status);
	look("directory", stat("d", &status), &status);
	look("link followed", stat("l", &status), &status);
	look("link", lstat("l", &status), &status);
	look("descriptor", fstat(fd, &status), &status);
	look("device", stat("/dev/null", &status), &status);
	MUST(pipe(ends));
	look("pipe", fstat(ends[0], &status), &status);
	SHOW(stat("/", &status));
	SHOW(S_ISDIR(status.st_mode));
	MUST(stat("f", &status));
	MUST(fstat(fd, &other));
	YES(status.st_ino == other.st_ino && status.st_dev == other.st_dev);
	MUST(stat("d", &other));
	YES(status.st_ino != other.st_ino);
	YES(status.st_mtime > 1600000000);
	YES(status.st_blocks >= 0 && status.st_blocks <= 16);

	SHOW(SYS(newfstatat, AT_FDCWD, "l", &status, AT_SYMLINK_NOFOLLOW));
	SHOW(S_ISLNK(status.st_mode));
	SHOW(SYS(newfstatat, fd, "", &status, AT_EMPTY_PATH));
	SHOW(status.st_size);
	SHOW(SYS(newfstatat, AT_FDCWD, "", &status, AT_EMPTY_PATH));
	SHOW(S_ISDIR(status.st_mode));
	SHOW(SYS(newfstatat, AT_FDCWD, "", &status, 0));
	SHOW(SYS(newfstatat, AT_FDCWD, "f", &status, 0x800000));
	SHOW(SYS(newfstatat, -1, "f", &status, 0));
	SHOW(SYS(newfstatat, fd, "f", &status, 0));
	SHOW(SYS(newfstatat, AT_FDCWD, BAD, &status, 0));
	SHOW(SYS(newfstatat, AT_FDCWD, "f", BAD, 0));
	SHOW(SYS(newfstatat, AT_FDCWD, "f", &status, 0x2000));
	SHOW(SYS(newfstatat, AT_FDCWD, "f", &status, 0x4000 | AT_NO_AUTOMOUNT));
	SHOW(SYS(newfstatat, AT_FDCWD, "f", &status, 0x8000));
	SHOW(SYS(stat, "f", BAD));
	SHOW(SYS(stat, "f", KERNEL));
	SHOW(SYS(fstat, fd, BAD));
	SHOW(SYS(fstat, -1, &status));
	SHOW(SYS(lstat, "none", &status));
	SHOW(SYS(stat, "f/x", &status));
	SHOW(SYS(stat, "", &status));
	return 0;
}
