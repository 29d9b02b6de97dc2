// memfd_create(2): a file without a name, sealing, mapping.
#include "../test.h"

int main(void)
{
	char text[8] = "";
	struct stat status;
	int fd;

	OK(fd = (int)SYS(memfd_create, "name", 1));
	SHOW(fcntl(fd, F_GETFD));
	SHOW(write(fd, "hello", 5));
	SHOW(pread(fd, text, 5, 0));
	say("%s", text);
	SHOW(ftruncate(fd, 10000));
	MUST(fstat(fd, &status));
	SHOW(status.st_size);
	SHOW(S_ISREG(status.st_mode));
	SHOW(status.st_nlink);
	SHOW(status.st_mode & 0777);
	char *first = (char *)MUST(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	char *second = (char *)MUST(mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0));
	first[4096] = 'x';
	SHOW(second[4096] == 'x');
	SHOW(pread(fd, text, 1, 4096));
	SHOW(text[0] == 'x');
	SHOW(fcntl(fd, F_GET_SEALS));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
	SHOW(SYS(memfd_create, "n", 0x80000000));
	SHOW(SYS(memfd_create, BAD, 0));
	OK(fd = (int)SYS(memfd_create, "sealed", 2));
	SHOW(fcntl(fd, F_GET_SEALS));
	SHOW(write(fd, "abc", 3));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK));
	SHOW(ftruncate(fd, 2));
	SHOW(ftruncate(fd, 4));
	SHOW(write(fd, "d", 1));
	SHOW(pwrite(fd, "d", 1, 0));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL));
	SHOW(pwrite(fd, "d", 1, 0));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	SHOW(fcntl(fd, F_GET_SEALS));
	char name[300];
	memset(name, 'n', sizeof name);
	name[249] = 0;
	OK(SYS(memfd_create, name, 0));
	name[249] = 'n';
	name[250] = 0;
	SHOW(SYS(memfd_create, name, 0));
	return 0;
}
