// Mapped files and their end: zeroes to the page's end, SIGBUS beyond, growth, truncation.
#include "../test.h"
#include <setjmp.h>

static sigjmp_buf back;
static siginfo_t seen;

static void escape(int number, siginfo_t *info, void *context)
{
	(void)context;
	seen = *info;
	siglongjmp(back, number);
}

static void look(const char *what, volatile char *at)
{
	int number = sigsetjmp(back, 1);

	if (number == 0) {
		char value = *at;
		say("%s: %d", what, value);
	} else {
		say("%s: %s, code %s, address %s", what, signal_name(number),
		    seen.si_code == BUS_ADRERR ? "BUS_ADRERR" : "other", seen.si_addr == at ? "exact" : "wrong");
	}
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = escape, .sa_flags = SA_SIGINFO };
	char byte = 'x';

	MUST(sigaction(SIGBUS, &action, NULL));
	MUST(sigaction(SIGSEGV, &action, NULL));
	enter_directory();
	int fd = make_file("f", "abc");
	char *map = (char *)MUST(mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	char *private = (char *)MUST(mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	look("inside", map + 2);
	look("after the end", map + 3);
	look("end of the page", map + 4095);
	look("next page", map + 4096);
	look("next page, private", private + 4096);
	map[3] = 'd';
	MUST(ftruncate(fd, 3));
	SHOW(pread(fd, &byte, 1, 3));
	MUST(ftruncate(fd, 3 * 4096));
	look("next page, file grown", map + 4096);
	look("beyond, file grown", map + 3 * 4096 + 7);
	map[2 * 4096] = 1;
	private[2 * 4096 + 1] = 2;
	MUST(ftruncate(fd, 4096));
	look("page cut off", map + 2 * 4096);
	look("page cut off, private copy", private + 2 * 4096 + 1);
	MUST(ftruncate(fd, 3 * 4096));
	look("page come back", map + 2 * 4096);
	MUST(ftruncate(fd, 0));
	look("empty file", map);
	SHOW(SYS(write, 1, map, 1));
	SHOW(SYS(read, fd, map, 1));
	return 0;
}
