// RLIMIT_NOFILE: EMFILE at the limit, the lowest free number, thousands of descriptors.
#include "../test.h"
#include <sys/resource.h>

int main(void)
{
	struct rlimit limit;
	int fd, last = -1, opened = 0;

	MUST(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 40;
	MUST(setrlimit(RLIMIT_NOFILE, &limit));
	while ((fd = open("/dev/null", O_RDONLY)) != -1) {
		last = fd;
		opened++;
	}
	say("%s", errno_name(errno));
	SHOW(last);
	YES(opened <= 37);
	int ends[2];
	SHOW(pipe(ends));
	SHOW(dup(1));
	SHOW(fcntl(1, F_DUPFD, 10));
	SHOW(fcntl(1, F_DUPFD, 40));
	SHOW(dup2(1, 40));
	SHOW(close(39));
	SHOW(pipe(ends));
	SHOW(dup(1));
	SHOW(close(20));
	SHOW(close(30));
	SHOW(dup(1));
	SHOW(dup(1));

	limit.rlim_cur = 1024;
	MUST(setrlimit(RLIMIT_NOFILE, &limit));
	while ((fd = open("/dev/null", O_RDONLY)) != -1)
		last = fd;
	SHOW(last);
	limit.rlim_cur = 30;
	MUST(setrlimit(RLIMIT_NOFILE, &limit));
	SHOW(close(500));
	SHOW(dup(1));
	SHOW(fcntl(1000, F_GETFD));
	return 0;
}
