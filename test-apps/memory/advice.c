// madvise(2): every advice for every kind of mapping, locked and with a hole.
#include "../test.h"

#define RW (PROT_READ | PROT_WRITE)
#define PAGE 4096L

static const struct { const char *name; int number; } advices[] = {
	{ "NORMAL", 0 }, { "RANDOM", 1 }, { "SEQUENTIAL", 2 }, { "WILLNEED", 3 }, { "DONTNEED", 4 },
	{ "FREE", 8 }, { "REMOVE", 9 }, { "DONTFORK", 10 }, { "DOFORK", 11 }, { "DONTDUMP", 16 },
	{ "DODUMP", 17 }, { "WIPEONFORK", 18 }, { "KEEPONFORK", 19 }, { "COLD", 20 }, { "PAGEOUT", 21 },
	{ "POPULATE_READ", 22 }, { "POPULATE_WRITE", 23 }, { "DONTNEED_LOCKED", 24 },
};

static void all_of(const char *what, char *(*make)(void), long length)
{
	for (int i = 0; i < COUNT(advices); i++) {
		char *area = make();
		errno = 0;
		long result = madvise(area, (size_t)length, advices[i].number);
		say("%s, %s: %s", what, advices[i].name, result == 0 ? "ok" : errno_name(errno));
	}
}

static char *private_memory(void)
{
	char *area = (char *)MUST(mmap(NULL, 3 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	area[0] = 1;
	return area;
}

static char *locked_memory(void)
{
	char *area = private_memory();

	MUST(mlock(area, 3 * PAGE));
	return area;
}

static char *with_hole(void)
{
	char *area = private_memory();

	MUST(munmap(area + PAGE, PAGE));
	return area;
}

static char *read_only(void)
{
	char *area = private_memory();

	MUST(mprotect(area, 3 * PAGE, PROT_READ));
	return area;
}

static char *no_access(void)
{
	char *area = private_memory();

	MUST(mprotect(area, 3 * PAGE, PROT_NONE));
	return area;
}

static char *nothing(void)
{
	char *area = private_memory();

	MUST(munmap(area, 3 * PAGE));
	return area;
}

static char *shared_memory(void)
{
	return (char *)MUST(mmap(NULL, 3 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

static int file;

static char *private_file(void)
{
	return (char *)MUST(mmap(NULL, 3 * PAGE, RW, MAP_PRIVATE, file, 0));
}

static char *shared_file(void)
{
	return (char *)MUST(mmap(NULL, 3 * PAGE, RW, MAP_SHARED, file, 0));
}

static char *beyond_file(void)
{
	return (char *)MUST(mmap(NULL, 3 * PAGE, RW, MAP_SHARED, file, 8 * PAGE));
}

int main(void)
{
	enter_directory();
	file = make_file("f", "");
	MUST(ftruncate(file, 3 * PAGE));
	all_of("private memory", private_memory, 3 * PAGE);
	all_of("locked memory", locked_memory, 3 * PAGE);
	all_of("a hole", with_hole, 3 * PAGE);
	all_of("a part", private_memory, PAGE - 5);
	all_of("read-only memory", read_only, 3 * PAGE);
	all_of("memory without access", no_access, 3 * PAGE);
	all_of("nothing", nothing, 3 * PAGE);
	all_of("shared memory", shared_memory, 3 * PAGE);
	all_of("a private file", private_file, 3 * PAGE);
	all_of("a shared file", shared_file, 3 * PAGE);
	all_of("beyond a file", beyond_file, 3 * PAGE);
	all_of("no bytes", private_memory, 0);
	all_of("all bytes", private_memory, -PAGE);
	all_of("too many bytes", private_memory, -1);

	// What they do.
	char *area = locked_memory();
	area[PAGE] = 2;
	SHOW(madvise(area, 3 * PAGE, 24));
	say("%d %d", area[0], area[PAGE]);
	char *map = private_file();
	MUST(pwrite(file, "x", 1, 0));
	map[0] = 'y';
	SHOW(madvise(map, PAGE, 24));
	say("%c", map[0]);
	area = shared_memory();
	area[0] = 3;
	SHOW(madvise(area, 3 * PAGE, MADV_DONTNEED));
	SHOW(area[0]);
	SHOW(madvise(area, 3 * PAGE, MADV_REMOVE));
	SHOW(area[0]);
	map = shared_file();
	MUST(pwrite(file, "z", 1, PAGE));
	SHOW(madvise(map + PAGE, PAGE, MADV_REMOVE));
	SHOW(map[PAGE]);
	say("%c", map[0]);
	for (int advice = 26; advice <= 99; advice++)
		if (madvise(map, PAGE, advice) == 0 || errno != EINVAL)
			say("advice %d is known", advice);
	SHOW(madvise(map, PAGE, -1));
	SHOW(madvise(map, PAGE, 5));
	SHOW(madvise(map + 1, PAGE, MADV_NORMAL));
	SHOW(madvise(map + 1, 0, MADV_NORMAL));
	SHOW(madvise(map + 1, PAGE, 99));
	SHOW(madvise(KERNEL, PAGE, MADV_NORMAL));
	SHOW(madvise(KERNEL, PAGE, MADV_DONTNEED));
	return 0;
}
