// rename(2): over files, over directories, onto itself, into itself.
#include "../test.h"

int main(void)
{
	struct stat status;
	char text[8] = "";

	enter_directory();
	int a = make_file("a", "A");
	int b = make_file("b", "B");
	MUST(mkdir("d", 0755));
	MUST(mkdir("e", 0755));
	make_file("e/full", "");
	SHOW(rename("a", "c"));
	SHOW(access("a", F_OK));
	SHOW(rename("c", "b"));
	SHOW(pread(b, text, 1, 0));
	say("%s", text);
	MUST(fstat(b, &status));
	SHOW(status.st_nlink);
	int now = (int)MUST(open("b", O_RDONLY));
	SHOW(read(now, text, 1));
	say("%s", text);
	SHOW(rename("b", "b"));
	MUST(link("b", "b2"));
	SHOW(rename("b", "b2"));
	SHOW(access("b", F_OK));
	SHOW(access("b2", F_OK));
	SHOW(rename("none", "x"));
	SHOW(rename("b", "none/x"));
	SHOW(rename("b", "d"));
	SHOW(rename("d", "b"));
	SHOW(rename("d", "e"));
	SHOW(rename("e", "d"));
	SHOW(access("d/full", F_OK));
	SHOW(rename("d", "d/sub"));
	SHOW(rename("d", "d"));
	SHOW(rename("b", "f/"));
	SHOW(rename("b/", "f"));
	SHOW(rename("d/", "g/"));
	SHOW(rename("g/.", "h"));
	SHOW(rename("g", "."));
	SHOW(rename(".", "h"));
	SHOW(rename("g/..", "h"));
	SHOW(rename("", "h"));
	SHOW(rename("b", ""));
	MUST(symlink("b", "s"));
	SHOW(rename("s", "t"));
	SHOW(lstat("t", &status) == 0 && S_ISLNK(status.st_mode));
	SHOW(rename("g/full", "moved"));
	SHOW(SYS(rename, BAD, "x"));
	SHOW(SYS(rename, "b", BAD));
	MUST(mkdir("p", 0755));
	MUST(mkdir("p/q", 0755));
	MUST(stat("p", &status));
	SHOW(status.st_nlink);
	MUST(rename("p/q", "q"));
	MUST(stat("p", &status));
	SHOW(status.st_nlink);
	SHOW(access("q/..", F_OK));
	close(a);
	return 0;
}
