// setrlimit(2): what happens at each limit, as root and as a user without capabilities.
#include "../test.h"
#include <sched.h>
#include <setjmp.h>
#include <sys/resource.h>

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define USER 54321

static atomic_int stop;

static void *wait_for_stop(void *unused)
{
	(void)unused;
	WAIT_FOR(stop);
	return NULL;
}

static void set(int which, rlim_t soft)
{
	struct rlimit limit;

	MUST(getrlimit(which, &limit));
	limit.rlim_cur = soft;
	MUST(setrlimit(which, &limit));
}

static void files(void)
{
	struct rlimit old;

	MUST(getrlimit(RLIMIT_NOFILE, &old));
	int lowest = (int)MUST(dup(1));
	close(lowest);
	set(RLIMIT_NOFILE, (rlim_t)lowest + 2);
	YES(dup(1) == lowest);
	YES(dup(1) == lowest + 1);
	SHOW(dup(1));
	SHOW(open("/", O_RDONLY));
	int ends[2];
	SHOW(pipe(ends));
	SHOW(dup2(1, lowest + 2));
	SHOW(SYS(dup3, 1, lowest + 2, 0));
	SHOW(fcntl(1, F_DUPFD, lowest + 2));
	SHOW(fcntl(1, F_DUPFD, 0));
	set(RLIMIT_NOFILE, old.rlim_cur);
	close(lowest);
	close(lowest + 1);
	OK(dup2(1, lowest + 2));
	close(lowest + 2);
}

static void address_space(void)
{
	struct rlimit old;
	char *area = (char *)MUST(mmap(NULL, 16 * 4096, RW, ANON, -1, 0));

	MUST(getrlimit(RLIMIT_AS, &old));
	set(RLIMIT_AS, 1 << 20);
	SHOW(mmap(NULL, 1 << 20, RW, ANON, -1, 0));
	SHOW(mmap(NULL, 1 << 20, PROT_NONE, ANON | MAP_NORESERVE, -1, 0));
	// What is there already can be replaced and changed.
	YES(mmap(area, 4096, PROT_READ, ANON | MAP_FIXED, -1, 0) == area);
	SHOW(mprotect(area, 4096, RW));
	SHOW(mremap(area + 4096, 15 * 4096, 1 << 20, MREMAP_MAYMOVE));
	YES(SYS(brk, SYS(brk, 0) + (1 << 20)) == SYS(brk, 0));
	set(RLIMIT_AS, old.rlim_cur);
	MUST(munmap(area, 16 * 4096));
}

static void data(void)
{
	struct rlimit old;
	long end = SYS(brk, 0);
	char *readable = (char *)MUST(mmap(NULL, 1 << 20, PROT_READ, ANON, -1, 0));

	MUST(getrlimit(RLIMIT_DATA, &old));
	set(RLIMIT_DATA, 4096);
	SHOW(mmap(NULL, 1 << 20, RW, ANON, -1, 0));
	OK(mmap(NULL, 1 << 20, PROT_READ, ANON, -1, 0));
	OK(mmap(NULL, 1 << 20, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	SHOW(mprotect(readable, 1 << 20, RW));
	YES(SYS(brk, end + (1 << 20)) == end);
	set(RLIMIT_DATA, old.rlim_cur);
	SHOW(mprotect(readable, 1 << 20, RW));
	YES(SYS(brk, end + (1 << 20)) == end + (1 << 20));
	YES(SYS(brk, end) == end);
}

static void locked(void)
{
	char *area = (char *)MUST(mmap(NULL, 16 * 4096, RW, ANON, -1, 0));

	set(RLIMIT_MEMLOCK, 4 * 4096);
	SHOW(mlock(area, 4 * 4096));
	SHOW(mlock(area, 2 * 4096));
	SHOW(mlock(area + 4 * 4096, 4096));
	SHOW(SYS(mlock2, area, 8 * 4096, 1));
	SHOW(SYS(mmap, NULL, 4096, RW, ANON | MAP_LOCKED, -1, 0));
	SHOW(mlockall(MCL_CURRENT));
	SHOW(munlock(area, 4096));
	SHOW(mlock(area + 8 * 4096, 4096));
	SHOW(munlockall());
	set(RLIMIT_MEMLOCK, 0);
	SHOW(mlock(area, 4096));
	SHOW(SYS(mlock2, area, 4096, 1));
	SHOW(SYS(mmap, NULL, 4096, RW, ANON | MAP_LOCKED, -1, 0));
	SHOW(mlockall(MCL_FUTURE));
	SHOW(munlock(area, 4096));
	SHOW(munlockall());
}

int main(void)
{
	pthread_t threads[2];
	struct rlimit limit;

	files();
	address_space();
	data();

	SHOW(SYS(setresgid, USER, USER, USER));
	SHOW(SYS(setresuid, USER, USER, USER));
	// A lower hard limit cannot be raised again.
	MUST(getrlimit(RLIMIT_CORE, &limit));
	limit.rlim_cur = 0;
	limit.rlim_max = 4096;
	SHOW(setrlimit(RLIMIT_CORE, &limit));
	limit.rlim_max = 8192;
	SHOW(setrlimit(RLIMIT_CORE, &limit));
	limit.rlim_cur = 4097;
	limit.rlim_max = 4096;
	SHOW(setrlimit(RLIMIT_CORE, &limit));
	locked();
	set(RLIMIT_NPROC, 2);
	RETURNS(pthread_create(&threads[0], NULL, wait_for_stop, NULL));
	RETURNS(pthread_create(&threads[1], NULL, wait_for_stop, NULL));
	stop = 1;
	pthread_join(threads[0], NULL);
	return 0;
}
