// Calls drawn at random on a few pages: what each answers, and what memory holds after it.
// The draw is the same in every run.
#include "../test.h"

#define RW (PROT_READ | PROT_WRITE)
#define PAGES 24
#define PAGE(n) (base + (size_t)(n) * 4096)

static char *const base = (char *)0x200000000;
static uint64_t state = 88172645463325252u;
static int ends[2];
static int zero;

static unsigned draw(unsigned limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % limit;
}

static int protection(void)
{
	static const int kinds[] = { PROT_NONE, PROT_READ, RW, RW, RW, PROT_READ | PROT_EXEC };

	return kinds[draw(COUNT(kinds))];
}

// One character a page: '.' not mapped or not readable, else its first byte as a letter.
static void picture(char *line)
{
	for (int i = 0; i < PAGES; i++) {
		char byte = 0;

		line[i] = '.';
		if (write(ends[1], PAGE(i), 1) == 1) {
			MUST(read(ends[0], &byte, 1));
			line[i] = (char)('a' + (unsigned char)byte % 26);
		}
	}
	line[PAGES] = 0;
}

static long one_call(int fd, const char **name)
{
	unsigned page = draw(PAGES), count = 1 + draw(6);
	size_t length = (size_t)count * 4096;

	if (page + count > PAGES)
		count = 1, length = 4096;
	switch (draw(11)) {
	case 0:
	case 1:
		*name = "map";
		return (long)mmap(PAGE(page), length, protection(),
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) > 0;
	case 2:
		*name = "map a file";
		return (long)mmap(PAGE(page), length, protection(),
				  (draw(2) ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED, fd,
				  (off_t)draw(8) * 4096) > 0;
	case 3:
		*name = "map where free";
		return (long)mmap(PAGE(page), length, protection(),
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	case 4:
		*name = "unmap";
		return munmap(PAGE(page), length);
	case 5:
		*name = "protect";
		return mprotect(PAGE(page), length, protection());
	case 6:
		*name = "discard";
		return madvise(PAGE(page), length, MADV_DONTNEED);
	case 7:
		*name = "move";
		return (long)mremap(PAGE(page), 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED,
				    PAGE(draw(PAGES)));
	case 8:
		*name = "lock";
		return draw(2) ? mlock(PAGE(page), length) : munlock(PAGE(page), length);
	case 9:
		*name = "sync";
		return msync(PAGE(page), length, draw(2) ? MS_SYNC : MS_ASYNC | MS_INVALIDATE);
	default:
		*name = "fill";
		// The kernel writes, so a page that must not be written is an error, not a signal.
		for (unsigned i = 0; i < count; i++) {
			char byte = (char)(1 + draw(25));

			MUST(pwrite(zero, &byte, 1, 0));
			if (pread(zero, PAGE(page + i), 1, 0) < 0)
				return -1;
		}
		return 0;
	}
}

int main(void)
{
	char line[PAGES + 1], last[PAGES + 1] = "";

	enter_directory();
	int fd = make_file("f", "");

	MUST(ftruncate(fd, 16 * 4096));
	for (int i = 0; i < 16; i++)
		MUST(pwrite(fd, &(char){ (char)(10 + i) }, 1, i * 4096));
	zero = make_file("byte", "0");
	MUST(pipe(ends));
	for (int i = 0; i < 1500; i++) {
		const char *name = "";

		errno = 0;
		long result = one_call(fd, &name);
		int error = errno;

		picture(line);
		if (result == -1)
			say("%s: %s %s", name, errno_name(error), line);
		else if (strcmp(line, last) != 0)
			say("%s: %s", name, line);
		memcpy(last, line, sizeof(line));
	}
	return 0;
}
