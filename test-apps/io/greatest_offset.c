// pread(2), pwrite(2), preadv(2), pwritev(2), write(2): beyond the greatest offset, which comes before
// the limit of the size of files; pread(2) and pwrite(2) of what cannot be read or written at all.
#include "../test.h"
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/uio.h>

static void beyond(int fd)
{
	char text[8] = "abc";
	struct iovec parts[2] = { { text, 1 }, { text, 1 } };

	SHOW(pread(fd, text, 2, INT64_MAX));
	SHOW(pread(fd, text, 0, INT64_MAX));
	SHOW(pwrite(fd, text, 2, INT64_MAX));
	SHOW(pwrite(fd, text, 1, INT64_MAX));
	SHOW(preadv(fd, parts, 2, INT64_MAX));
	SHOW(pwritev(fd, parts, 2, INT64_MAX));
	SHOW(pwritev(fd, parts, 2, INT64_MAX - 1));
	SHOW(SYS(pwritev2, fd, parts, 2, INT64_MAX, 0L, 0x20 /* RWF_NOAPPEND */));
	OK(lseek(fd, INT64_MAX, SEEK_SET));
	SHOW(write(fd, text, 2));
	SHOW(writev(fd, parts, 2));
	SHOW(read(fd, text, 2));
	SHOW(SYS(pwritev2, fd, parts, 2, -1L, 0L, 0x20));
	SHOW(read(fd, KERNEL, 2));
}

static void nowhere(int fd)
{
	char text[8];
	struct iovec part = { text, 1 };

	SHOW(pread(fd, text, 1, 0));
	SHOW(pwrite(fd, text, 1, 0));
	SHOW(preadv(fd, &part, 1, 0));
	SHOW(SYS(pwritev2, fd, &part, 1, 0L, 0L, 0));
	SHOW(SYS(pwritev2, fd, &part, 1, -1L, 0L, 0));
	SHOW(lseek(fd, 0, SEEK_SET));
}

int main(void)
{
	struct rlimit limit = { 16, 16 };
	int fd = (int)MUST(SYS(memfd_create, "m", 0));

	beyond(fd);
	say("to the end");
	MUST(lseek(fd, 0, SEEK_SET));
	MUST(fcntl(fd, F_SETFL, O_APPEND));
	SHOW(pwrite(fd, "ab", 2, INT64_MAX));
	MUST(fcntl(fd, F_SETFL, 0));
	say("with a limit");
	signal(SIGXFSZ, SIG_IGN);
	MUST(setrlimit(RLIMIT_FSIZE, &limit));
	beyond(fd);
	say("epoll");
	nowhere((int)MUST(epoll_create1(0)));
	say("pidfd");
	nowhere((int)MUST(SYS(pidfd_open, getpid(), 0)));
	return 0;
}
