// futimesat(2), utimes(2), utime(2): what they set and whom they refuse.
#include "../test.h"
#include <sys/time.h>
#include <utime.h>

static void times(const char *path)
{
	struct stat status;

	MUST(lstat(path, &status));
	say("  %s: %ld.%09ld %ld.%09ld", path, (long)status.st_atim.tv_sec, status.st_atim.tv_nsec,
	    (long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

static int is_now(const char *path)
{
	struct stat status;

	MUST(lstat(path, &status));
	return status.st_atim.tv_sec > 1600000000 && status.st_mtim.tv_sec > 1600000000;
}

int main(void)
{
	struct { long seconds, micros; } both[2] = { { 10, 20 }, { 30, 999999 } };
	struct { long access, change; } old = { 40, 50 };
	char path[128];

	enter_directory();
	int file = make_file("f", "");
	MUST(symlink("f", "l"));
	MUST(mkdir("d", 0755));
	make_file("d/inside", "");
	int directory = (int)MUST(open("d", O_RDONLY | O_DIRECTORY));

	SHOW(SYS(futimesat, AT_FDCWD, "f", both));
	times("f");
	SHOW(SYS(futimesat, AT_FDCWD, "f", NULL));
	YES(is_now("f"));
	SHOW(SYS(futimesat, AT_FDCWD, "l", both));
	times("f");
	SHOW(SYS(futimesat, directory, "inside", both));
	times("d/inside");
	both[0].seconds = 5;
	// A descriptor by itself.
	SHOW(SYS(futimesat, file, NULL, both));
	times("f");
	SHOW(SYS(futimesat, file, NULL, NULL));
	YES(is_now("f"));
	both[0].seconds = -1;
	both[1].seconds = 1L << 32;
	SHOW(SYS(futimesat, AT_FDCWD, "f", both));
	times("f");
	snprintf(path, sizeof path, "%s/f", own_directory);
	say("absolute: %ld", SYS(futimesat, -1, path, both));

	both[0].micros = 1000000;
	SHOW(SYS(futimesat, AT_FDCWD, "f", both));
	SHOW(SYS(futimesat, AT_FDCWD, "none", both));
	SHOW(SYS(futimesat, -1, NULL, both));
	both[0].micros = -1;
	SHOW(SYS(futimesat, AT_FDCWD, "f", both));
	both[0].micros = 0;
	both[1].micros = -1;
	SHOW(SYS(futimesat, AT_FDCWD, "f", both));
	SHOW(SYS(utimes, "f", both));
	both[1].micros = 1073741823;
	SHOW(SYS(utimes, "f", both));
	both[1].micros = 0;
	times("f");
	SHOW(SYS(futimesat, AT_FDCWD, NULL, both));
	SHOW(SYS(futimesat, AT_FDCWD, "", both));
	SHOW(SYS(futimesat, AT_FDCWD, "none", both));
	SHOW(SYS(futimesat, AT_FDCWD, "f/x", both));
	SHOW(SYS(futimesat, -1, "f", both));
	SHOW(SYS(futimesat, -1, NULL, both));
	SHOW(SYS(futimesat, file, "f", both));
	SHOW(SYS(futimesat, AT_FDCWD, BAD, both));
	SHOW(SYS(futimesat, AT_FDCWD, KERNEL, NULL));
	SHOW(SYS(futimesat, AT_FDCWD, "f", BAD));
	SHOW(SYS(futimesat, AT_FDCWD, "none", BAD));
	SHOW(SYS(futimesat, -1, "f", KERNEL));
	SHOW(SYS(futimesat, (long)open("f", O_PATH), NULL, both));

	SHOW(SYS(utimes, "l", both));
	times("f");
	SHOW(SYS(utimes, "f", NULL));
	YES(is_now("f"));
	SHOW(SYS(utimes, NULL, both));
	SHOW(SYS(utimes, BAD, both));
	SHOW(SYS(utimes, "f", BAD));
	SHOW(SYS(utimes, "none", NULL));

	SHOW(SYS(utime, "f", &old));
	times("f");
	SHOW(SYS(utime, "f", NULL));
	YES(is_now("f"));
	SHOW(SYS(utime, "none", &old));
	SHOW(SYS(utime, "", &old));
	SHOW(SYS(utime, NULL, &old));
	SHOW(SYS(utime, BAD, &old));
	SHOW(SYS(utime, "f", BAD));
	SHOW(SYS(utime, "none", KERNEL));
	return 0;
}
