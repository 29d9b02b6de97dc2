// mmap(2) of files: private and shared, coherent with read and write, errors.
#include "../test.h"

int main(void)
{
	static char page[4096];
	char text[16] = "";
	int ends[2];

	enter_directory();
	int fd = make_file("f", "");
	for (int i = 0; i < 4; i++) {
		memset(page, 'a' + i, sizeof page);
		MUST(write(fd, page, sizeof page));
	}
	char *shared = (char *)MUST(mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	char *private = (char *)MUST(mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	char *later = (char *)MUST(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 8192));
	say("%c %c %c", shared[0], private[4096], later[0]);
	shared[8192] = 'S';
	say("%c %c", private[8192], later[0]);
	MUST(pread(fd, text, 1, 8192));
	say("%c", text[0]);
	MUST(pwrite(fd, "W", 1, 4096));
	say("%c %c", shared[4096], private[4096]);
	private[0] = 'P';
	MUST(pread(fd, text, 1, 0));
	say("%c %c %c", text[0], shared[0], private[0]);
	MUST(pwrite(fd, "XY", 2, 0));
	say("%c%c %c%c", shared[0], shared[1], private[0], private[1]);
	SHOW(munmap(shared, 16384));
	SHOW(close(fd));
	say("%c %c", private[12288], later[4095]);

	fd = (int)MUST(open("f", O_RDONLY));
	SHOW(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	OK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	char *only = (char *)MUST(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
	SHOW(mprotect(only, 4096, PROT_READ | PROT_WRITE));
	SHOW(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 100));
	SHOW(mmap(NULL, 4096, PROT_READ, 0, fd, 0));
	OK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 1 << 20));
	OK(mmap(NULL, 4096, PROT_READ, 0x3, fd, 0));
	OK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | 0x800, fd, 0));
	int writer = (int)MUST(open("f", O_WRONLY));
	SHOW(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, writer, 0));
	SHOW(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, writer, 0));
	int directory = (int)MUST(open(".", O_RDONLY));
	SHOW(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, directory, 0));
	MUST(pipe(ends));
	SHOW(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, ends[0], 0));
	SHOW(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 1000, 0));
	char *fixed = (char *)MUST(mmap(NULL, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	YES(mmap(fixed + 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 4096) == fixed + 4096);
	say("%c", fixed[4096]);
	return 0;
}
