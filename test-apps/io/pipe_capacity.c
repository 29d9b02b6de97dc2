// Pipes: capacity, F_SETPIPE_SZ, a full pipe, blocking writers, FIONREAD.
#include "../test.h"
#include <sys/ioctl.h>

static int ends[2];
static char buffer[1 << 17];

static void *drain(void *unused)
{
	char some[5000];
	long total = 0;
	ssize_t got;

	(void)unused;
	sleep_ms(10);
	while ((got = read(ends[0], some, sizeof some)) > 0)
		total += got;
	return (void *)total;
}

static long fill(void)
{
	long total = 0;
	ssize_t wrote;

	while ((wrote = write(ends[1], buffer, 4096)) > 0)
		total += wrote;
	return total;
}

int main(void)
{
	int held = -1;
	void *total;

	MUST(pipe2(ends, O_NONBLOCK));
	SHOW(fcntl(ends[0], F_GETPIPE_SZ));
	SHOW(fill());
	SHOW(write(ends[1], buffer, 1));
	SHOW(ioctl(ends[0], FIONREAD, &held));
	SHOW(held);
	SHOW(fcntl(ends[1], F_SETPIPE_SZ, 4096));
	SHOW(read(ends[0], buffer, 4095));
	SHOW(write(ends[1], buffer, 1));
	SHOW(read(ends[0], buffer, 1));
	SHOW(write(ends[1], buffer, 4096));
	SHOW(write(ends[1], buffer, 1));
	SHOW(read(ends[0], buffer, sizeof buffer));
	SHOW(read(ends[0], buffer, sizeof buffer));
	SHOW(fcntl(ends[1], F_SETPIPE_SZ, 5000));
	SHOW(fcntl(ends[1], F_SETPIPE_SZ, 100));
	SHOW(fill());
	SHOW(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20));
	SHOW(fill());
	SHOW(fcntl(ends[1], F_SETPIPE_SZ, -1));
	SHOW(fcntl(1000, F_GETPIPE_SZ));
	close(ends[0]);
	close(ends[1]);

	MUST(pipe(ends));
	pthread_t thread = spawn(drain, NULL);
	SHOW(write(ends[1], buffer, sizeof buffer));
	SHOW(write(ends[1], buffer, sizeof buffer));
	close(ends[1]);
	pthread_join(thread, &total);
	SHOW((long)total);

	MUST(pipe2(ends, O_NONBLOCK));
	SHOW(write(ends[1], buffer, sizeof buffer));
	SHOW(write(ends[1], buffer, 10));
	MUST(read(ends[0], buffer, 4096));
	SHOW(write(ends[1], buffer, 8000));
	int file = (int)MUST(open("/dev/null", O_RDWR));
	SHOW(fcntl(file, F_GETPIPE_SZ));
	return 0;
}
