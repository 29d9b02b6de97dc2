// mremap(2): shrinking, growing in place, moving, MREMAP_FIXED, errors.
#include "../test.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

int main(void)
{
	char *area = (char *)MUST(mmap(NULL, 16 * 4096, RW, ANON, -1, 0));

	for (int i = 0; i < 16; i++)
		area[i * 4096] = (char)(i + 1);
	YES(mremap(area, 16 * 4096, 4 * 4096, 0) == area);
	SHOW(area[3 * 4096]);
	YES(mremap(area, 4 * 4096, 8 * 4096, 0) == area);
	SHOW(area[3 * 4096] * 100 + area[4 * 4096]);
	MUST(mmap(area + 8 * 4096, 4096, RW, ANON | MAP_FIXED, -1, 0));
	MUST(mprotect(area + 8 * 4096, 4096, PROT_READ));
	SHOW(mremap(area, 8 * 4096, 9 * 4096, 0));
	char *moved = (char *)mremap(area, 8 * 4096, 64 * 4096, MREMAP_MAYMOVE);
	YES(moved != MAP_FAILED && moved != area);
	SHOW(moved[0] + moved[3 * 4096] + moved[63 * 4096]);
	SHOW(mprotect(area, 4096, PROT_READ));
	char *target = (char *)MUST(mmap(NULL, 33 * 4096, RW, ANON, -1, 0)) + 4096;
	target[0] = 99;
	YES(mremap(moved, 4 * 4096, 4 * 4096, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target);
	SHOW(target[0] + target[3 * 4096]);
	SHOW(mprotect(moved, 4096, PROT_READ));
	SHOW(mprotect(moved + 4 * 4096, 4096, PROT_READ));
	SHOW(mremap(target, 4096, 4096, MREMAP_FIXED, area));
	SHOW(mremap(target, 8192, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, target));
	SHOW(mremap(target + 1, 4096, 8192, MREMAP_MAYMOVE));
	SHOW(mremap(target, 4096, 0, MREMAP_MAYMOVE));
	SHOW(mremap(target, 4096, 8192, 64));
	SHOW(SYS(mremap, target, 4096, 4096, 1ul << 52 | MREMAP_MAYMOVE, 0));
	SHOW(mremap(moved, 4096, 8192, MREMAP_MAYMOVE));
	SHOW(mremap(target, 0, 4096, MREMAP_MAYMOVE));
	SHOW(mremap(target, 1ul << 63, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, target - 4096));
	SHOW(mremap(target, 1ul << 48, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, target - 4096));
	SHOW(mremap(target, 1ul << 63, 4096, MREMAP_MAYMOVE));
	SHOW(mremap(target, 33 * 4096, 64 * 4096, MREMAP_MAYMOVE));

	enter_directory();
	int fd = make_file("f", "");
	MUST(ftruncate(fd, 8 * 4096));
	char *file = (char *)MUST(mmap(NULL, 4096, RW, MAP_SHARED, fd, 0));
	file = (char *)MUST(mremap(file, 4096, 8 * 4096, MREMAP_MAYMOVE));
	file[7 * 4096] = 'z';
	char byte = 0;
	SHOW(pread(fd, &byte, 1, 7 * 4096));
	say("%c", byte);
	return 0;
}
