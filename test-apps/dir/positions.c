// Places in a directory: telldir(3) and seekdir(3) while names come and go.
#include "../test.h"
#include <dirent.h>

#define FILES 200

static int number_of(const char *name)
{
	return name[0] == 'n' ? atoi(name + 1) : -1;
}

int main(void)
{
	static int order[FILES];
	static long place[FILES];
	char name[32];
	struct dirent *entry;
	int count = 0, wrong = 0;

	enter_directory();
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof name, "n%d", i);
		MUST(close(make_file(name, "")));
	}
	DIR *directory = opendir(".");
	for (;;) {
		long here = telldir(directory);
		entry = readdir(directory);
		if (entry == NULL)
			break;
		int number = number_of(entry->d_name);
		if (number >= 0) {
			place[count] = here;
			order[count++] = number;
		}
	}
	SHOW(count);
	// Back to each place, in another order.
	for (int i = 0; i < FILES; i++) {
		int at = i * 77 % FILES;
		seekdir(directory, place[at]);
		entry = readdir(directory);
		wrong += entry == NULL || number_of(entry->d_name) != order[at];
	}
	SHOW(wrong);
	// What is there throughout is found once, whatever goes and comes meanwhile.
	static int seen[FILES];
	rewinddir(directory);
	for (int step = 0; (entry = readdir(directory)) != NULL; step++) {
		int number = number_of(entry->d_name);
		if (number >= 0 && number < FILES)
			seen[number]++;
		if (step == 50)
			for (int i = 100; i < FILES; i++) {
				snprintf(name, sizeof name, "n%d", order[i]);
				unlink(name);
				snprintf(name, sizeof name, "n%d", FILES + i);
				close(make_file(name, ""));
			}
	}
	wrong = 0;
	for (int i = 0; i < 100; i++)
		wrong += seen[order[i]] != 1;
	for (int i = 0; i < FILES; i++)
		wrong += seen[i] > 1;
	SHOW(wrong);
	closedir(directory);

	int fd = (int)MUST(open(".", O_RDONLY));
	char entries[4096];
	OK(SYS(getdents64, fd, entries, sizeof entries));
	OK(lseek(fd, 0, SEEK_CUR));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(read(fd, entries, 10));
	SHOW(pread(fd, entries, 10, 0));
	SHOW(lseek(fd, -1, SEEK_SET));
	SHOW(SYS(getdents64, fd, KERNEL, 4096));
	SHOW(SYS(getdents, fd, BAD, 4096));
	SHOW(SYS(getdents, -1, entries, 4096));
	SHOW(SYS(getdents, fd, entries, 10));
	SHOW(SYS(getdents64, fd, entries, 0));
	OK(SYS(getdents, fd, entries, sizeof entries));
	return 0;
}
