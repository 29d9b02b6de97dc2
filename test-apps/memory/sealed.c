// Mappings of sealed files, fcntl(2) "File Sealing": what a seal forbids, and what forbids a seal.
#include "../test.h"

#define RW (PROT_READ | PROT_WRITE)

int main(void)
{
	int fd = (int)MUST(SYS(memfd_create, "sealed", 2));

	MUST(ftruncate(fd, 4096));
	char *map = (char *)MUST(mmap(NULL, 4096, RW, MAP_SHARED, fd, 0));
	map[0] = 1;
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	MUST(munmap(map, 4096));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	YES(mmap(NULL, 4096, RW, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EPERM);
	map = (char *)MUST(mmap(NULL, 4096, RW, MAP_PRIVATE, fd, 0));
	map[0]++;
	SHOW(map[0]);
	map = (char *)MUST(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
	SHOW(map[0]);
	SHOW(mprotect(map, 4096, RW));
	return 0;
}
