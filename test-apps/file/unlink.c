// unlink(2): names go, open files stay.
#include "../test.h"

int main(void)
{
	struct stat status;
	char text[8] = "";

	enter_directory();
	int fd = make_file("f", "hello");
	char *map = (char *)MUST(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
	MUST(mkdir("d", 0755));
	SHOW(unlink("f"));
	SHOW(unlink("f"));
	SHOW(access("f", F_OK));
	SHOW(read(fd, text, 8));
	say("%s", text);
	SHOW(write(fd, " more", 5));
	MUST(fstat(fd, &status));
	SHOW(status.st_nlink);
	SHOW(status.st_size);
	say("%.10s", map);
	int other = make_file("f", "new");
	SHOW(pread(fd, text, 5, 0));
	say("%s", text);
	SHOW(close(fd));
	say("%.10s", map);
	SHOW(pread(other, text, 5, 0));
	SHOW(unlink("d"));
	SHOW(unlink("none"));
	SHOW(unlink(""));
	SHOW(unlink("f/x"));
	SHOW(unlink("f/"));
	SHOW(unlink("."));
	SHOW(SYS(unlink, BAD));
	MUST(symlink("f", "l"));
	SHOW(unlink("l"));
	SHOW(access("f", F_OK));
	return 0;
}
