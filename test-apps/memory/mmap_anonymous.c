// mmap(2), anonymous: zeroed, hints, MAP_FIXED, NOREPLACE, errors.
#include "../test.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static int all_zero(const char *at, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (at[i] != 0)
			return 0;
	return 1;
}

int main(void)
{
	char *area = (char *)MUST(mmap(NULL, 64 << 10, RW, ANON, -1, 0));

	YES((uintptr_t)area % 4096 == 0);
	YES(all_zero(area, 64 << 10));
	memset(area, 1, 64 << 10);
	YES(mmap(area, 4096, RW, ANON | MAP_FIXED, -1, 0) == area);
	YES(all_zero(area, 4096) && area[4096] == 1);
	SHOW(mmap(area, 4096, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	YES(mmap(area, 4096, RW, ANON, -1, 0) != area);
	SHOW(munmap(area, 64 << 10));
	YES(mmap(area, 64 << 10, RW, ANON, -1, 0) == area);
	MUST(munmap(area, 64 << 10));
	YES(mmap(area, 4096, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == area);
	YES(mmap((void *)0x687400000, 1 << 20, RW, ANON, -1, 0) == (void *)0x687400000);
	YES(mmap((void *)0xc000000000, 1 << 20, RW, ANON, -1, 0) == (void *)0xc000000000);
	YES(mmap((void *)0x40000000000, 1 << 20, PROT_NONE, ANON | MAP_NORESERVE, -1, 0) == (void *)0x40000000000);
	YES(mmap((void *)0x687500123, 4096, RW, ANON, -1, 0) == (void *)0x687500000);
	char *one = (char *)MUST(mmap(NULL, 1, RW, ANON, -1, 0));
	one[4095] = 1;
	SHOW(munmap(one, 1));

	SHOW(mmap(NULL, 0, RW, ANON, -1, 0));
	SHOW(mmap((void *)0x1001, 4096, RW, ANON | MAP_FIXED, -1, 0));
	SHOW(mmap(NULL, 4096, RW, MAP_ANONYMOUS, -1, 0));
	SHOW(mmap(NULL, 4096, RW, MAP_PRIVATE, -1, 0));
	SHOW(mmap(NULL, SIZE_MAX, RW, ANON, -1, 0));
	SHOW(mmap(NULL, 1L << 47, PROT_NONE, ANON | MAP_NORESERVE, -1, 0));
	SHOW(mmap(KERNEL, 4096, RW, ANON | MAP_FIXED, -1, 0));
	SHOW(mmap((void *)0x7ffffffff000, 4096, RW, ANON | MAP_FIXED, -1, 0));
	SHOW(SYS(mmap, NULL, 4096, RW, ANON, -1, 1L));
	OK(mmap(NULL, 4096, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	OK(mmap(NULL, 4096, RW | PROT_EXEC, ANON | MAP_STACK | MAP_POPULATE | MAP_NORESERVE, -1, 0));
	OK(mmap(NULL, 4096, PROT_WRITE, ANON, -1, 0));
	return 0;
}
