// eventfd(2), eventfd2(2): counter, semaphore, limits, blocking and errors.
#include "../test.h"
#include <sys/eventfd.h>
#include <sys/uio.h>

static int fd;

static void *add_later(void *unused)
{
	uint64_t one = 1;

	(void)unused;
	sleep_ms(20);
	MUST(write(fd, &one, 8));
	return NULL;
}

static void *take_later(void *unused)
{
	uint64_t value;

	(void)unused;
	sleep_ms(20);
	MUST(read(fd, &value, 8));
	return NULL;
}

/* Each part is a write. */
static void write_parts(void)
{
	uint64_t one = 1, value = 0;
	struct iovec parts[] = { { &one, 8 }, { &one, 0 }, { &one, 8 }, { &one, 4 }, { &one, 8 } };
	struct iovec halves[] = { { &one, 4 }, { (char *)&one + 4, 4 } };
	struct iovec bad[] = { { &one, 8 }, { BAD, 8 } };

	MUST(fd = eventfd(0, EFD_NONBLOCK));
	SHOW(writev(fd, parts, 5));
	SHOW(writev(fd, parts + 1, 2));
	SHOW(writev(fd, halves, 2));
	SHOW(writev(fd, bad, 2));
	SHOW(readv(fd, halves, 2));
	SHOW(one);
	SHOW(read(fd, &value, 8));
	close(fd);
}

int main(void)
{
	uint64_t value = 0;
	char small[4] = "";

	OK(fd = eventfd(3, 0));
	SHOW(read(fd, &value, 8));
	SHOW(value);
	value = 5;
	SHOW(write(fd, &value, 8));
	SHOW(write(fd, &value, 8));
	SHOW(read(fd, &value, 8));
	SHOW(value);
	SHOW(read(fd, small, 4));
	SHOW(write(fd, small, 4));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(pread(fd, &value, 8, 0));

	pthread_t thread = spawn(add_later, NULL);
	SHOW(read(fd, &value, 8));
	SHOW(value);
	pthread_join(thread, NULL);

	value = UINT64_MAX - 1;
	SHOW(write(fd, &value, 8));
	value = UINT64_MAX;
	SHOW(write(fd, &value, 8));
	value = 1;
	thread = spawn(take_later, NULL);
	SHOW(write(fd, &value, 8));
	pthread_join(thread, NULL);
	MUST(read(fd, &value, 8));
	SHOW(value);
	INTERRUPTED(read(fd, &value, 8));

	OK(fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC));
	SHOW(read(fd, &value, 8));
	SHOW(value);
	SHOW(read(fd, &value, 8));
	SHOW(read(fd, &value, 8));
	SHOW(fcntl(fd, F_GETFD));
	SHOW(fcntl(fd, F_GETFL) == (O_RDWR | O_NONBLOCK));
	value = UINT64_MAX - 1;
	SHOW(write(fd, &value, 8));
	SHOW(write(fd, &value, 8));
	char large[16] = "";
	SHOW(read(fd, large, 16));
	SHOW(SYS(eventfd2, 0, 2));
	SHOW(SYS(eventfd2, 0, O_APPEND));
	SHOW(SYS(read, fd, BAD, 8));
	SHOW(SYS(write, fd, BAD, 8));
	write_parts();
	return 0;
}
