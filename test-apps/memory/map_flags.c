// mmap(2): every flag, the ways they go together, and the errors in their order.
#include "../test.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define PAGE 4096L
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MAP_SHARED_VALIDATE
#define MAP_SHARED_VALIDATE 3
#endif
#ifndef MAP_SYNC
#define MAP_SYNC 0x80000
#endif
#ifndef MAP_UNINITIALIZED
#define MAP_UNINITIALIZED 0x4000000
#endif
#define MAP(address, length, prot, flags, fd, offset) \
	SYS(mmap, (address), (long)(length), (long)(prot), (long)(flags), (long)(fd), (long)(offset))

static char *at_once(long flags)
{
	char *area = (char *)MAP(NULL, 4 * PAGE, RW, ANON | flags, -1, 0);
	unsigned char there[4] = { 0 };

	if (area == MAP_FAILED) {
		say("%lx: %s", flags, errno_name(errno));
		return NULL;
	}
	mincore(area, 4 * PAGE, there);
	area[PAGE] = 5;
	say("%lx: in memory %d%d%d%d, %d %d", flags, there[0] & 1, there[1] & 1, there[2] & 1, there[3] & 1, area[0], area[PAGE]);
	return area;
}

int main(void)
{
	char *area, *again;
	unsigned char there[4];

	at_once(0);
	at_once(MAP_POPULATE);
	at_once(MAP_POPULATE | MAP_NONBLOCK);
	at_once(MAP_LOCKED);
	at_once(MAP_NORESERVE);
	at_once(MAP_STACK);
	at_once(MAP_DENYWRITE);
	at_once(MAP_EXECUTABLE);
	at_once(MAP_UNINITIALIZED);
	at_once(MAP_GROWSDOWN);
	at_once(MAP_32BIT);
	area = (char *)MAP(NULL, PAGE, RW, ANON | MAP_32BIT, -1, 0);
	YES((uintptr_t)area < 1UL << 31);

	// Where.
	area = (char *)MUST(MAP(NULL, 8 * PAGE, RW, ANON, -1, 0));
	area[0] = 1;
	area[4 * PAGE] = 4;
	MUST(munmap(area + 2 * PAGE, 2 * PAGE));
	YES((char *)MAP(area + 2 * PAGE, PAGE, RW, ANON, -1, 0) == area + 2 * PAGE);
	YES((char *)MAP(area + 3 * PAGE + 77, PAGE, RW, ANON, -1, 0) == area + 3 * PAGE);
	again = (char *)MAP(area, PAGE, RW, ANON, -1, 0);
	YES(again != area && again != MAP_FAILED && area[0] == 1);
	SHOW(MAP(area + 4 * PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	SHOW(MAP(area + 7 * PAGE, 2 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	SHOW(area[4 * PAGE]);
	MUST(munmap(area + 2 * PAGE, PAGE));
	YES((char *)MAP(area + 2 * PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == area + 2 * PAGE);
	YES((char *)MAP(area + 4 * PAGE, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0) == area + 4 * PAGE);
	SHOW(area[4 * PAGE]);
	SHOW(MAP(area + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0));
	SHOW(MAP(area + 1, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	SHOW(MAP(KERNEL, PAGE, RW, ANON | MAP_FIXED, -1, 0));
	SHOW(MAP(KERNEL, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	OK(MAP(KERNEL, PAGE, RW, ANON, -1, 0));
	SHOW(MAP(0x7fffffffe000, 2 * PAGE, RW, ANON | MAP_FIXED, -1, 0));
	SHOW(MAP(0x7fffffffe000, 3 * PAGE, RW, ANON | MAP_FIXED, -1, 0));

	// How much.
	SHOW(MAP(NULL, 0, RW, ANON, -1, 0));
	SHOW(MAP(NULL, -1, RW, ANON, -1, 0));
	SHOW(MAP(NULL, -PAGE, RW, ANON, -1, 0));
	SHOW(MAP(NULL, 1L << 47, RW, ANON | MAP_NORESERVE, -1, 0));
	OK(MAP(NULL, 1L << 43, PROT_NONE, ANON | MAP_NORESERVE, -1, 0));
	SHOW(MAP(NULL, PAGE, RW, ANON, -1, 1));
	SHOW(MAP(NULL, PAGE, RW, ANON, -1, 12345));
	OK(MAP(NULL, PAGE, RW, ANON, -1, -PAGE));
	OK(MAP(NULL, PAGE, RW, ANON, 77, PAGE));

	// What kind.
	SHOW(MAP(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0));
	OK(MAP(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	SHOW(MAP(NULL, PAGE, RW, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0));
	SHOW(MAP(NULL, PAGE, RW, 4 | MAP_ANONYMOUS, -1, 0));
	SHOW(MAP(NULL, PAGE, RW, 0xf | MAP_ANONYMOUS, -1, 0));
	OK(MAP(NULL, PAGE, RW, ANON | 0x10000000, -1, 0));
	OK(MAP(NULL, PAGE, PROT_NONE, ANON, -1, 0));
	OK(MAP(NULL, PAGE, PROT_EXEC, ANON, -1, 0));
	OK(MAP(NULL, PAGE, 0x100 | PROT_READ, ANON, -1, 0));
	OK(MAP(NULL, PAGE, PROT_GROWSDOWN | PROT_READ, ANON, -1, 0));
	SHOW(MAP(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0));

	// Files.
	enter_directory();
	int fd = make_file("f", "file"), reading = (int)MUST(open("f", O_RDONLY)), writing = (int)MUST(open("f", O_WRONLY));
	int path = (int)MUST(open("f", O_PATH)), directory = (int)MUST(open(".", O_RDONLY)), ends[2];
	MUST(pipe(ends));
	OK(MAP(NULL, PAGE, RW, MAP_SHARED, fd, 0));
	OK(MAP(NULL, PAGE, RW, MAP_SHARED_VALIDATE, fd, 0));
	SHOW(MAP(NULL, PAGE, RW, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0));
	SHOW(MAP(NULL, PAGE, RW, MAP_SHARED_VALIDATE | 0x200000, fd, 0));
	OK(MAP(NULL, PAGE, RW, MAP_SHARED | 0x200000, fd, 0));
	OK(MAP(NULL, PAGE, RW, MAP_SHARED_VALIDATE | MAP_POPULATE | MAP_NORESERVE | MAP_LOCKED, fd, 0));
	OK(MAP(NULL, PAGE, RW, MAP_PRIVATE, reading, 0));
	SHOW(MAP(NULL, PAGE, RW, MAP_SHARED, reading, 0));
	OK(MAP(NULL, PAGE, PROT_READ, MAP_SHARED, reading, 0));
	SHOW(MAP(NULL, PAGE, PROT_WRITE, MAP_SHARED, writing, 0));
	SHOW(MAP(NULL, PAGE, PROT_READ, MAP_PRIVATE, writing, 0));
	SHOW(MAP(NULL, PAGE, PROT_READ, MAP_PRIVATE, path, 0));
	SHOW(MAP(NULL, PAGE, PROT_READ, MAP_PRIVATE, directory, 0));
	SHOW(MAP(NULL, PAGE, PROT_READ, MAP_PRIVATE, ends[0], 0));
	SHOW(MAP(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0));
	SHOW(MAP(NULL, PAGE, PROT_READ, MAP_PRIVATE, 9999, 0));
	SHOW(MAP(NULL, 0, PROT_READ, MAP_PRIVATE, 9999, 0));
	SHOW(MAP(NULL, 0, PROT_READ, MAP_PRIVATE, fd, 0));
	SHOW(MAP(NULL, PAGE, PROT_READ, 0, fd, 0));
	SHOW(MAP(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 77));
	SHOW(MAP(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, -PAGE));
	SHOW(MAP(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0x7ffffffffffff000));
	SHOW(MAP(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_GROWSDOWN, fd, 0));
	SHOW(MAP(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_GROWSDOWN, fd, 0));
	OK(MAP(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 1L << 40));
	area = (char *)MUST(MAP(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0));
	MUST(mincore(area, PAGE, there));
	SHOW(there[0] & 1);
	area = (char *)MUST(MAP(NULL, PAGE, PROT_READ, MAP_SHARED, reading, 0));
	SHOW(mprotect(area, PAGE, RW));
	SHOW(mprotect(area, PAGE, PROT_READ | PROT_EXEC));
	close(reading);
	say("%.4s", area);
	say("memory without a file has one way to be shared");
	SHOW(MAP(NULL, PAGE, RW, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0));
	SHOW(MAP(NULL, PAGE, RW, MAP_SHARED_VALIDATE | MAP_ANONYMOUS | 0x80, -1, 0));
	return 0;
}
