// Path resolution: dots, slashes, trailing slashes, lengths.
#include "../test.h"

int main(void)
{
	static char path[8192];
	struct stat status;

	enter_directory();
	int fd = make_file("f", "abc");
	MUST(mkdir("d", 0755));
	MUST(symlink("d", "l"));
	SHOW(stat("./d/../f", &status));
	SHOW(stat(".//d///..//./f", &status));
	SHOW(stat("d/", &status));
	SHOW(stat("f/", &status));
	SHOW(stat("f/.", &status));
	SHOW(stat("f/..", &status));
	SHOW(stat("none/..", &status));
	SHOW(lstat("l", &status) == 0 && S_ISLNK(status.st_mode));
	SHOW(lstat("l/", &status) == 0 && S_ISDIR(status.st_mode));
	SHOW(stat("/..", &status));
	SHOW(stat("/../../..", &status));
	SHOW(stat("//", &status));
	SHOW(open("new/", O_CREAT | O_WRONLY, 0644));
	SHOW(mkdir("new/", 0755));
	SHOW(mkdir("new//", 0755));
	SHOW(rmdir("new///"));
	SHOW(mkdir(".", 0755));
	SHOW(mkdir("d/..", 0755));
	SHOW(mkdir("/", 0755));

	memset(path, 'n', 300);
	path[255] = 0;
	SHOW(mkdir(path, 0755) == 0);
	SHOW(rmdir(path) == 0);
	path[255] = 'n';
	path[256] = 0;
	SHOW(mkdir(path, 0755) == 0 ? 0 : errno == ENAMETOOLONG);
	for (int i = 0; i < 2047; i++)
		memcpy(path + 2 * i, "./", 2);
	strcpy(path + 4094, "f");
	SHOW(stat(path, &status) == 0);
	strcpy(path + 4094, "ff");
	SHOW(stat(path, &status) == 0 ? 0 : errno == ENAMETOOLONG);
	SHOW(SYS(mkdir, BAD, 0755));
	SHOW(mkdir("", 0755));
	SHOW(mkdir("none/x", 0755));
	SHOW(mkdir("f/x", 0755));
	SHOW(mkdir("\xff\x01odd name", 0755));
	SHOW(stat("\xff\x01odd name", &status));
	close(fd);
	return 0;
}
