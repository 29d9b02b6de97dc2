// More mappings than a process may have: ENOMEM for what would make one more, and only for that.
#include "../test.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)
#define PAGE 4096L
#define MOST (1L << 18)

int main(void)
{
	char *area = (char *)MUST(mmap(NULL, 2 * MOST * PAGE, PROT_NONE, ANON, -1, 0)), *last = NULL;
	long made = 0;

	// Every second page, each with two neighbours that differ.
	while (made < MOST && mprotect(area + 2 * made * PAGE, PAGE, PROT_READ) == 0)
		last = area + 2 * made++ * PAGE;
	if (made == MOST) {
		say("there is no such limit here");
		return CANNOT_RUN;
	}
	say("%s", errno_name(errno));
	YES(made > 10000);
	// One or two are left to be had, as far as the limit is an odd one.
	while (mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		made++;
	say("%s", errno_name(errno));
	SHOW(mmap(NULL, PAGE, PROT_EXEC, ANON, -1, 0));
	SHOW(munmap(area + (2 * MOST - 10) * PAGE, PAGE));
	SHOW(mprotect(area + (2 * MOST - 10) * PAGE, PAGE, PROT_READ));
	SHOW(madvise(area + (2 * MOST - 10) * PAGE, PAGE, MADV_DONTFORK));
	SHOW(mlock(area + (2 * MOST - 10) * PAGE, PAGE));
	SHOW(mremap(area + (2 * MOST - 10) * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	// What makes none more is possible, and what makes room.
	SHOW(mprotect(last, PAGE, PROT_NONE));
	SHOW(mprotect(area, PAGE, PROT_READ | PROT_EXEC));
	SHOW(munmap(area, 1000 * PAGE));
	OK(mmap(NULL, PAGE, RW, ANON, -1, 0));
	SHOW(mprotect(area + (2 * MOST - 10) * PAGE, PAGE, PROT_READ));
	SHOW(munmap(area + 1000 * PAGE, (2 * MOST - 1000) * PAGE));
	return 0;
}
