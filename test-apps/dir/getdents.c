// getdents64(2): every entry once, types, small buffers, rewinding, errors.
#include "../test.h"

struct entry {
	uint64_t inode;
	int64_t next;
	unsigned short length;
	unsigned char type;
	char name[];
};

static int in_order(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int list(int fd, size_t size, int print)
{
	static char names[400][64];
	char *buffer = malloc(size);
	int count = 0, zero_inodes = 0;
	long got;

	while ((got = SYS(getdents64, fd, buffer, size)) > 0)
		for (long at = 0; at < got;) {
			struct entry *entry = (struct entry *)(void *)(buffer + at);
			const char *type = entry->type == 4 ? "dir" : entry->type == 8 ? "file" :
				entry->type == 10 ? "link" : entry->type == 1 ? "fifo" : "other";
			snprintf(names[count++], 64, "%.40s %s", entry->name, type);
			zero_inodes += entry->inode == 0;
			at += entry->length;
		}
	if (got == -1)
		say("getdents64: %s", errno_name(errno));
	qsort(names, (size_t)count, 64, in_order);
	for (int i = 0; print && i < count; i++)
		say("%s", names[i]);
	if (zero_inodes)
		say("inode numbers of zero");
	free(buffer);
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
