// mkdir(2), mkdirat(2), rmdir(2): links, not empty, in use, removed while open.
#include "../test.h"

static long links(const char *path)
{
	struct stat status;

	MUST(stat(path, &status));
	return (long)status.st_nlink;
}

int main(void)
{
	struct stat status;

	enter_directory();
	SHOW(mkdir("d", 0755));
	SHOW(mkdir("d", 0755));
	SHOW(links("d"));
	MUST(mkdir("d/e", 0755));
	MUST(mkdir("d/f", 0755));
	SHOW(links("d"));
	SHOW(rmdir("d"));
	SHOW(rmdir("d/f"));
	SHOW(links("d"));
	SHOW(rmdir("d/e/."));
	SHOW(rmdir("d/e/.."));
	SHOW(rmdir("."));
	SHOW(rmdir("/"));
	int fd = (int)MUST(open("d/e", O_RDONLY));
	SHOW(rmdir("d/e"));
	SHOW(fstat(fd, &status));
	SHOW(status.st_nlink);
	SHOW(mkdirat(fd, "x", 0755));
	SHOW(rmdir("d"));
	SHOW(rmdir("d"));
	make_file("file", "");
	SHOW(rmdir("file"));
	SHOW(mkdir("file", 0755));
	SHOW(mkdir("file/x", 0755));
	MUST(mkdir("real", 0755));
	MUST(symlink("real", "link"));
	SHOW(rmdir("link"));
	SHOW(mkdir("link", 0755));
	MUST(symlink("later", "dangling"));
	SHOW(mkdir("dangling", 0755));
	SHOW(SYS(rmdir, BAD));
	SHOW(rmdir(""));
	return 0;
}
