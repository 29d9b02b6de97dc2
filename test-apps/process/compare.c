// kcmp(2) of the process with itself: descriptors, and what all threads share.
#include "../test.h"

enum { KCMP_FILE, KCMP_VM, KCMP_FILES, KCMP_FS, KCMP_SIGHAND, KCMP_IO, KCMP_SYSVSEM, KCMP_EPOLL_TFD };

static atomic_int helper_id, stop;

static void *wait_for_stop(void *unused)
{
	(void)unused;
	helper_id = thread_id();
	WAIT_FOR(stop);
	return NULL;
}

#define KCMP(type, a, b) SYS(kcmp, getpid(), getpid(), (type), (long)(a), (long)(b))

int main(void)
{
	int file = (int)MUST(open("/dev/null", O_RDONLY)), same = (int)MUST(dup(file));
	int other = (int)MUST(open("/dev/null", O_RDONLY));
	pthread_t helper = spawn(wait_for_stop, NULL);

	WAIT_FOR(helper_id != 0);
	SHOW(KCMP(KCMP_FILE, file, same));
	long order = KCMP(KCMP_FILE, file, other);
	YES(order == 1 || order == 2);
	YES(KCMP(KCMP_FILE, other, file) == 3 - order);
	SHOW(KCMP(KCMP_FILE, file, 999));
	SHOW(KCMP(KCMP_FILE, -1, file));
	for (int type = KCMP_VM; type < KCMP_EPOLL_TFD; type++)
		say("%d: %ld with itself, %ld with a thread", type, KCMP(type, 0, 0),
		    SYS(kcmp, getpid(), helper_id, type, 0L, 0L));
	SHOW(SYS(kcmp, helper_id, getpid(), KCMP_FILE, (long)file, (long)same));
	SHOW(KCMP(99, 0, 0));
	SHOW(KCMP(-1, 0, 0));
	SHOW(SYS(kcmp, 0x3ffffff, getpid(), KCMP_VM, 0L, 0L));
	SHOW(SYS(kcmp, getpid(), 0x3ffffff, KCMP_VM, 0L, 0L));
	SHOW(SYS(kcmp, 0, 0, KCMP_VM, 0L, 0L));
	SHOW(SYS(kcmp, -1, -1, 99, 0L, 0L));
	stop = 1;
	pthread_join(helper, NULL);
	return 0;
}
