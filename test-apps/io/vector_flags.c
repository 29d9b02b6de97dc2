// preadv2(2) and pwritev2(2): offset -1, every flag, errors of the vectors.
#include "../test.h"
#include <sys/uio.h>

#define HIPRI 0x01
#define DSYNC 0x02
#define SYNC 0x04
#define NOWAIT 0x08
#define APPEND 0x10

// A file in memory, the same everywhere; what it holds and where its offset is.
static int fd;

static void state(void)
{
	char text[64] = "";
	MUST(pread(fd, text, sizeof text - 1, 0));
	say("  \"%s\" at %ld", text, (long)lseek(fd, 0, SEEK_CUR));
}

int main(void)
{
	char a[8] = "", b[8] = "";
	struct iovec in[2] = { { a, 2 }, { b, 3 } }, out[2] = { { "AB", 2 }, { "CDE", 3 } };
	int ends[2];

	fd = (int)MUST(SYS(memfd_create, "file", 0));
	MUST(write(fd, "0123456789", 10));
	MUST(lseek(fd, 2, SEEK_SET));
	MUST(pipe(ends));
	SHOW(SYS(preadv2, fd, in, 2, -1L, -1L, 0));
	say("%s %s", a, b);
	state();
	SHOW(SYS(preadv2, fd, in, 2, 1L, 0L, HIPRI));
	say("%s %s", a, b);
	SHOW(SYS(preadv2, fd, in, 2, 1L, 0L, SYNC | DSYNC));
	SHOW(SYS(preadv2, fd, in, 2, 1L, 0L, APPEND));
	SHOW(SYS(preadv2, fd, in, 2, 1L, 0L, 0x40000000));
	SHOW(SYS(preadv2, fd, in, 2, -2L, -1L, 0));
	state();
	SHOW(SYS(pwritev2, fd, out, 2, 0L, 0L, DSYNC));
	SHOW(SYS(pwritev2, fd, out, 2, 8L, 0L, SYNC));
	state();
	SHOW(SYS(pwritev2, fd, out, 2, -1L, -1L, 0));
	state();
	SHOW(SYS(pwritev2, fd, out, 1, 0L, 0L, APPEND));
	state();
	SHOW(SYS(pwritev2, fd, out, 1, -1L, -1L, APPEND));
	state();
	SHOW(fcntl(fd, F_SETFL, O_APPEND));
	state();
	SHOW(SYS(pwritev2, fd, out, 1, 0L, 0L, 0));
	state();
	SHOW(SYS(pwritev2, fd, out, 1, 0L, 0L, 0x80000000));

	SHOW(SYS(preadv2, ends[0], in, 2, -1L, -1L, NOWAIT));
	SHOW(SYS(preadv2, ends[0], in, 2, 0L, 0L, NOWAIT));
	SHOW(SYS(pwritev2, ends[1], out, 2, -1L, -1L, NOWAIT));
	SHOW(SYS(preadv2, ends[0], in, 2, -1L, -1L, NOWAIT));
	static char page[65536];
	struct iovec much = { page, sizeof page };
	SHOW(SYS(pwritev2, ends[1], &much, 1, -1L, -1L, NOWAIT));
	SHOW(SYS(pwritev2, ends[1], &much, 1, -1L, -1L, NOWAIT));
	SHOW(SYS(preadv2, ends[1], in, 2, -1L, -1L, 0));
	SHOW(SYS(pwritev2, ends[0], out, 2, -1L, -1L, 0));

	SHOW(SYS(preadv2, -1, in, 2, 0L, 0L, 0));
	SHOW(SYS(preadv2, -1, BAD, 2, -2L, -1L, 0));
	SHOW(SYS(preadv2, fd, BAD, 2, 0L, 0L, 0));
	SHOW(SYS(preadv2, fd, BAD, 2, 0L, 0L, 0x40000000));
	SHOW(SYS(preadv2, fd, KERNEL, 2, 0L, 0L, 0));
	SHOW(SYS(preadv2, fd, in, 1025, 0L, 0L, 0));
	SHOW(SYS(pwritev2, -1, out, 2, 0L, 0L, 0));
	SHOW(SYS(pwritev2, fd, BAD, 2, 0L, 0L, 0));
	SHOW(SYS(pwritev2, fd, out, 1025, 0L, 0L, 0));
	SHOW(SYS(preadv2, fd, in, 0, 0L, 0L, 0));
	SHOW(SYS(pwritev2, fd, out, 0, 0L, 0L, 0));
	in[0].iov_base = BAD;
	SHOW(SYS(preadv2, fd, in, 2, 0L, 0L, 0));
	out[0].iov_base = BAD;
	SHOW(SYS(pwritev2, fd, out, 2, 0L, 0L, 0));

	SHOW(SYS(preadv, ends[0], in, 2, 0L, 0L));
	SHOW(SYS(pwritev, ends[1], out, 2, 0L, 0L));
	SHOW(SYS(preadv, -1, BAD, 2, -1L, -1L));
	SHOW(SYS(pwritev, -1, BAD, 2, -1L, -1L));
	SHOW(SYS(preadv, -1, BAD, 2, 0L, 0L));
	return 0;
}
