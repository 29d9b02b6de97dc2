// symlink(2), readlink(2), readlinkat(2): content, lengths, loops.
#include "../test.h"

int main(void)
{
	char text[64];
	struct stat status;

	enter_directory();
	make_file("f", "abc");
	MUST(mkdir("d", 0755));
	SHOW(symlink("f", "l"));
	SHOW(symlink("f", "l"));
	SHOW(symlink("", "m"));
	SHOW(symlink("x", ""));
	SHOW(symlink("x", "none/y"));
	memset(text, '#', sizeof text);
	SHOW(readlink("l", text, sizeof text));
	SHOW(text[1] == '#');
	MUST(symlink("0123456789", "long"));
	SHOW(readlink("long", text, 4));
	SHOW(SYS(readlink, "long", text, 0));
	SHOW(SYS(readlink, "long", text, -1));
	SHOW(readlink("f", text, sizeof text));
	SHOW(readlink("d", text, sizeof text));
	SHOW(readlink("none", text, sizeof text));
	SHOW(SYS(readlink, "l", BAD, 10));
	SHOW(SYS(readlink, BAD, text, 10));
	MUST(lstat("long", &status));
	SHOW(status.st_size);
	SHOW(status.st_mode & 0777);

	MUST(symlink("loop2", "loop1"));
	MUST(symlink("loop1", "loop2"));
	SHOW(open("loop1", O_RDONLY));
	SHOW(stat("loop1", &status));
	SHOW(lstat("loop1", &status));
	SHOW(open("loop1/x", O_RDONLY));
	MUST(symlink("self", "self"));
	SHOW(access("self", F_OK));
	MUST(symlink("../d/.././d", "d/there"));
	SHOW(symlink("x", "d/there/there/there/made"));
	SHOW(readlink("d/made", text, sizeof text));

	char name[8] = "c0", next[8];
	MUST(symlink("f", "c0"));
	for (int i = 1; i <= 45; i++) {
		snprintf(next, sizeof next, "c%d", i);
		MUST(symlink(name, next));
		memcpy(name, next, sizeof name);
	}
	SHOW(stat("c39", &status));
	SHOW(stat("c40", &status));
	int path = (int)MUST(open("l", O_PATH | O_NOFOLLOW));
	SHOW(readlinkat(path, "", text, sizeof text));
	SHOW(readlinkat(-1, "l", text, sizeof text));
	return 0;
}
