// SIGBUS: a mapped file that ends before the page.
#include "../test.h"

int main(void)
{
	enter_directory();
	int fd = make_file("f", "");
	volatile char *map = (char *)MUST(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));

	leave_directory();
	say("before");
	say("%d", *map);
	return 3;
}
