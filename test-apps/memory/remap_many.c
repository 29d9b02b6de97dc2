// mremap(2): MREMAP_FIXED moves several mappings at once, at their distances, if none changes its size.
#include "remap.h"

#define MOVE (MREMAP_MAYMOVE | MREMAP_FIXED)

static char *area;

static int is_mapped(char *at)
{
	unsigned char there;

	return mincore(at, PAGE, &there) == 0;
}

// Six pages: two to write, one to read, a hole, one of a file, one that is shared.
static char *mixture(int fd)
{
	char *at = area + 8 * PAGE;

	MUST(munmap(area, 64 * PAGE));
	MUST(mmap(at, 3 * PAGE, RW, ANON | MAP_FIXED, -1, 0));
	for (int i = 0; i < 3; i++)
		at[i * PAGE] = (char)(i + 1);
	MUST(mprotect(at + 2 * PAGE, PAGE, PROT_READ));
	MUST(mmap(at + 4 * PAGE, PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0));
	at[4 * PAGE + 1] = 'F';
	MUST(mmap(at + 5 * PAGE, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	at[5 * PAGE] = 6;
	return at;
}

static void show(const char *what, char *at)
{
	char text[100] = "";

	for (int i = 0; i < 6; i++) {
		size_t length = strlen(text);
		if (is_mapped(at + i * PAGE))
			snprintf(text + length, sizeof text - length, " %d", at[i * PAGE]);
		else
			snprintf(text + length, sizeof text - length, " -");
	}
	say("%s:%s", what, text);
}

int main(void)
{
	char *from, *to;

	enter_directory();
	int fd = make_file("f", "file");
	area = (char *)MUST(mmap(NULL, 66 * PAGE, PROT_NONE, ANON, -1, 0)) + PAGE;
	from = mixture(fd);
	to = area + 32 * PAGE;
	YES((char *)REMAP(from, 6 * PAGE, 6 * PAGE, MOVE, to) == to);
	show("from", from);
	show("to", to);
	say("%.4s", to + 4 * PAGE);
	SHOW(SYS(write, fd, to + 2 * PAGE, 1));
	SHOW(SYS(read, fd, to + 2 * PAGE, 1));

	// What is in the way of a hole stays.
	from = mixture(fd);
	MUST(mmap(to, 6 * PAGE, RW, ANON | MAP_FIXED, -1, 0));
	memset(to, 9, 6 * PAGE);
	YES((char *)REMAP(from, 6 * PAGE, 6 * PAGE, MOVE, to) == to);
	show("to", to);

	// Parts of the first and the last.
	from = mixture(fd);
	YES((char *)REMAP(from + PAGE, 4 * PAGE, 4 * PAGE, MOVE, to) == to);
	show("from", from);
	show("to", to);

	// A hole at the end is none of them, one at the start is an error.
	from = mixture(fd);
	YES((char *)REMAP(from + 2 * PAGE, 2 * PAGE, 2 * PAGE, MOVE, to) == to);
	show("to", to);
	from = mixture(fd);
	SHOW(REMAP(from + 3 * PAGE, 3 * PAGE, 3 * PAGE, MOVE, to));
	SHOW(REMAP(from - PAGE, 4 * PAGE, 4 * PAGE, MOVE, to));
	show("from", from);

	// Other sizes, other ways.
	SHOW(REMAP(from, 6 * PAGE, 5 * PAGE, MOVE, to));
	SHOW(REMAP(from, 5 * PAGE, 6 * PAGE, MOVE, to));
	SHOW(REMAP(from, 6 * PAGE, 6 * PAGE, MREMAP_MAYMOVE, 0) == (long)from);
	SHOW(REMAP(from, 6 * PAGE, 6 * PAGE, 0, 0) == (long)from);
	SHOW(REMAP(from, 6 * PAGE, 6 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0));
	SHOW(REMAP(from, 6 * PAGE, 6 * PAGE, MOVE, from + 5 * PAGE));
	show("from", from);

	// The old places stay, empty.
	YES((char *)REMAP(from, 6 * PAGE, 6 * PAGE, MOVE | MREMAP_DONTUNMAP, to) == to);
	show("from", from);
	show("to", to);
	return 0;
}
