// renameat2(2): NOREPLACE, EXCHANGE and their errors.
#include "../test.h"

#define NOREPLACE 1
#define EXCHANGE 2

static char first_byte(const char *path)
{
	char byte = '?';
	int fd = open(path, O_RDONLY);

	if (fd == -1)
		return '-';
	if (read(fd, &byte, 1) != 1)
		byte = '0';
	close(fd);
	return byte;
}

int main(void)
{
	enter_directory();
	make_file("a", "A");
	make_file("b", "B");
	MUST(mkdir("d", 0755));
	SHOW(SYS(renameat2, AT_FDCWD, "a", AT_FDCWD, "b", NOREPLACE));
	say("%c%c", first_byte("a"), first_byte("b"));
	SHOW(SYS(renameat2, AT_FDCWD, "a", AT_FDCWD, "c", NOREPLACE));
	SHOW(SYS(renameat2, AT_FDCWD, "c", AT_FDCWD, "b", EXCHANGE));
	say("%c%c", first_byte("c"), first_byte("b"));
	SHOW(SYS(renameat2, AT_FDCWD, "c", AT_FDCWD, "none", EXCHANGE));
	SHOW(SYS(renameat2, AT_FDCWD, "none", AT_FDCWD, "c", EXCHANGE));
	SHOW(SYS(renameat2, AT_FDCWD, "c", AT_FDCWD, "d", EXCHANGE));
	SHOW(access("c/..", F_OK));
	SHOW(SYS(renameat2, AT_FDCWD, "b", AT_FDCWD, "d", NOREPLACE | EXCHANGE));
	SHOW(SYS(renameat2, AT_FDCWD, "b", AT_FDCWD, "d", 0x80));
	SHOW(SYS(renameat2, AT_FDCWD, "b", AT_FDCWD, "d", 0));
	SHOW(SYS(renameat2, -1, "b", AT_FDCWD, "d", 0));
	SHOW(SYS(renameat2, AT_FDCWD, "b", -1, "d", 0));
	return 0;
}
