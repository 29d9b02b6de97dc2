// fallocate(2) on files in memory: every mode, holes, and what is refused.
#include "../test.h"

#define KEEP_SIZE 0x01
#define PUNCH_HOLE 0x02
#define NO_HIDE_STALE 0x04
#define COLLAPSE_RANGE 0x08
#define ZERO_RANGE 0x10
#define INSERT_RANGE 0x20
#define UNSHARE_RANGE 0x40

static int fd;

static void state(void)
{
	struct stat status;
	char bytes[16] = "";

	MUST(fstat(fd, &status));
	MUST(pread(fd, bytes, 8, 4092));
	say("  size %ld, blocks %ld, data at %ld, hole at %ld, %d %d", (long)status.st_size,
	    (long)status.st_blocks, (long)lseek(fd, 0, SEEK_DATA), (long)lseek(fd, 0, SEEK_HOLE),
	    bytes[3], bytes[4]);
}

int main(void)
{
	static char page[4096];

	fd = (int)MUST(SYS(memfd_create, "memory", 2));
	memset(page, 7, sizeof page);
	SHOW(SYS(fallocate, fd, 0, 0L, 8192L));
	state();
	SHOW(SYS(fallocate, fd, KEEP_SIZE, 8192L, 4096L));
	state();
	for (int i = 0; i < 4; i++)
		MUST(pwrite(fd, page, sizeof page, i * 4096));
	state();
	SHOW(SYS(fallocate, fd, PUNCH_HOLE | KEEP_SIZE, 0L, 4096L));
	state();
	SHOW(SYS(fallocate, fd, PUNCH_HOLE | KEEP_SIZE, 4095L, 2L));
	state();
	SHOW(SYS(fallocate, fd, PUNCH_HOLE | KEEP_SIZE, 12288L, 1L << 40));
	state();
	SHOW(SYS(fallocate, fd, PUNCH_HOLE | KEEP_SIZE, 1L << 40, 4096L));
	SHOW(SYS(fallocate, fd, PUNCH_HOLE, 0L, 4096L));
	SHOW(SYS(fallocate, fd, ZERO_RANGE, 0L, 4096L));
	SHOW(SYS(fallocate, fd, ZERO_RANGE | KEEP_SIZE, 0L, 4096L));
	SHOW(SYS(fallocate, fd, COLLAPSE_RANGE, 0L, 4096L));
	SHOW(SYS(fallocate, fd, COLLAPSE_RANGE | KEEP_SIZE, 0L, 4096L));
	SHOW(SYS(fallocate, fd, INSERT_RANGE, 0L, 4096L));
	SHOW(SYS(fallocate, fd, INSERT_RANGE | KEEP_SIZE, 0L, 4096L));
	SHOW(SYS(fallocate, fd, UNSHARE_RANGE, 0L, 4096L));
	SHOW(SYS(fallocate, fd, NO_HIDE_STALE, 0L, 4096L));
	SHOW(SYS(fallocate, fd, PUNCH_HOLE | ZERO_RANGE | KEEP_SIZE, 0L, 4096L));
	SHOW(SYS(fallocate, fd, 0x10000, 0L, 4096L));
	SHOW(SYS(fallocate, fd, 0, INT64_MAX - 10, 100L));
	state();

	SHOW(lseek(fd, 0, SEEK_DATA));
	SHOW(lseek(fd, 5000, SEEK_DATA));
	SHOW(lseek(fd, 5000, SEEK_HOLE));
	SHOW(lseek(fd, 16384, SEEK_DATA));
	SHOW(lseek(fd, 16384, SEEK_HOLE));
	SHOW(lseek(fd, -1, SEEK_DATA));
	SHOW(lseek(fd, -1, SEEK_HOLE));
	SHOW(lseek(fd, 0, 5));

	// What seals forbid.
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	SHOW(SYS(fallocate, fd, 0, 0L, 1L << 20));
	SHOW(SYS(fallocate, fd, KEEP_SIZE, 0L, 1L << 20));
	SHOW(SYS(fallocate, fd, 0, 0L, 4096L));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	SHOW(SYS(fallocate, fd, PUNCH_HOLE | KEEP_SIZE, 0L, 4096L));
	return 0;
}
