// prlimit64(2), getrlimit(2), setrlimit(2): reading, lowering, refusing.
#include "../test.h"
#include <sys/resource.h>

int main(void)
{
	struct rlimit limit, old;

	SHOW(getrlimit(RLIMIT_NOFILE, &limit));
	YES(limit.rlim_cur >= 256 && limit.rlim_cur <= limit.rlim_max);
	SHOW(getrlimit(RLIMIT_STACK, &limit));
	YES(limit.rlim_cur >= 1 << 20);
	for (int which = 0; which < 16; which++)
		SHOW(getrlimit(which, &limit));
	SHOW(getrlimit(16, &limit));
	SHOW(getrlimit(-1, &limit));
	MUST(getrlimit(RLIMIT_NOFILE, &old));
	limit = (struct rlimit){ 100, 200 };
	SHOW(SYS(prlimit64, 0, RLIMIT_NOFILE, &limit, &old));
	SHOW(SYS(prlimit64, getpid(), RLIMIT_NOFILE, NULL, &limit));
	say("%ld %ld", (long)limit.rlim_cur, (long)limit.rlim_max);
	limit = (struct rlimit){ 200, 200 };
	SHOW(setrlimit(RLIMIT_NOFILE, &limit));
	limit = (struct rlimit){ 300, 200 };
	SHOW(setrlimit(RLIMIT_NOFILE, &limit));
	limit = (struct rlimit){ 1L << 40, 1L << 40 };
	SHOW(setrlimit(RLIMIT_NOFILE, &limit));
	limit = (struct rlimit){ 0, RLIM_INFINITY };
	SHOW(setrlimit(RLIMIT_CORE, &limit));
	SHOW(SYS(prlimit64, 0, RLIMIT_NOFILE, BAD, NULL));
	SHOW(SYS(prlimit64, 0, RLIMIT_NOFILE, NULL, BAD));
	SHOW(SYS(prlimit64, 0x3fffffff, RLIMIT_NOFILE, NULL, &limit));
	SHOW(SYS(prlimit64, 0, 99, NULL, &limit));
	SHOW(SYS(getrlimit, RLIMIT_NOFILE, BAD));
	SHOW(sysconf(_SC_OPEN_MAX));
	return 0;
}
