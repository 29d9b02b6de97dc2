// fcntl(2) record locks: one process never conflicts with itself; OFD locks do.
#include "../test.h"

static int other;

static void *release_later(void *unused)
{
	struct flock lock = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	(void)unused;
	sleep_ms(20);
	MUST(fcntl(other, F_OFD_SETLK, &lock));
	return NULL;
}

int main(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5 };

	enter_directory();
	int fd = make_file("f", "0123456789");
	other = (int)MUST(open("f", O_RDWR));
	SHOW(fcntl(fd, F_SETLK, &lock));
	SHOW(fcntl(other, F_SETLK, &lock));
	SHOW(fcntl(fd, F_SETLKW, &lock));
	SHOW(fcntl(fd, F_GETLK, &lock));
	SHOW(lock.l_type == F_UNLCK);
	lock = (struct flock){ .l_type = F_UNLCK, .l_whence = SEEK_SET };
	SHOW(fcntl(fd, F_SETLK, &lock));
	lock = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1 << 30, .l_len = 1 };
	SHOW(fcntl(fd, F_SETLK, &lock));
	lock.l_type = 99;
	SHOW(fcntl(fd, F_SETLK, &lock));
	lock = (struct flock){ .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = -5 };
	SHOW(fcntl(fd, F_SETLK, &lock));
	lock = (struct flock){ .l_type = F_RDLCK, .l_whence = 9 };
	SHOW(fcntl(fd, F_SETLK, &lock));
	SHOW(SYS(fcntl, fd, F_SETLK, BAD));
	int reader = (int)MUST(open("f", O_RDONLY));
	int writer = (int)MUST(open("f", O_WRONLY));
	lock = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
	SHOW(fcntl(reader, F_SETLK, &lock));
	lock.l_type = F_RDLCK;
	SHOW(fcntl(writer, F_SETLK, &lock));
	SHOW(fcntl(-1, F_SETLK, &lock));

	lock = (struct flock){ .l_type = F_UNLCK, .l_whence = SEEK_SET };
	MUST(fcntl(fd, F_SETLK, &lock));
	int third = (int)MUST(open("f", O_RDWR));
	lock = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 100, .l_len = 10 };
	SHOW(fcntl(other, F_OFD_SETLK, &lock));
	SHOW(fcntl(third, F_OFD_SETLK, &lock));
	lock.l_start = 105;
	lock.l_len = 0;
	SHOW(fcntl(third, F_OFD_GETLK, &lock));
	say("%d %ld %ld %d", lock.l_type == F_WRLCK, (long)lock.l_start, (long)lock.l_len, (int)lock.l_pid);
	lock = (struct flock){ .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 110, .l_len = 10 };
	SHOW(fcntl(third, F_OFD_SETLK, &lock));
	SHOW(fcntl(other, F_OFD_SETLK, &lock));
	pthread_t thread = spawn(release_later, NULL);
	lock = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 100, .l_len = 1 };
	SHOW(fcntl(third, F_OFD_SETLKW, &lock));
	pthread_join(thread, NULL);
	lock = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
	SHOW(fcntl(other, F_OFD_SETLK, &lock));
	close(third);
	SHOW(fcntl(other, F_OFD_SETLK, &lock));
	return 0;
}
