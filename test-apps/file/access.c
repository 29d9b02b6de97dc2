// access(2), faccessat(2), faccessat2(2): existence and root's rights.
#include "../test.h"

int main(void)
{
	enter_directory();
	int fd = make_file("f", "");
	MUST(chmod("f", 0));
	SHOW(access("f", F_OK));
	SHOW(access("f", R_OK));
	SHOW(access("f", W_OK));
	SHOW(access("f", X_OK));
	MUST(chmod("f", 0100));
	SHOW(access("f", X_OK));
	SHOW(access("f", 8));
	SHOW(access("none", F_OK));
	SHOW(access("f/x", F_OK));
	SHOW(access(".", R_OK | W_OK | X_OK));
	SHOW(SYS(access, BAD, F_OK));
	MUST(symlink("nowhere", "l"));
	SHOW(access("l", F_OK));
	SHOW(SYS(faccessat2, AT_FDCWD, "l", F_OK, AT_SYMLINK_NOFOLLOW));
	SHOW(SYS(faccessat2, fd, "", F_OK, AT_EMPTY_PATH));
	SHOW(SYS(faccessat2, AT_FDCWD, "f", R_OK, AT_EACCESS));
	SHOW(SYS(faccessat2, AT_FDCWD, "f", R_OK, 0x800000));
	SHOW(SYS(faccessat, AT_FDCWD, "f", R_OK));
	SHOW(SYS(faccessat, -1, "f", R_OK));
	return 0;
}
