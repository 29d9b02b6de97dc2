// getdents(2): the old form of entries, the type in the last byte; small buffers and errors.
#include "entries.h"

static int odd;

static void describe(const struct entry *entry, char *line)
{
	int type = ((const char *)entry)[entry->length - 1];
	size_t least = sizeof(long) * 2 + 2 + strlen(entry->rest) + 2;

	odd += entry->inode == 0 || entry->length % 8 || entry->length < least || entry->length >= least + 8;
	snprintf(line, 64, "  %.40s %d %d", entry->rest, type, entry->length);
}

static int list(int fd, size_t size, int print)
{
	odd = 0;
	int count = list_by(SYS_getdents, "getdents", fd, size, print, describe);
	say("odd entries: %d", odd);
	return count;
}

int main(void)
{
	char buffer[4096], name[16], *pages;
	int ends[2];

	enter_directory();
	MUST(mkdir("d", 0755));
	int file = make_file("a-file", "");
	MUST(symlink("file", "link"));
	MUST(mkfifo("fifo", 0644));
	make_file("a-name-of-twenty-four-x", "");
	make_file("seven-7", "");
	MUST(pipe(ends));
	int fd = (int)MUST(open(".", O_RDONLY | O_DIRECTORY));
	SHOW(list(fd, 4096, 1));
	SHOW(list(fd, 4096, 1));
	MUST(lseek(fd, 0, SEEK_SET));
	SHOW(list(fd, 48, 0));
	// Stopped by what does not fit, it goes on there.
	MUST(lseek(fd, 0, SEEK_SET));
	SHOW(SYS(getdents, fd, buffer, 24));
	SHOW(SYS(getdents, fd, buffer, 23));
	SHOW(SYS(getdents, fd, buffer, 24));
	SHOW(list(fd, 4096, 0));
	SHOW(SYS(getdents, fd, buffer, 0));
	MUST(lseek(fd, 0, SEEK_SET));
	SHOW(SYS(getdents, fd, buffer, 0));
	SHOW(SYS(getdents, fd, BAD, 0));
	SHOW(SYS(getdents, fd, NULL, 4096));
	SHOW(SYS(getdents, fd, KERNEL, 4096));
	SHOW(SYS(getdents, -1, buffer, 4096));
	SHOW(SYS(getdents, file, buffer, 4096));
	SHOW(SYS(getdents, ends[0], buffer, 4096));
	SHOW(SYS(getdents, open(".", O_PATH), buffer, 4096));
	// Half of it cannot be written: what fits is given.
	pages = (char *)MUST(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	MUST(mprotect(pages + 4096, 4096, PROT_NONE));
	MUST(lseek(fd, 0, SEEK_SET));
	SHOW(SYS(getdents, fd, pages + 4096 - 60, 4096));
	MUST(lseek(fd, 0, SEEK_SET));
	SHOW(SYS(getdents, fd, pages + 4096 - 20, 4096));
	// Many, in pieces.
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof name, "d/n%d", i);
		MUST(close(make_file(name, "")));
	}
	SHOW(list((int)MUST(open("d", O_RDONLY | O_DIRECTORY)), 512, 0));
	int gone;
	MUST(mkdir("gone", 0755));
	OK(gone = open("gone", O_RDONLY));
	MUST(rmdir("gone"));
	SHOW(SYS(getdents, gone, buffer, sizeof buffer));
	return 0;
}
