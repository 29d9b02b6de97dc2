// pipe(2), pipe2(2): data, end of file, EPIPE, blocking both ways.
#include "../test.h"

static int ends[2];

static void *write_later(void *unused)
{
	(void)unused;
	sleep_ms(20);
	MUST(write(ends[1], "late", 4));
	return NULL;
}

static void *close_later(void *unused)
{
	(void)unused;
	sleep_ms(20);
	MUST(close(ends[1]));
	return NULL;
}

int main(void)
{
	char text[32] = "";

	SHOW(pipe(ends));
	SHOW(write(ends[1], "abcdef", 6));
	SHOW(read(ends[0], text, 4));
	say("%s", text);
	SHOW(read(ends[0], text, 32));
	SHOW(write(ends[1], "", 0));
	SHOW(lseek(ends[0], 0, SEEK_SET));
	SHOW(pread(ends[0], text, 1, 0));
	SHOW(pwrite(ends[1], text, 1, 0));
	SHOW(read(ends[1], text, 1));
	SHOW(write(ends[0], text, 1));

	pthread_t thread = spawn(write_later, NULL);
	SHOW(read(ends[0], text, 32));
	pthread_join(thread, NULL);
	MUST(write(ends[1], "xy", 2));
	thread = spawn(close_later, NULL);
	SHOW(read(ends[0], text, 32));
	SHOW(read(ends[0], text, 32));
	pthread_join(thread, NULL);
	MUST(close(ends[0]));

	MUST(pipe(ends));
	MUST(signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0);
	MUST(close(ends[0]));
	SHOW(write(ends[1], "x", 1));
	SHOW(write(ends[1], "", 0));
	SHOW(close(ends[1]));
	SHOW(close(ends[1]));

	SHOW(pipe2(ends, O_NONBLOCK | O_CLOEXEC));
	SHOW(read(ends[0], text, 1));
	SHOW(fcntl(ends[0], F_GETFD));
	SHOW(fcntl(ends[0], F_GETFL) == (O_RDONLY | O_NONBLOCK));
	SHOW(fcntl(ends[1], F_GETFL) == (O_WRONLY | O_NONBLOCK));
	SHOW(pipe2(ends, 1));
	SHOW(pipe2(ends, O_APPEND));
	SHOW(SYS(pipe2, BAD, 0));
	SHOW(SYS(pipe2, KERNEL, 0));
	return 0;
}
