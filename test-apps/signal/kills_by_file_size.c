// RLIMIT_FSIZE: a write up to the limit is cut, one beyond it is SIGXFSZ, or EFBIG.
#include "../test.h"
#include <sys/resource.h>

int main(void)
{
	struct rlimit limit = { 1000, RLIM_INFINITY }, old;
	char bytes[700] = { 0 };

	enter_directory();
	int fd = make_file("f", "");
	MUST(getrlimit(RLIMIT_FSIZE, &old));
	limit.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	SHOW(setrlimit(RLIMIT_FSIZE, &limit));
	SHOW(write(fd, bytes, 700));
	SHOW(write(fd, bytes, 700));
	SHOW(write(fd, bytes, 700));
	SHOW(pwrite(fd, bytes, 10, 995));
	SHOW(pwrite(fd, bytes, 10, 1000));
	SHOW(pwrite(fd, bytes, 10, 100));
	SHOW(ftruncate(fd, 1001));
	SHOW(ftruncate(fd, 1000));
	SHOW(truncate("f", 2000));
	SHOW(fallocate(fd, 0, 0, 1001));
	SHOW(fallocate(fd, 0, 0, 1000));
	SHOW(lseek(fd, 0, SEEK_END));
	leave_directory();
	signal(SIGXFSZ, SIG_DFL);
	SHOW(pwrite(fd, bytes, 10, 5000));
	say("after");
	return 3;
}
