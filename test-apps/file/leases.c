// fcntl(2): F_SETLEASE, F_GETLEASE and F_NOTIFY on what they are not for; preadv2(2) and
// pwritev2(2) with RWF_ATOMIC and RWF_DONTCACHE on a file in memory and on a pipe.
#include "../test.h"
#include <sys/uio.h>

#ifndef F_SETLEASE
#define F_SETLEASE 1024
#define F_GETLEASE 1025
#define F_NOTIFY 1026
#endif
#define ATOMIC 0x40
#define DONTCACHE 0x80

int main(void)
{
	char text[4] = "abc";
	struct iovec part = { text, 4 };
	int ends[2];

	enter_directory();
	int file = make_file("f", ""), directory = (int)MUST(open(".", O_RDONLY | O_DIRECTORY));
	MUST(pipe(ends));
	SHOW(fcntl(file, F_GETLEASE));
	SHOW(fcntl(directory, F_GETLEASE));
	SHOW(fcntl(ends[0], F_GETLEASE));
	SHOW(fcntl(-1, F_GETLEASE));
	SHOW(fcntl(open("f", O_PATH), F_GETLEASE));
	SHOW(fcntl(file, F_SETLEASE, 99));
	SHOW(fcntl(directory, F_SETLEASE, F_RDLCK));
	SHOW(fcntl(ends[0], F_SETLEASE, F_RDLCK));
	SHOW(fcntl(-1, F_SETLEASE, F_RDLCK));
	SHOW(fcntl(file, F_NOTIFY, 1));
	SHOW(fcntl(ends[0], F_NOTIFY, 1));
	SHOW(fcntl(-1, F_NOTIFY, 1));
	say("no notices are wanted");
	SHOW(fcntl(directory, F_NOTIFY, 0));
	SHOW(fcntl(file, F_NOTIFY, 0));
	SHOW(fcntl(ends[0], F_NOTIFY, 0x80000000L /* DN_MULTISHOT */));

	int memory = (int)MUST(SYS(memfd_create, "m", 0));
	SHOW(SYS(pwritev2, memory, &part, 1, 0L, 0L, ATOMIC));
	SHOW(SYS(pwritev2, memory, &part, 1, 0L, 0L, DONTCACHE));
	SHOW(SYS(preadv2, memory, &part, 1, 0L, 0L, ATOMIC));
	SHOW(SYS(preadv2, memory, &part, 1, 0L, 0L, DONTCACHE));
	SHOW(SYS(pwritev2, ends[1], &part, 1, -1L, 0L, ATOMIC));
	SHOW(SYS(pwritev2, ends[1], &part, 1, -1L, 0L, DONTCACHE));
	SHOW(SYS(preadv2, ends[0], &part, 1, -1L, 0L, ATOMIC));
	SHOW(SYS(preadv2, ends[0], &part, 1, -1L, 0L, DONTCACHE));
	SHOW(lseek(memory, 0, SEEK_END));
	return 0;
}
