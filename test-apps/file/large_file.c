// Files larger than memory pages and caches: pattern in, pattern out, at random.
#include "../test.h"

#define BLOCK 5003
#define BLOCKS 1600

static void pattern(char *block, unsigned seed)
{
	for (int i = 0; i < BLOCK; i++)
		block[i] = (char)(seed = seed * 1103515245 + 12345, seed >> 16);
}

int main(void)
{
	static char block[BLOCK], back[BLOCK];
	uint32_t sum = CHECKSUM_START;
	int wrong = 0;

	enter_directory();
	int fd = make_file("f", "");
	for (unsigned i = 0; i < BLOCKS; i++) {
		unsigned number = i * 7 % BLOCKS;
		pattern(block, number);
		MUST(pwrite(fd, block, BLOCK, (off_t)number * BLOCK));
	}
	SHOW(lseek(fd, 0, SEEK_END));
	for (unsigned i = 0; i < BLOCKS; i++) {
		unsigned number = i * 11 % BLOCKS;
		pattern(block, number);
		MUST(pread(fd, back, BLOCK, (off_t)number * BLOCK));
		wrong += memcmp(block, back, BLOCK) != 0;
	}
	SHOW(wrong);
	MUST(lseek(fd, 0, SEEK_SET));
	for (ssize_t got; (got = read(fd, back, 4099)) > 0;)
		sum = checksum(sum, back, (size_t)got);
	say("%08x", sum);
	return 0;
}
