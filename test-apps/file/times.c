// utimensat(2), futimens(3), utimes(2): setting, UTIME_NOW, UTIME_OMIT, and what writes change.
#include "../test.h"
#include <sys/time.h>
#include <utime.h>

static void show_times(const char *path)
{
	struct stat status;

	MUST(lstat(path, &status));
	say("%ld.%09ld %ld.%09ld", (long)status.st_atim.tv_sec, status.st_atim.tv_nsec,
	    (long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

int main(void)
{
	struct timespec times[2] = { { 1000, 123456789 }, { 2000, 5 } };
	struct stat status;

	enter_directory();
	int fd = make_file("f", "abc");
	SHOW(utimensat(AT_FDCWD, "f", times, 0));
	show_times("f");
	times[0].tv_nsec = UTIME_OMIT;
	times[1].tv_sec = 3000;
	SHOW(futimens(fd, times));
	show_times("f");
	times[1].tv_nsec = UTIME_NOW;
	SHOW(futimens(fd, times));
	MUST(fstat(fd, &status));
	YES(status.st_mtim.tv_sec > 1600000000 && status.st_atim.tv_sec == 1000);
	times[0] = times[1] = (struct timespec){ 5, 0 };
	MUST(futimens(fd, times));
	MUST(fstat(fd, &status));
	YES(status.st_ctim.tv_sec > 1600000000);
	SHOW(write(fd, "d", 1));
	MUST(fstat(fd, &status));
	YES(status.st_mtim.tv_sec > 1600000000);
	MUST(futimens(fd, times));
	MUST(ftruncate(fd, 1));
	MUST(fstat(fd, &status));
	YES(status.st_mtim.tv_sec > 1600000000);
	SHOW(utimensat(AT_FDCWD, "f", NULL, 0));
	MUST(fstat(fd, &status));
	YES(status.st_atim.tv_sec > 1600000000);
	MUST(mkdir("d", 0755));
	MUST(utimensat(AT_FDCWD, "d", times, 0));
	make_file("d/new", "");
	MUST(stat("d", &status));
	YES(status.st_mtim.tv_sec > 1600000000);
	MUST(symlink("f", "l"));
	SHOW(utimensat(AT_FDCWD, "l", times, AT_SYMLINK_NOFOLLOW));
	show_times("l");
	struct utimbuf old = { 7, 8 };
	SHOW(utime("f", &old));
	show_times("f");
	struct timeval both[2] = { { 9, 1000 }, { 10, 2 } };
	SHOW(utimes("f", both));
	show_times("f");
	both[0].tv_usec = 1000000;
	SHOW(SYS(utimes, "f", both));
	times[0].tv_nsec = 1000000000;
	SHOW(SYS(utimensat, AT_FDCWD, "f", times, 0));
	SHOW(SYS(utimensat, AT_FDCWD, "none", NULL, 0));
	SHOW(SYS(utimensat, AT_FDCWD, "f", BAD, 0));
	SHOW(SYS(utimensat, AT_FDCWD, "f", NULL, 0x800000));
	SHOW(SYS(utimensat, -1, NULL, NULL, 0));
	return 0;
}
