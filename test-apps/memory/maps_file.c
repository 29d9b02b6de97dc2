// /proc/self/maps after every operation: ranges, protection, kind, offset, names; merged or not.
#include "maps.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define PAGE 4096L

static char *base;
static int pages;

// The lines about the pages from base on, in pages.
static void show(const char *what)
{
	say("%s:", what);
	for (char *line = read_text("/proc/self/maps"); *line != 0;) {
		char *end = strchr(line, '\n'), kind[5], name[200] = "";
		unsigned long start, stop, offset, inode;
		unsigned major, minor;

		*end = 0;
		if (sscanf(line, "%lx-%lx %4s %lx %x:%x %lu %199s", &start, &stop, kind, &offset, &major, &minor, &inode, name) >= 7 &&
		    start >= (unsigned long)base && start < (unsigned long)base + (unsigned long)pages * PAGE)
			say("  %ld+%ld %s %lx %s %s", (long)(start - (unsigned long)base) / PAGE, (long)(stop - start) / PAGE, kind,
			    offset, inode ? "a file" : "no file", strrchr(name, '/') ? strrchr(name, '/') : name);
		line = end + 1;
	}
}

int main(void)
{
	pages = 16;
	base = (char *)MUST(mmap(NULL, (size_t)(pages + 2) * PAGE, PROT_NONE, ANON, -1, 0)) + PAGE;
	MUST(munmap(base, (size_t)pages * PAGE));
	show("nothing");
	MUST(mmap(base, 4 * PAGE, RW, ANON | MAP_FIXED, -1, 0));
	show("four pages");
	MUST(mmap(base + 4 * PAGE, 4 * PAGE, RW, ANON | MAP_FIXED, -1, 0));
	show("four more");
	MUST(mprotect(base + 2 * PAGE, 2 * PAGE, PROT_READ));
	show("two read-only");
	MUST(mprotect(base + 2 * PAGE, 2 * PAGE, RW));
	show("writable again");
	MUST(munmap(base + PAGE, PAGE));
	show("a hole");
	MUST(mmap(base + PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0));
	show("the hole filled");
	MUST(mmap(base + 3 * PAGE, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	show("one shared");
	MUST(mmap(base + 3 * PAGE, PAGE, PROT_READ | PROT_EXEC, ANON | MAP_FIXED, -1, 0));
	show("one executable");
	MUST(mremap(base + 6 * PAGE, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, base + 10 * PAGE));
	show("two moved");
	MUST(mremap(base + 10 * PAGE, 2 * PAGE, PAGE, 0));
	show("one of them cut");
	MUST(mremap(base + 10 * PAGE, PAGE, 3 * PAGE, 0));
	show("and grown");
	MUST(mlock(base + 10 * PAGE, PAGE));
	show("one locked");
	MUST(munlock(base + 10 * PAGE, PAGE));
	show("unlocked");
	MUST(munmap(base, (size_t)pages * PAGE));

	enter_directory();
	int fd = make_file("name", "text");
	MUST(ftruncate(fd, 8 * PAGE));
	MUST(mmap(base, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, PAGE));
	show("a file");
	MUST(mmap(base + 4 * PAGE, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 5 * PAGE));
	show("what follows in the file");
	MUST(mmap(base + 6 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, PAGE));
	show("what does not follow");
	MUST(mprotect(base + PAGE, PAGE, RW));
	show("one writable");
	MUST(munmap(base + 3 * PAGE, PAGE));
	show("a hole");
	MUST(mmap(base + 8 * PAGE, 2 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0));
	show("shared");
	MUST(mremap(base + 9 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, base + 12 * PAGE));
	show("a part moved and grown");
	MUST(unlink("name"));
	close(fd);
	MUST(munmap(base + 8 * PAGE, 8 * PAGE));
	return 0;
}
