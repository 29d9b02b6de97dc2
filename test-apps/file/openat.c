// openat(2), unlinkat(2), renameat(2), symlinkat(2): relative to a directory, AT_FDCWD, absolute
// paths, bad descriptors.
#include "../test.h"

int main(void)
{
	int directory, file;

	enter_directory();
	MUST(mkdir("d", 0755));
	OK(directory = open("d", O_RDONLY | O_DIRECTORY));
	OK(file = openat(directory, "f", O_RDWR | O_CREAT, 0644));
	OK(open("d/f", O_RDONLY));
	OK(openat(AT_FDCWD, "d/f", O_RDONLY));
	OK(openat(-1, "/", O_RDONLY));
	SHOW(openat(-1, "d/f", O_RDONLY));
	SHOW(openat(file, "f", O_RDONLY));
	SHOW(openat(1000, "f", O_RDONLY));
	OK(openat(directory, "..", O_RDONLY));
	OK(openat(directory, "../d/./f", O_RDONLY));
	SHOW(openat(directory, "", O_RDONLY));
	SHOW(mkdirat(directory, "sub", 0755));
	SHOW(access("d/sub", F_OK));
	SHOW(symlinkat("f", directory, "l"));
	SHOW(linkat(directory, "f", AT_FDCWD, "g", 0));
	SHOW(renameat(directory, "f", directory, "h"));
	SHOW(unlinkat(directory, "h", 0));
	SHOW(unlinkat(directory, "sub", 0));
	SHOW(unlinkat(directory, "sub", AT_REMOVEDIR));
	SHOW(unlinkat(directory, "l", AT_REMOVEDIR));
	SHOW(unlinkat(directory, "l", 1));
	SHOW(unlinkat(directory, "l", 0));
	SHOW(rmdir("d"));
	SHOW(openat(directory, "new", O_RDWR | O_CREAT, 0644));
	SHOW(openat(directory, ".", O_RDONLY) >= 0);
	return 0;
}
