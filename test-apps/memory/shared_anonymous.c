// MAP_SHARED | MAP_ANONYMOUS, and DONTNEED on it, which keeps the content.
#include "../test.h"

int main(void)
{
	char *area = (char *)MUST(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));

	SHOW(area[0] + area[8191]);
	area[0] = 5;
	SHOW(madvise(area, 8192, MADV_DONTNEED));
	SHOW(area[0]);
	char *twin = (char *)mremap(area, 0, 4096, MREMAP_MAYMOVE);
	YES(twin != MAP_FAILED && twin != area);
	if (twin != MAP_FAILED) {
		twin[0] = 6;
		SHOW(area[0]);
	}
	SHOW(mprotect(area, 8192, PROT_READ));
	SHOW(munmap(area, 8192));
	return 0;
}
