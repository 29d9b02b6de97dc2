// process_vm_readv(2), process_vm_writev(2) with one's own memory: lengths, holes, errors.
#include "../test.h"
#include <sys/uio.h>

#define READ(local, locals, remote, remotes, flags) \
	SYS(process_vm_readv, getpid(), (local), (long)(locals), (remote), (long)(remotes), (long)(flags))
#define WRITE(local, locals, remote, remotes, flags) \
	SYS(process_vm_writev, getpid(), (local), (long)(locals), (remote), (long)(remotes), (long)(flags))

int main(void)
{
	static char from[10000], to[10000];
	char *area = (char *)MUST(mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	static struct iovec many[1025];

	for (size_t i = 0; i < sizeof from; i++)
		from[i] = (char)(i * 7);
	struct iovec remote[3] = { { from, 5000 }, { from + 6000, 0 }, { from + 7000, 3000 } };
	struct iovec local[3] = { { to, 100 }, { to + 100, 4000 }, { to + 4100, 5900 } };
	SHOW(READ(local, 3, remote, 3, 0));
	YES(memcmp(to, from, 5000) == 0 && memcmp(to + 5000, from + 7000, 3000) == 0);
	memset(to, 0, sizeof to);
	SHOW(READ(local, 1, remote, 3, 0));
	SHOW(READ(local, 3, remote, 1, 0));
	SHOW(READ(local, 0, remote, 1, 0));
	SHOW(READ(local, 1, remote, 0, 0));
	SHOW(WRITE(remote, 1, local, 3, 0));
	YES(memcmp(to, from, 5000) == 0);

	// Up to a hole, counted by whole pieces of the other side.
	MUST(munmap(area + 4096, 4096));
	area[4095] = 'x';
	struct iovec across = { area, 3 * 4096 }, start = { area + 4090, 10 }, hole = { area + 4096, 10 };
	struct iovec two[2] = { { from, 10 }, { area + 4096, 10 } };
	struct iovec whole = { to, sizeof to };
	SHOW(READ(&whole, 1, &across, 1, 0));
	SHOW(READ(&whole, 1, &start, 1, 0));
	SHOW(READ(&whole, 1, &hole, 1, 0));
	SHOW(READ(&whole, 1, two, 2, 0));
	SHOW(WRITE(&whole, 1, &across, 1, 0));
	SHOW(WRITE(&whole, 1, &hole, 1, 0));
	SHOW(WRITE(&whole, 1, two, 2, 0));
	MUST(mprotect(area, 4096, PROT_READ));
	SHOW(WRITE(&whole, 1, &across, 1, 0));
	SHOW(READ(&whole, 1, &start, 1, 0));
	MUST(mprotect(area, 4096, PROT_NONE));
	SHOW(READ(&whole, 1, &across, 1, 0));
	// A hole in the caller's own buffers.
	SHOW(READ(&hole, 1, remote, 1, 0));
	SHOW(WRITE(&hole, 1, remote, 1, 0));

	struct iovec huge = { to, (size_t)-1 }, far = { KERNEL, 10 };
	SHOW(READ(&huge, 1, remote, 1, 0));
	SHOW(READ(&whole, 1, &huge, 1, 0));
	SHOW(READ(&far, 1, remote, 1, 0));
	SHOW(READ(&whole, 1, &far, 1, 0));
	SHOW(WRITE(&whole, 1, &far, 1, 0));
	SHOW(READ(&whole, 1, remote, 1, 1));
	SHOW(WRITE(&whole, 1, remote, 1, 1));
	SHOW(READ(BAD, 1, remote, 1, 0));
	SHOW(READ(&whole, 1, BAD, 1, 0));
	SHOW(READ(many, 1025, remote, 1, 0));
	SHOW(READ(&whole, 1, many, 1025, 0));
	SHOW(READ(many, 1024, remote, 1, 0));
	SHOW(READ(&whole, -1, remote, 1, 0));
	SHOW(SYS(process_vm_readv, 0x3ffffff, &whole, 1L, remote, 1L, 0L));
	SHOW(SYS(process_vm_readv, -1, &whole, 1L, remote, 1L, 0L));
	SHOW(SYS(process_vm_readv, 0x3ffffff, &whole, 0L, remote, 1L, 0L));
	SHOW(SYS(process_vm_readv, 0x3ffffff, BAD, 1L, remote, 1L, 0L));
	SHOW(SYS(process_vm_readv, 0x3ffffff, &whole, 1L, remote, 1L, 7L));
	return 0;
}
