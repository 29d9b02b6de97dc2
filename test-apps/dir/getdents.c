// getdents64(2): every entry once, types, small buffers, rewinding, errors.
#include "entries.h"

static int zero_inodes;

static void describe(const struct entry *entry, char *line)
{
	int number = entry->rest[0];
	const char *type = number == 4 ? "dir" : number == 8 ? "file" : number == 10 ? "link" : number == 1 ? "fifo" : "other";

	snprintf(line, 64, "%.40s %s", entry->rest + 1, type);
	zero_inodes += entry->inode == 0;
}

static int list(int fd, size_t size, int print)
{
	zero_inodes = 0;
	int count = list_by(SYS_getdents64, "getdents64", fd, size, print, describe);
	if (zero_inodes)
		say("inode numbers of zero");
	return count;
}

int main(void)
{
	char buffer[64], name[16];

	enter_directory();
	MUST(mkdir("d", 0755));
	int file = make_file("file", "");
	MUST(symlink("file", "link"));
	MUST(mkfifo("fifo", 0644));
	int fd = (int)MUST(open(".", O_RDONLY | O_DIRECTORY));
	SHOW(list(fd, 4096, 1));
	SHOW(list(fd, 4096, 1));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(list(fd, 48, 0));
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof name, "d/n%d", i);
		MUST(close(make_file(name, "")));
	}
	int many = (int)MUST(open("d", O_RDONLY | O_DIRECTORY));
	SHOW(list(many, 1000, 0));
	MUST(lseek(many, 0, SEEK_SET));
	for (int i = 0; i < 300; i += 2) {
		snprintf(name, sizeof name, "d/n%d", i);
		MUST(unlink(name));
	}
	SHOW(list(many, 32768, 0));
	MUST(lseek(fd, 0, SEEK_SET));
	SHOW(SYS(getdents64, fd, buffer, 8));
	SHOW(SYS(getdents64, fd, BAD, 4096));
	SHOW(SYS(getdents64, -1, buffer, 64));
	SHOW(SYS(getdents64, file, buffer, 64));
	int empty;
	MUST(mkdir("e", 0755));
	OK(empty = open("e", O_RDONLY));
	SHOW(list(empty, 4096, 1));
	MUST(rmdir("e"));
	MUST(lseek(empty, 0, SEEK_SET));
	SHOW(list(empty, 4096, 1));
	return 0;
}
