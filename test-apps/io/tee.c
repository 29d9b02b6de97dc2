// tee(2): what is copied stays in the first pipe.
#include "../test.h"

static int one[2], two[2];

static void *write_later(void *unused)
{
	(void)unused;
	sleep_ms(20);
	MUST(write(one[1], "late", 4));
	return NULL;
}

static void write_now(void)
{
	MUST(write(one[1], "restarted", 9));
}

static void show(int fd)
{
	char bytes[64] = "";
	SHOW(read(fd, bytes, sizeof bytes - 1));
	say("  \"%s\"", bytes);
}

int main(void)
{
	static char page[4096];

	enter_directory();
	MUST(pipe(one));
	MUST(pipe(two));
	int file = make_file("f", "abc");
	MUST(write(one[1], "abcdef", 6));
	SHOW(SYS(tee, one[0], two[1], 4, 0));
	show(two[0]);
	SHOW(SYS(tee, one[0], two[1], 100, 0));
	show(two[0]);
	show(one[0]);
	SHOW(SYS(tee, one[0], two[1], 100, 2));
	SHOW(SYS(tee, one[0], two[1], 0, 0));
	pthread_t thread = spawn(write_later, NULL);
	SHOW(SYS(tee, one[0], two[1], 100, 0));
	pthread_join(thread, NULL);
	show(two[0]);
	show(one[0]);
	INTERRUPTED(SYS(tee, one[0], two[1], 100, 0));
	RESTARTED(write_now, SYS(tee, one[0], two[1], 100, 0));
	show(two[0]);
	// What is written after a copy does not join it.
	MUST(write(two[1], "x", 1));
	SHOW(SYS(tee, one[0], two[1], 4, 0));
	MUST(write(two[1], "y", 1));
	show(two[0]);
	MUST(fcntl(two[1], F_SETFL, O_NONBLOCK));
	while (write(two[1], page, sizeof page) > 0)
		;
	SHOW(SYS(tee, one[0], two[1], 100, 0));
	MUST(fcntl(two[1], F_SETFL, 0));
	SHOW(SYS(tee, one[0], two[1], 100, 2));
	INTERRUPTED(SYS(tee, one[0], two[1], 100, 0));
	SHOW(SYS(tee, one[0], one[1], 100, 0));
	SHOW(SYS(tee, one[1], two[1], 100, 0));
	SHOW(SYS(tee, one[0], two[0], 100, 0));
	SHOW(SYS(tee, file, two[1], 100, 0));
	SHOW(SYS(tee, one[0], file, 100, 0));
	SHOW(SYS(tee, -1, two[1], 100, 0));
	SHOW(SYS(tee, one[0], -1, 100, 0));
	SHOW(SYS(tee, one[0], two[1], 100, 16));
	SHOW(SYS(tee, -1, -1, 0, 16));
	SHOW(SYS(tee, -1, -1, 0, 0));
	signal(SIGPIPE, see_poke);
	pokes_seen = 0;
	MUST(close(two[0]));
	SHOW(SYS(tee, one[0], two[1], 100, 0));
	SHOW(pokes_seen);
	MUST(pipe(two));
	show(one[0]);
	MUST(close(one[1]));
	SHOW(SYS(tee, one[0], two[1], 100, 0));
	return 0;
}
