// Code written at run time: made executable, called, changed, called again.
#include "../test.h"

int main(void)
{
	static const unsigned char give_42[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
	unsigned char *page = (unsigned char *)MUST(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	memcpy(page, give_42, sizeof give_42);
	MUST(mprotect(page, 4096, PROT_READ | PROT_EXEC));
	SHOW(((int (*)(void))(uintptr_t)page)());
	MUST(mprotect(page, 4096, PROT_READ | PROT_WRITE));
	page[1] = 43;
	MUST(mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
	SHOW(((int (*)(void))(uintptr_t)page)());
	page[1] = 44;
	SHOW(((int (*)(void))(uintptr_t)page)());

	enter_directory();
	int fd = make_file("f", "");
	MUST(write(fd, give_42, sizeof give_42));
	page = (unsigned char *)MUST(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0));
	SHOW(((int (*)(void))(uintptr_t)page)());
	return 0;
}
