// getcwd(2), chdir(2), fchdir(2): lengths, links, removed directories.
#include "../test.h"

int main(void)
{
	char path[4096], deep[300];
	size_t own;

	enter_directory();
	own = strlen(own_directory);
	MUST(mkdir("d", 0755));
	MUST(mkdir("d/e", 0755));
	MUST(symlink("d/e", "l"));
	make_file("f", "");
	int fd = (int)MUST(open(".", O_RDONLY));
	int file = (int)MUST(open("f", O_RDONLY));
	SHOW(chdir("l"));
	SHOW(SYS(getcwd, path, sizeof path) == (long)own + 5);
	say("%s", path + own);
	SHOW(chdir(".."));
	MUST(SYS(getcwd, path, sizeof path));
	say("%s", path + own);
	SHOW(SYS(getcwd, path, own));
	SHOW(SYS(getcwd, path, 0));
	SHOW(SYS(getcwd, BAD, 4096));
	SHOW(fchdir(fd));
	MUST(SYS(getcwd, path, sizeof path));
	say("<%s>", path + own);
	SHOW(chdir("none"));
	SHOW(chdir("f"));
	SHOW(chdir(""));
	SHOW(SYS(chdir, BAD));
	SHOW(fchdir(file));
	SHOW(fchdir(-1));
	SHOW(chdir("d/e"));
	SHOW(rmdir("../e"));
	SHOW(SYS(getcwd, path, sizeof path));
	SHOW(open("x", O_CREAT | O_WRONLY, 0644));
	SHOW(chdir(".."));
	SHOW(chdir("/"));
	SHOW(SYS(getcwd, path, sizeof path));
	say("%s", path);
	MUST(fchdir(fd));
	MUST(rename("d", "moved"));
	MUST(chdir("moved"));
	MUST(SYS(getcwd, path, sizeof path));
	say("%s", path + own);
	memset(deep, 'x', 200);
	deep[200] = 0;
	for (int i = 0; i < 5; i++) {
		MUST(mkdir(deep, 0755));
		MUST(chdir(deep));
	}
	SHOW(SYS(getcwd, path, sizeof path) == (long)own + 7 + 5 * 201);
	return 0;
}
