// brk, the system call: it returns the end, new or old; the memory is zero, and zero again.
#include "../test.h"

int main(void)
{
	char *start = (char *)SYS(brk, 0);

	YES((char *)SYS(brk, start - 1) >= start - 1);
	YES((char *)SYS(brk, 1) == (char *)SYS(brk, 0));
	YES((char *)SYS(brk, KERNEL) == (char *)SYS(brk, 0));
	YES((char *)SYS(brk, -1L) == (char *)SYS(brk, 0));
	start = (char *)SYS(brk, 0);
	YES((char *)SYS(brk, start + 10000) == start + 10000);
	int sum = 0;
	for (int i = 0; i < 10000; i++)
		sum += start[i];
	SHOW(sum);
	memset(start, 7, 10000);
	YES((char *)SYS(brk, start + 5000) == start + 5000);
	YES((char *)SYS(brk, start + 20000) == start + 20000);
	SHOW(start[4999]);
	char *page = (char *)(((uintptr_t)start + 5000 + 4095) & ~4095UL);
	SHOW(page[0]);
	// Something in the way.
	char *wall = (char *)(((uintptr_t)start + 20000 + 2 * 4096) & ~4095UL);
	YES(mmap(wall, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == wall);
	YES((char *)SYS(brk, wall + 1) == start + 20000);
	YES((char *)SYS(brk, wall) == wall || (char *)SYS(brk, 0) == start + 20000);
	MUST(munmap(wall, 4096));
	YES((char *)SYS(brk, wall + 4096) == wall + 4096);
	YES((char *)SYS(brk, start) == start);
	unsigned char there;
	SHOW(mincore(page, 4096, &there));
	return 0;
}
