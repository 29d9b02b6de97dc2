// msync(2), mincore(2), munmap(2), mprotect(2), mlock(2): every flag and every error.
#include "../test.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define PAGE 4096L

int main(void)
{
	unsigned char there[8] = { 9, 9, 9, 9, 9, 9, 9, 9 };
	char *area = (char *)MUST(mmap(NULL, 8 * PAGE, RW, ANON, -1, 0));
	char *shared = (char *)MUST(mmap(NULL, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));

	MUST(munmap(area + 4 * PAGE, PAGE));
	for (int flags = 0; flags <= 8; flags++)
		say("msync %d: memory %s, shared %s, a hole %s", flags, msync(area, PAGE, flags) == 0 ? "ok" : errno_name(errno),
		    msync(shared, 2 * PAGE, flags) == 0 ? "ok" : errno_name(errno),
		    msync(area + 3 * PAGE, 3 * PAGE, flags) == 0 ? "ok" : errno_name(errno));
	MUST(mlock(area, PAGE));
	SHOW(msync(area, PAGE, MS_SYNC | MS_INVALIDATE));
	SHOW(msync(area, PAGE, MS_ASYNC));
	SHOW(msync(area, PAGE, MS_INVALIDATE));
	MUST(munlock(area, PAGE));
	SHOW(msync(area + 1, PAGE, MS_SYNC));
	SHOW(msync(area, 0, MS_SYNC));
	SHOW(msync(area, -1, MS_SYNC));
	SHOW(msync(area, -PAGE, MS_SYNC));
	SHOW(msync(NULL, PAGE, MS_SYNC));
	SHOW(msync(KERNEL, PAGE, MS_SYNC));

	area[PAGE] = 1;
	SHOW(mincore(area, 3 * PAGE, there));
	say("%d %d %d %d", there[0] & 1, there[1] & 1, there[2] & 1, there[3]);
	SHOW(mincore(area, 5 * PAGE, there));
	SHOW(mincore(area, 1, there));
	SHOW(mincore(area, 0, there));
	SHOW(mincore(area + 1, PAGE, there));
	SHOW(mincore(area, PAGE, BAD));
	SHOW(mincore(area, PAGE, KERNEL));
	SHOW(mincore(area, 0, BAD));
	SHOW(mincore(area, -1, there));
	SHOW(mincore(KERNEL, PAGE, there));
	SHOW(mincore(KERNEL, PAGE, BAD));
	SHOW(mincore(NULL, PAGE, there));

	SHOW(munmap(area + 1, PAGE));
	SHOW(munmap(area, 0));
	SHOW(munmap(area, -1));
	SHOW(munmap(area + 4 * PAGE, PAGE));
	SHOW(munmap(KERNEL, PAGE));
	SHOW(SYS(munmap, 0x7fffffffe000, 3 * PAGE));
	SHOW(munmap(NULL, PAGE));
	SHOW(munmap(area + 3 * PAGE, 3 * PAGE));
	SHOW(mincore(area + 3 * PAGE, PAGE, there));

	SHOW(SYS(mprotect, area + 1, PAGE, RW));
	SHOW(SYS(mprotect, area, 0, RW));
	SHOW(SYS(mprotect, area, PAGE, 0x100));
	SHOW(SYS(mprotect, area, PAGE, 8 | PROT_READ));
	SHOW(SYS(mprotect, area, PAGE, PROT_GROWSDOWN | PROT_READ));
	SHOW(SYS(mprotect, area, PAGE, PROT_GROWSUP | PROT_READ));
	SHOW(SYS(mprotect, area, PAGE, PROT_GROWSUP | PROT_GROWSDOWN | PROT_READ));
	SHOW(SYS(mprotect, area, -1, RW));
	SHOW(SYS(mprotect, area, -PAGE, RW));
	SHOW(SYS(mprotect, area, 4 * PAGE, PROT_READ));
	SHOW(SYS(mprotect, area + 3 * PAGE, PAGE, RW));
	SHOW(SYS(mprotect, KERNEL, PAGE, RW));
	SHOW(SYS(mprotect, NULL, PAGE, RW));
	// What came before the hole is changed.
	SHOW(SYS(pread64, -1, area, 1, 0));
	int zero = (int)MUST(open("/dev/zero", O_RDONLY));
	SHOW(read(zero, area, 1));
	SHOW(read(zero, area + 3 * PAGE, 1));
	MUST(mprotect(area, 3 * PAGE, RW));
	SHOW(read(zero, area, 1));

	// A mapping that grows down is changed from its start.
	char *stack = (char *)MUST(mmap(NULL, 4 * PAGE, RW, ANON | MAP_GROWSDOWN, -1, 0));
	SHOW(SYS(mprotect, stack + 2 * PAGE, PAGE, PROT_READ | PROT_GROWSDOWN));
	SHOW(read(zero, stack, 1));
	SHOW(read(zero, stack + 3 * PAGE, 1));

	SHOW(mlock(area, -1));
	SHOW(mlock(area, -PAGE));
	SHOW(mlock(KERNEL, PAGE));
	SHOW(munlock(area, -1));
	SHOW(munlock(KERNEL, PAGE));
	SHOW(munlock(area + 7, 1));
	SHOW(SYS(mlock2, area, PAGE, 4));
	SHOW(mlockall(MCL_FUTURE | 8));
	SHOW(mlockall(-1));
	SHOW(mlockall(MCL_CURRENT | 4));
	SHOW(munlockall());
	return 0;
}
