// RLIMIT_FSIZE: EFBIG and SIGXFSZ. (Standard output may be a file: print unlimited.)
#include "../test.h"
#include <sys/resource.h>

static volatile sig_atomic_t seen;
static struct rlimit unlimited;

static void handle(int number)
{
	(void)number;
	seen++;
}

static void report(const char *what, long result, int error)
{
	MUST(setrlimit(RLIMIT_FSIZE, &unlimited));
	show_value(what, result, error);
	say("signals: %d", (int)seen);
}

#define LIMITED(...)                                                      \
	do {                                                              \
		struct rlimit limit_ = { 10, unlimited.rlim_max };        \
		MUST(setrlimit(RLIMIT_FSIZE, &limit_));                   \
		errno = 0;                                                \
		long result_ = (__VA_ARGS__);                             \
		report(#__VA_ARGS__, result_, errno);                     \
	} while (0)

int main(void)
{
	enter_directory();
	int fd = make_file("f", "");
	MUST(getrlimit(RLIMIT_FSIZE, &unlimited));
	signal(SIGXFSZ, handle);
	LIMITED(write(fd, "01234567", 8));
	LIMITED(write(fd, "01234567", 8));
	LIMITED(write(fd, "01234567", 8));
	LIMITED(write(fd, "", 0));
	LIMITED(ftruncate(fd, 11));
	LIMITED(ftruncate(fd, 5));
	LIMITED(pwrite(fd, "0", 1, 100));
	LIMITED(SYS(fallocate, fd, 0, 0L, 100L));
	signal(SIGXFSZ, SIG_IGN);
	LIMITED(truncate("f", 100));
	return 0;
}
