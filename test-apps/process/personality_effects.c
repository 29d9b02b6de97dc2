// personality(2): what is mapped to be read can be executed too, where that is asked for.
#include "../test.h"
#include <sys/personality.h>

static int is_executable(int prot, int change)
{
	// mov eax, 42; ret
	static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
	char *area = (char *)MUST(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	char line[256], kind[8] = "";
	unsigned long start, end;

	memcpy(area, code, sizeof code);
	MUST(mprotect(area, 4096, prot));
	if (change)
		area = (char *)MUST(mmap(area, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	FILE *maps = fopen("/proc/self/maps", "r");
	while (maps && fgets(line, sizeof line, maps))
		if (sscanf(line, "%lx-%lx %7s", &start, &end, kind) == 3 && start <= (unsigned long)area &&
		    (unsigned long)area < end)
			break;
	if (maps)
		fclose(maps);
	munmap(area, 4096);
	return kind[2] == 'x';
}

int main(void)
{
	SHOW(is_executable(PROT_READ, 0));
	SHOW(personality(READ_IMPLIES_EXEC));
	SHOW(personality(0xffffffff));
	SHOW(is_executable(PROT_READ, 0));
	SHOW(is_executable(PROT_READ | PROT_WRITE, 1));
	SHOW(is_executable(PROT_WRITE, 1));
	SHOW(is_executable(PROT_NONE, 1));
	SHOW(personality(ADDR_NO_RANDOMIZE));
	SHOW(is_executable(PROT_READ, 1));
	SHOW(personality(0));
	return 0;
}
