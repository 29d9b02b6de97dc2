// mprotect(2): every protection, splitting, ranges with holes, errors.
#include "../test.h"
#include <setjmp.h>

static sigjmp_buf back;

static void escape(int number)
{
	siglongjmp(back, number);
}

// "rwx" as the page really allows; execution by calling a `ret`.
static void allowed(const char *what, unsigned char *page)
{
	char rights[4] = "---";
	volatile unsigned char *at = page;

	if (sigsetjmp(back, 1) == 0) {
		(void)*at;
		rights[0] = 'r';
	}
	if (sigsetjmp(back, 1) == 0) {
		*at = 0xc3;
		rights[1] = 'w';
	}
	if (sigsetjmp(back, 1) == 0) {
		((void (*)(void))(uintptr_t)page)();
		rights[2] = 'x';
	}
	say("%s: %s", what, rights);
}

int main(void)
{
	unsigned char *area = (unsigned char *)MUST(mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	signal(SIGSEGV, escape);
	for (int i = 0; i < 16; i++)
		area[i * 4096] = 0xc3;
	allowed("read, write", area);
	SHOW(mprotect(area, 4096, PROT_READ));
	allowed("read", area);
	SHOW(mprotect(area + 4096, 4096, PROT_NONE));
	allowed("none", area + 4096);
	SHOW(mprotect(area + 2 * 4096, 4096, PROT_READ | PROT_EXEC));
	allowed("read, execute", area + 2 * 4096);
	SHOW(mprotect(area + 3 * 4096, 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
	allowed("all", area + 3 * 4096);
	SHOW(mprotect(area + 4 * 4096, 4096, PROT_WRITE));
	allowed("write", area + 4 * 4096);
	SHOW(mprotect(area + 5 * 4096, 4096, PROT_WRITE | PROT_EXEC));
	allowed("write, execute", area + 5 * 4096);
	allowed("the next page", area + 6 * 4096);
	SHOW(mprotect(area, 6 * 4096, PROT_READ | PROT_WRITE));
	allowed("again read, write", area + 4096);
	SHOW(area[4096]);

	SHOW(SYS(mprotect, area + 1, 4096, PROT_READ));
	SHOW(mprotect(area, 0, PROT_READ));
	SHOW(mprotect(area, 1, PROT_READ));
	allowed("a rounded length", area);
	SHOW(mprotect(area, 4096, 0x40));
	MUST(munmap(area + 10 * 4096, 4096));
	SHOW(mprotect(area + 8 * 4096, 5 * 4096, PROT_NONE));
	allowed("before a hole", area + 9 * 4096);
	allowed("after a hole", area + 11 * 4096);
	SHOW(mprotect(KERNEL, 4096, PROT_READ));
	SHOW(SYS(mprotect, area, SIZE_MAX, PROT_READ));
	return 0;
}
