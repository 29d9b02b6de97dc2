// A thousand alternating protections, then one again.
#include "../test.h"

int main(void)
{
	char *area = (char *)MUST(mmap(NULL, 2000 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	long sum = 0, failures = 0;

	for (int i = 0; i < 2000; i++)
		area[i * 4096] = (char)(i % 100);
	for (int i = 0; i < 2000; i += 2)
		failures += mprotect(area + i * 4096, 4096, PROT_READ) != 0;
	for (int i = 1; i < 2000; i += 4)
		failures += munmap(area + i * 4096, 4096) != 0;
	for (int i = 1; i < 2000; i += 4)
		failures += mmap(area + i * 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != area + i * 4096;
	failures += mprotect(area, 2000 * 4096, PROT_READ | PROT_WRITE) != 0;
	for (int i = 0; i < 2000; i++)
		sum += area[i * 4096]++;
	SHOW(failures);
	SHOW(sum);
	SHOW(munmap(area, 2000 * 4096));
	return 0;
}
