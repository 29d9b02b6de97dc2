// mremap(2): MREMAP_FIXED and MREMAP_DONTUNMAP, second mappings, parts, errors in their order.
#include "remap.h"

static char *fresh(int pages)
{
	char *area = (char *)MUST(mmap(NULL, (size_t)(pages + 2) * PAGE, PROT_NONE, ANON, -1, 0));

	// With a guard at both ends, so that nothing merges.
	area += PAGE;
	MUST(mprotect(area, (size_t)pages * PAGE, RW));
	for (int i = 0; i < pages; i++)
		area[i * PAGE] = (char)(i + 1);
	return area;
}

static int is_mapped(char *at)
{
	unsigned char there;

	return mincore(at, PAGE, &there) == 0;
}

int main(void)
{
	char *from = fresh(4), *to = fresh(8), *got;

	// Over what is there.
	YES((char *)REMAP(from, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + PAGE) == to + PAGE);
	say("%d %d %d %d", to[0], to[PAGE], to[4 * PAGE], to[5 * PAGE]);
	SHOW(is_mapped(from));
	// Smaller and larger at once.
	from = fresh(4);
	YES((char *)REMAP(from, 4 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	say("%d %d %d", to[0], to[PAGE], to[2 * PAGE]);
	say("%d %d %d", is_mapped(from), is_mapped(from + 2 * PAGE), is_mapped(from + 3 * PAGE));
	from = fresh(2);
	YES((char *)REMAP(from, 2 * PAGE, 5 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	say("%d %d %d %d %d", to[0], to[PAGE], to[2 * PAGE], to[4 * PAGE], to[5 * PAGE]);
	// A part out of the middle.
	from = fresh(4);
	got = (char *)REMAP(from + PAGE, PAGE, 3 * PAGE, MREMAP_MAYMOVE, 0);
	YES(got != MAP_FAILED && got != from + PAGE);
	say("%d %d %d", got[0], got[PAGE], got[2 * PAGE]);
	say("%d %d %d", is_mapped(from), is_mapped(from + PAGE), is_mapped(from + 2 * PAGE));
	SHOW(REMAP(from, PAGE, 2 * PAGE, 0, 0) == (long)from);
	SHOW(REMAP(from + 2 * PAGE, PAGE, 2 * PAGE, 0, 0));

	// The old place stays, empty.
	from = fresh(3);
	got = (char *)REMAP(from, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	YES(got != MAP_FAILED && got != from);
	say("%d %d %d, %d %d", got[0], got[PAGE], got[2 * PAGE], from[0], from[2 * PAGE]);
	from[0] = 9;
	say("%d %d", from[0], got[0]);
	from = fresh(3);
	to = fresh(3);
	YES((char *)REMAP(from, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP | MREMAP_FIXED, to) == to);
	say("%d %d, %d", to[0], to[2 * PAGE], from[0]);
	SHOW(REMAP(from, 3 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0));
	SHOW(REMAP(from, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0));
	SHOW(REMAP(from, 3 * PAGE, 3 * PAGE, MREMAP_DONTUNMAP, 0));
	SHOW(REMAP(from, 3 * PAGE, 3 * PAGE, MREMAP_DONTUNMAP | MREMAP_FIXED, to));

	// Shared memory.
	char *shared = (char *)MUST(mmap(NULL, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	shared[0] = 7;
	got = (char *)REMAP(shared, 0, 2 * PAGE, MREMAP_MAYMOVE, 0);
	YES(got != MAP_FAILED && got != shared);
	got[PAGE] = 8;
	say("%d %d", got[0], shared[PAGE]);
	SHOW(REMAP(shared, 0, 2 * PAGE, 0, 0));
	from = fresh(2);
	SHOW(REMAP(from, 0, 2 * PAGE, MREMAP_MAYMOVE, 0));
	got = (char *)REMAP(shared, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	YES(got != MAP_FAILED);
	say("%d %d", got[0], shared[0]);

	// Errors.
	to = fresh(4);
	SHOW(REMAP(from, PAGE, PAGE, 8, 0));
	SHOW(REMAP(from, PAGE, PAGE, MREMAP_FIXED, to));
	SHOW(REMAP(from + 1, PAGE, PAGE, MREMAP_MAYMOVE, 0));
	SHOW(REMAP(from, PAGE, 0, MREMAP_MAYMOVE, 0));
	SHOW(REMAP(from, PAGE, -1, MREMAP_MAYMOVE, 0));
	SHOW(REMAP(from, PAGE, 1L << 47, MREMAP_MAYMOVE, 0));
	SHOW(REMAP(from, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + 1));
	SHOW(REMAP(from, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, KERNEL));
	SHOW(REMAP(from, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, -PAGE));
	SHOW(REMAP(from, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, from + PAGE));
	SHOW(REMAP(from, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, from - PAGE));
	SHOW(REMAP(from, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, from));
	MUST(munmap(from, 2 * PAGE));
	SHOW(REMAP(from, PAGE, PAGE, MREMAP_MAYMOVE, 0));
	SHOW(REMAP(from, PAGE, 2 * PAGE, MREMAP_MAYMOVE, 0));
	SHOW(REMAP(from, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to));
	SHOW(REMAP(from, 0, PAGE, MREMAP_MAYMOVE, 0));
	// What was in the way is gone or not: Linux takes it away before it looks at the old place.
	from = fresh(4);
	MUST(munmap(from + 2 * PAGE, PAGE));
	SHOW(REMAP(from, 4 * PAGE, 5 * PAGE, MREMAP_MAYMOVE, 0));
	SHOW(REMAP(from, 3 * PAGE, PAGE, 0, 0) == (long)from);
	say("%d %d %d", is_mapped(from), is_mapped(from + PAGE), is_mapped(from + 3 * PAGE));

	// A file's.
	enter_directory();
	int fd = make_file("f", "");
	MUST(ftruncate(fd, 4 * PAGE));
	for (int i = 0; i < 4; i++)
		MUST(pwrite(fd, &"abcd"[i], 1, i * PAGE));
	char *file = (char *)MUST(mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, PAGE));
	file[0] = 'B';
	file = (char *)MUST(REMAP(file, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE, 0));
	say("%c %c %c", file[0], file[PAGE], file[2 * PAGE]);
	got = (char *)REMAP(file + PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	YES(got == to);
	say("%c %c", got[0], got[PAGE]);
	return 0;
}
