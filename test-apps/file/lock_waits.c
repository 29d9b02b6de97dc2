// Locks that are waited for: signals, wake-up, what closing releases; fcntl(2), flock(2).
#include "../test.h"
#include <sys/file.h>

static int first, second, third;
static atomic_int got;

static struct flock lock_of(int type, long start, long length)
{
	return (struct flock){ .l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = length };
}

static void release(void)
{
	struct flock lock = lock_of(F_UNLCK, 0, 0);
	MUST(fcntl(first, F_OFD_SETLK, &lock));
}

static void unlock(void)
{
	MUST(flock(first, LOCK_UN));
}

static void *wait_for_whole(void *argument)
{
	struct flock lock = lock_of(F_RDLCK, 0, 10);
	MUST(fcntl(*(int *)argument, F_OFD_SETLKW, &lock));
	atomic_fetch_add(&got, 1);
	return NULL;
}

int main(void)
{
	struct flock lock = lock_of(F_WRLCK, 0, 0);

	enter_directory();
	first = make_file("f", "0123456789");
	second = (int)MUST(open("f", O_RDWR));
	third = (int)MUST(open("f", O_RDWR));
	SHOW(fcntl(first, F_OFD_SETLK, &lock));
	INTERRUPTED(fcntl(second, F_OFD_SETLKW, &lock));
	RESTARTED(release, fcntl(second, F_OFD_SETLKW, &lock));
	lock = lock_of(F_UNLCK, 0, 0);
	SHOW(fcntl(second, F_OFD_SETLK, &lock));

	SHOW(flock(first, LOCK_EX));
	INTERRUPTED(flock(second, LOCK_SH));
	RESTARTED(unlock, flock(second, LOCK_SH));
	SHOW(flock(second, LOCK_UN));

	// The locks of the process stand in the way of a description's, and the other way round.
	lock = lock_of(F_WRLCK, 0, 5);
	SHOW(fcntl(first, F_SETLK, &lock));
	SHOW(fcntl(second, F_SETLK, &lock));
	SHOW(fcntl(first, F_OFD_SETLK, &lock));
	SHOW(fcntl(first, F_OFD_GETLK, &lock));
	say("%d %ld %ld %d", lock.l_type == F_WRLCK, (long)lock.l_start, (long)lock.l_len, lock.l_pid == getpid());
	lock = lock_of(F_WRLCK, 0, 5);
	INTERRUPTED(fcntl(first, F_OFD_SETLKW, &lock));
	lock = lock_of(F_WRLCK, 5, 5);
	SHOW(fcntl(first, F_OFD_SETLK, &lock));
	INTERRUPTED(fcntl(second, F_SETLKW, &lock));
	SHOW(fcntl(second, F_GETLK, &lock));
	say("%d %ld %ld %d", lock.l_type == F_WRLCK, (long)lock.l_start, (long)lock.l_len, (int)lock.l_pid);
	// Closing any descriptor of the file gives back the locks of the process, not of others.
	MUST(close((int)MUST(open("f", O_RDONLY))));
	lock = lock_of(F_WRLCK, 0, 5);
	SHOW(fcntl(second, F_OFD_SETLK, &lock));
	lock = lock_of(F_WRLCK, 5, 5);
	SHOW(fcntl(second, F_OFD_SETLK, &lock));
	lock = lock_of(F_UNLCK, 0, 0);
	MUST(fcntl(second, F_OFD_SETLK, &lock));

	// Whoever waits gets the lock when the last description of the owner goes.
	lock = lock_of(F_WRLCK, 0, 0);
	release();
	SHOW(fcntl(first, F_OFD_SETLK, &lock));
	int copy = (int)MUST(dup(first));
	pthread_t a = spawn(wait_for_whole, &second), b = spawn(wait_for_whole, &third);
	sleep_ms(20);
	SHOW(got);
	MUST(close(first));
	sleep_ms(20);
	SHOW(got);
	MUST(close(copy));
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	SHOW(got);

	lock = lock_of(F_RDLCK, 0, 0);
	lock.l_pid = 1;
	SHOW(fcntl(second, F_OFD_SETLK, &lock));
	SHOW(fcntl(second, F_OFD_GETLK, &lock));
	lock = lock_of(F_UNLCK, 0, 0);
	SHOW(fcntl(second, F_GETLK, &lock));
	lock = lock_of(F_WRLCK, INT64_MAX, 2);
	SHOW(fcntl(second, F_SETLK, &lock));
	lock = lock_of(F_WRLCK, 10, -20);
	SHOW(fcntl(second, F_SETLK, &lock));
	lock = lock_of(F_WRLCK, 30, -10);
	SHOW(fcntl(second, F_SETLK, &lock));
	SHOW(SYS(fcntl, second, F_GETLK, BAD));
	SHOW(SYS(fcntl, second, F_SETLKW, BAD));
	SHOW(SYS(fcntl, second, F_OFD_SETLK, KERNEL));
	SHOW(SYS(fcntl, second, F_OFD_GETLK, NULL));
	say("what the file is open for comes before the process's number");
	int only = (int)MUST(open("f", O_WRONLY));
	lock = lock_of(F_RDLCK, 0, 10);
	lock.l_pid = 7;
	SHOW(fcntl(only, F_OFD_SETLKW, &lock));
	SHOW(fcntl(only, F_OFD_GETLK, &lock));
	lock.l_type = F_UNLCK;
	SHOW(fcntl(only, F_OFD_SETLK, &lock));
	SHOW(SYS(fcntl, second, F_GETLEASE, 0));
	SHOW(SYS(fcntl, second, F_SETLEASE, 99));
	SHOW(SYS(fcntl, second, F_NOTIFY, DN_ACCESS));
	int path = (int)MUST(open("f", O_PATH));
	SHOW(fcntl(path, F_SETLK, &lock));
	SHOW(flock(path, LOCK_SH));
	return 0;
}
