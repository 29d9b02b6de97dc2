// user.* attributes, xattr(7): regular files and directories only.
#include "../test.h"
#include <sys/xattr.h>

int main(void)
{
	char value[64] = "";

	enter_directory();
	int fd = make_file("f", "abc");
	MUST(symlink("f", "l"));
	MUST(mkfifo("p", 0644));
	SHOW(setxattr("f", "user.a", "one", 3, 0));
	SHOW(fgetxattr(fd, "user.a", value, sizeof value));
	say("%s", value);
	SHOW(setxattr(".", "user.d", "x", 1, 0));
	SHOW(getxattr(".", "user.d", value, sizeof value));
	SHOW(lsetxattr("l", "user.a", "x", 1, 0));
	SHOW(lgetxattr("l", "user.a", value, sizeof value));
	SHOW(setxattr("p", "user.a", "x", 1, 0));
	SHOW(getxattr("p", "user.a", value, sizeof value));
	SHOW(setxattr("f", "user.", "x", 1, 0));
	SHOW(removexattr("f", "user.a"));
	SHOW(removexattr("f", "user.a"));
	return 0;
}
