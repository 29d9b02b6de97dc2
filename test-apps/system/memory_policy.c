// get_mempolicy(2), set_mempolicy(2), mbind(2): one node, the default policy.
#include "../test.h"

int main(void)
{
	int mode = -1;
	unsigned long mask = 0;
	char *page = (char *)MUST(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	SHOW(SYS(get_mempolicy, &mode, NULL, 0, NULL, 0));
	SHOW(mode);
	SHOW(SYS(set_mempolicy, 0, NULL, 0));
	SHOW(SYS(set_mempolicy, 99, NULL, 0));
	SHOW(SYS(get_mempolicy, &mode, NULL, 0, NULL, 1 << 10));
	SHOW(SYS(get_mempolicy, BAD, NULL, 0, NULL, 0));
	mask = 1;
	SHOW(SYS(mbind, page, 4096, 1, &mask, 64, 0));
	page[0] = 1;

	say("lengths that wrap, holes");
	unsigned long large = 1UL << 63;
	SHOW(SYS(mbind, page, -1L, 1, &mask, 64, 0));
	SHOW(SYS(mbind, page, -4096L, 1, &mask, 64, 0));
	SHOW(SYS(mbind, page, large, 0, NULL, 0, 0));
	SHOW(SYS(mbind, page, large, 1, &mask, 64, 0));
	SHOW(SYS(mbind, 4096L, 4096L, 0, NULL, 0, 0));
	SHOW(SYS(mbind, 4096L, 4096L, 1, &mask, 64, 0));
	SHOW(SYS(get_mempolicy, &mode, &mask, -1L, page, 2));
	SHOW(SYS(get_mempolicy, &mode, &mask, -2L, page, 2));
	SHOW(SYS(get_mempolicy, &mode, &mask, 1 << 20, page, 2));
	return 0;
}
