// Reservations of a terabyte cost nothing; parts are committed and given back.
#include "../test.h"

#define TERABYTE (1UL << 40)
#define RESERVE (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

int main(void)
{
	char *area = (char *)MUST(mmap(NULL, TERABYTE, PROT_NONE, RESERVE, -1, 0));
	unsigned long sum = 0;

	SHOW(mprotect(area + TERABYTE / 2, 1 << 20, PROT_READ | PROT_WRITE));
	memset(area + TERABYTE / 2, 1, 1 << 20);
	YES(mmap(area + TERABYTE / 4, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == area + TERABYTE / 4);
	memset(area + TERABYTE / 4, 2, 1 << 20);
	for (unsigned long at = 0; at < 1 << 20; at += 4096)
		sum += (unsigned long)area[TERABYTE / 2 + at] + (unsigned long)area[TERABYTE / 4 + at];
	SHOW(sum);
	YES(mmap(area + TERABYTE / 4, 1 << 20, PROT_NONE, RESERVE | MAP_FIXED, -1, 0) == area + TERABYTE / 4);
	SHOW(mprotect(area + TERABYTE / 4, 4096, PROT_READ));
	SHOW(area[TERABYTE / 4]);
	SHOW(munmap(area + TERABYTE / 2, TERABYTE / 2));
	SHOW(munmap(area, TERABYTE / 2));
	for (int i = 0; i < 50; i++) {
		area = (char *)MUST(mmap(NULL, 128 << 20, PROT_NONE, RESERVE, -1, 0));
		MUST(mprotect(area, 135168, PROT_READ | PROT_WRITE));
		area[1000] = 1;
	}
	say("fifty arenas");
	area = (char *)MUST(mmap(NULL, 8UL << 30, PROT_READ | PROT_WRITE, RESERVE, -1, 0));
	area[5UL << 30] = 1;
	SHOW(area[5UL << 30] + area[(5UL << 30) + 1]);
	return 0;
}
