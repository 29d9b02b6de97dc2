// preadv(2), pwritev(2), sendfile(2), splice(2), copy_file_range(2), sync_file_range(2), getrandom(2):
// which of several things that are wrong is told.
#include "../test.h"
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

int main(void)
{
	enter_directory();
	int fd = make_file("f", "0123456789"), out = make_file("g", "");
	int null = (int)MUST(open("/dev/null", O_RDWR));
	int directory = (int)MUST(open(".", O_RDONLY | O_DIRECTORY));
	int timer = (int)MUST(timerfd_create(CLOCK_MONOTONIC, 0));
	int epoll = (int)MUST(epoll_create1(0));
	char text[8] = "";
	struct iovec good = { text, 4 };
	struct iovec far[2] = { { text, 4 }, { text, 0x7fffffffffffffff } };
	off_t at = 1, negative = -1;
	int ends[2], others[2];

	MUST(pipe(ends));
	MUST(pipe(others));

	// Where there are no places, nothing else counts.
	SHOW(SYS(preadv, ends[0], BAD, 1, 0L, 0L));
	SHOW(SYS(preadv, ends[1], &good, 1, 0L, 0L));
	SHOW(SYS(preadv, epoll, &good, 0x7ffff000, 0L, 0L));
	SHOW(SYS(pwritev, ends[0], BAD, 1, 0L, 0L));
	SHOW(SYS(pwritev, timer, &good, 5000, 0L, 0L));
	SHOW(SYS(pread64, ends[1], text, 1, 0L));
	SHOW(SYS(pwrite64, ends[0], text, 1, 0L));
	SHOW(SYS(pwrite64, directory, text, 1, 0L));
	SHOW(SYS(pread64, -1, text, 1, -1L));
	SHOW(SYS(pread64, ends[0], text, 1, -1L));

	// What nobody reads or writes is not asked for its buffer.
	SHOW(SYS(read, epoll, BAD, 4));
	SHOW(SYS(write, timer, BAD, 4));
	SHOW(SYS(write, epoll, KERNEL, 4));
	SHOW(SYS(write, ends[0], BAD, 4));

	// A vector of nothing never comes to the file; a part is the program's or not, however long.
	SHOW(SYS(readv, directory, &good, 0));
	SHOW(SYS(readv, directory, &(struct iovec){ text, 0 }, 1));
	SHOW(SYS(readv, directory, &good, 1));
	SHOW(SYS(writev, null, far, 2));
	SHOW(SYS(readv, null, far, 2));
	SHOW(SYS(read, null, text, 0x7fffffffffffffffL));
	SHOW(SYS(read, fd, KERNEL, 0L));

	SHOW(sendfile(out, null, NULL, 4));
	SHOW(sendfile(out, null, NULL, 0));
	SHOW(SYS(sendfile, out, fd, NULL, -1L));
	SHOW(SYS(sendfile, -1, ends[0], &at, 1));
	SHOW(SYS(sendfile, -1, -1, BAD, 1));
	SHOW(SYS(sendfile, out, fd, &negative, 1));

	SHOW(SYS(splice, ends[1], NULL, others[0], &at, 1, 0));
	SHOW(SYS(splice, ends[1], NULL, fd, BAD, 1, 0));
	SHOW(SYS(splice, null, BAD, directory, KERNEL, 1, 0));
	SHOW(SYS(splice, null, NULL, ends[1], NULL, 1, SPLICE_F_NONBLOCK));
	SHOW(SYS(splice, ends[1], NULL, others[0], NULL, 1, 0));

	SHOW(SYS(copy_file_range, fd, &negative, out, NULL, 8, 1));
	SHOW(SYS(copy_file_range, fd, &negative, directory, NULL, 8, 0));
	SHOW(SYS(copy_file_range, fd, &negative, out, NULL, 8, 0));
	SHOW(SYS(copy_file_range, null, &negative, ends[1], NULL, 8, 0));

	SHOW(SYS(sync_file_range, timer, 0L, 0L, 2));
	SHOW(SYS(sync_file_range, ends[0], 0L, 0L, 8));
	SHOW(SYS(readahead, timer, 0L, 10));

	// What is random is given as far as there is room, in pieces.
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(mprotect(page + 4096, 4096, PROT_NONE));
	SHOW(SYS(getrandom, page + 4096 - 64, 257, 0));
	SHOW(SYS(getrandom, page + 4096, 257, 0));
	SHOW(SYS(getrandom, BAD, 0, 0));

	// How large a file is on its device is for those that can be sought only.
	int count;
	SHOW(ioctl(null, FIONREAD, &count));
	SHOW(ioctl(fd, FIONREAD, &count));
	SHOW(ioctl(fd, 0x5460 /* FIOQSIZE */, BAD));
	SHOW(ioctl(null, 0x5460, BAD));
	SHOW(fcntl(fd, F_SETLEASE, F_UNLCK));
	SHOW(fcntl(null, F_SETLEASE, F_UNLCK));
	SHOW(fcntl(ends[0], 1033 /* F_ADD_SEALS */, 1));
	SHOW(fcntl(ends[1], 1033, 1));
	return 0;
}
