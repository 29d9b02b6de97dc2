// Descriptors by O_PATH, open(2): what they are good for, and EBADF for the rest.
#include "../test.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/uio.h>

int main(void)
{
	struct iovec part = { "x", 1 };
	struct stat status;
	struct statfs space;
	char text[64] = "";
	int ends[2], number = 0;

	enter_directory();
	int file = make_file("f", "hello");
	MUST(mkdir("d", 0755));
	make_file("d/g", "inside");
	MUST(symlink("f", "l"));
	MUST(pipe(ends));
	int path = (int)MUST(open("f", O_PATH | O_CLOEXEC));
	int directory = (int)MUST(open("d", O_PATH | O_DIRECTORY));
	int link = (int)MUST(open("l", O_PATH | O_NOFOLLOW));

	SHOW(fcntl(path, F_GETFD));
	SHOW(fcntl(path, F_GETFL) & ~0100000);
	OK(dup(path));
	SHOW(fcntl(path, F_DUPFD, 100));
	SHOW(fcntl(100, F_SETFD, FD_CLOEXEC));
	SHOW(close(100));
	SHOW(fstat(path, &status));
	SHOW(status.st_size);
	SHOW(fstatfs(path, &space));
	SHOW(fstatat(path, "", &status, AT_EMPTY_PATH));
	OK(openat(directory, "g", O_RDONLY));
	SHOW(fchdir(directory));
	SHOW(access("g", F_OK));
	MUST(chdir(".."));
	SHOW(fchdir(path));
	SHOW(readlinkat(link, "", text, sizeof text));
	SHOW(linkat(path, "", AT_FDCWD, "h", AT_EMPTY_PATH));
	SHOW(fchownat(path, "", 0, 0, AT_EMPTY_PATH));
	snprintf(text, sizeof text, "/proc/self/fd/%d", path);
	OK(open(text, O_RDWR));
	SHOW(truncate(text, 3));
	SHOW(chmod(text, 0600));

	SHOW(read(path, text, 1));
	SHOW(write(path, text, 1));
	SHOW(pread(path, text, 1, 0));
	SHOW(pwrite(path, text, 1, 0));
	SHOW(readv(path, &part, 1));
	SHOW(writev(path, &part, 1));
	SHOW(lseek(path, 0, SEEK_SET));
	SHOW(ftruncate(path, 0));
	SHOW(SYS(fallocate, path, 0, 0L, 10L));
	SHOW(fsync(path));
	SHOW(fdatasync(path));
	SHOW(SYS(syncfs, path));
	SHOW(SYS(sync_file_range, path, 0L, 0L, 0));
	SHOW(SYS(fadvise64, path, 0L, 0L, 0));
	SHOW(SYS(readahead, path, 0L, 10));
	SHOW(fchmod(path, 0600));
	SHOW(fchown(path, 0, 0));
	SHOW(futimens(path, NULL));
	SHOW(fcntl(path, F_SETFL, O_NONBLOCK));
	SHOW(fcntl(path, F_GETPIPE_SZ));
	SHOW(fcntl(path, F_GET_SEALS));
	SHOW(ioctl(path, FIONREAD, &number));
	SHOW(sendfile(ends[1], path, NULL, 1));
	SHOW(SYS(copy_file_range, path, NULL, file, NULL, 1, 0));
	SHOW(SYS(copy_file_range, file, NULL, path, NULL, 1, 0));
	SHOW(SYS(splice, path, NULL, ends[1], NULL, 1, 0));
	SHOW(SYS(getdents64, directory, text, sizeof text));
	SHOW((long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, path, 0));
	struct pollfd polled = { path, POLLIN, 0 };
	SHOW(poll(&polled, 1, 0));
	SHOW(polled.revents == POLLNVAL);
	int epoll = (int)MUST(epoll_create1(0));
	struct epoll_event event = { .events = EPOLLIN };
	SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, path, &event));
	SHOW(SYS(getsockname, path, text, &number));
	SHOW(SYS(inotify_rm_watch, path, 1));
	SHOW(SYS(timerfd_gettime, path, text));
	return 0;
}
