// splice(2): between pipes, files and sockets; offsets, flags, waiting, errors.
#include "../test.h"
#include <sys/eventfd.h>
#include <sys/socket.h>

#define MOVE 1
#define NONBLOCK 2
#define MORE 4
#define GIFT 8

static int one[2], two[2];

static long held(int fd)
{
	char bytes[256];
	long count = read(fd, bytes, sizeof bytes - 1);
	if (count >= 0) {
		bytes[count] = 0;
		say("  \"%s\"", bytes);
	}
	return count;
}

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

static void between_files(void)
{
	int file = make_file("f", "0123456789"), out = make_file("g", "abcdefghij");
	int append = (int)MUST(open("g", O_WRONLY | O_APPEND));
	int reader = (int)MUST(open("f", O_RDONLY)), writer = (int)MUST(open("f", O_WRONLY));
	long at = 3;

	SHOW(SYS(splice, file, NULL, one[1], NULL, 4, 0));
	SHOW(lseek(file, 0, SEEK_CUR));
	SHOW(SYS(splice, file, &at, one[1], NULL, 4, MOVE | MORE));
	SHOW(at);
	SHOW(lseek(file, 0, SEEK_CUR));
	SHOW(held(one[0]));
	SHOW(SYS(splice, file, NULL, one[1], NULL, 100, 0));
	SHOW(SYS(splice, file, NULL, one[1], NULL, 100, 0));
	at = 1000;
	SHOW(SYS(splice, file, &at, one[1], NULL, 100, 0));
	SHOW(SYS(splice, one[0], NULL, out, NULL, 2, 0));
	SHOW(lseek(out, 0, SEEK_CUR));
	at = 5;
	SHOW(SYS(splice, one[0], NULL, out, &at, 100, 0));
	SHOW(at);
	MUST(lseek(out, 0, SEEK_SET));
	SHOW(held(out));
	MUST(write(one[1], "xyz", 3));
	SHOW(SYS(splice, one[0], NULL, append, NULL, 3, 0));
	SHOW(SYS(splice, one[0], NULL, reader, NULL, 3, 0));
	SHOW(SYS(splice, writer, NULL, one[1], NULL, 3, 0));
	SHOW(SYS(splice, one[0], &at, out, NULL, 3, 0));
	SHOW(SYS(splice, file, NULL, one[1], &at, 3, 0));
	SHOW(SYS(splice, one[0], NULL, out, BAD, 3, 0));
	SHOW(SYS(splice, file, BAD, one[1], NULL, 3, 0));
	SHOW(SYS(splice, one[0], BAD, out, NULL, 3, 0));
	at = -1;
	SHOW(SYS(splice, file, &at, one[1], NULL, 3, 0));
	SHOW(SYS(splice, one[0], NULL, out, &at, 3, 0));
	SHOW(SYS(splice, file, NULL, out, NULL, 3, 0));
	SHOW(SYS(splice, one[1], NULL, out, NULL, 3, 0));
	SHOW(SYS(splice, file, NULL, one[0], NULL, 3, 0));
	SHOW(SYS(splice, -1, NULL, one[1], NULL, 3, 0));
	SHOW(SYS(splice, file, NULL, -1, NULL, 3, 0));
	SHOW(SYS(splice, -1, NULL, -1, NULL, 0, 0));
	SHOW(SYS(splice, -1, NULL, -1, NULL, 3, 16));
	SHOW(SYS(splice, -1, NULL, -1, NULL, 0, 16));
	SHOW(held(one[0]));
	int directory = (int)MUST(open(".", O_RDONLY)), counter = (int)MUST(eventfd(1, 0));
	SHOW(SYS(splice, directory, NULL, one[1], NULL, 3, 0));
	SHOW(SYS(splice, counter, NULL, one[1], NULL, 8, 0));
	int zero = (int)MUST(open("/dev/zero", O_RDWR)), null = (int)MUST(open("/dev/null", O_WRONLY));
	SHOW(SYS(splice, zero, NULL, one[1], NULL, 5, 0));
	SHOW(SYS(splice, one[0], NULL, null, NULL, 100, 0));
}

static void between_pipes(void)
{
	MUST(write(one[1], "abcdef", 6));
	SHOW(SYS(splice, one[0], NULL, two[1], NULL, 4, 0));
	SHOW(held(two[0]));
	SHOW(SYS(splice, one[0], NULL, two[1], NULL, 100, GIFT));
	SHOW(held(two[0]));
	SHOW(SYS(splice, one[0], NULL, two[1], NULL, 100, NONBLOCK));
	SHOW(SYS(splice, one[0], NULL, one[1], NULL, 100, NONBLOCK));
	SHOW(SYS(splice, two[1], NULL, one[0], NULL, 100, 0));
	pthread_t thread = spawn(write_later, NULL);
	SHOW(SYS(splice, one[0], NULL, two[1], NULL, 100, 0));
	pthread_join(thread, NULL);
	SHOW(held(two[0]));
	INTERRUPTED(SYS(splice, one[0], NULL, two[1], NULL, 100, 0));
	RESTARTED(write_now, SYS(splice, one[0], NULL, two[1], NULL, 100, 0));
	SHOW(held(two[0]));
	MUST(fcntl(one[0], F_SETFL, O_NONBLOCK));
	SHOW(SYS(splice, one[0], NULL, two[1], NULL, 100, 0));
	MUST(fcntl(one[0], F_SETFL, 0));
	// A full one.
	MUST(fcntl(two[1], F_SETFL, O_NONBLOCK));
	static char page[4096];
	while (write(two[1], page, sizeof page) > 0)
		;
	MUST(write(one[1], "abc", 3));
	SHOW(SYS(splice, one[0], NULL, two[1], NULL, 100, 0));
	MUST(fcntl(two[1], F_SETFL, 0));
	SHOW(SYS(splice, one[0], NULL, two[1], NULL, 100, NONBLOCK));
	INTERRUPTED(SYS(splice, one[0], NULL, two[1], NULL, 100, 0));
	int file = make_file("h", "0123456789");
	SHOW(SYS(splice, file, NULL, two[1], NULL, 100, NONBLOCK));
	INTERRUPTED(SYS(splice, file, NULL, two[1], NULL, 100, 0));
	SHOW(lseek(file, 0, SEEK_CUR));
	MUST(read(two[0], page, sizeof page));
	SHOW(SYS(splice, file, NULL, two[1], NULL, 100, 0));
	SHOW(held(one[0]));
	MUST(read(two[0], page, sizeof page));
	MUST(close(one[1]));
	SHOW(SYS(splice, one[0], NULL, two[1], NULL, 100, 0));
	MUST(pipe(one));
	MUST(write(one[1], "abc", 3));
	signal(SIGPIPE, see_poke);
	pokes_seen = 0;
	MUST(close(two[0]));
	SHOW(SYS(splice, one[0], NULL, two[1], NULL, 100, 0));
	SHOW(pokes_seen);
	SHOW(SYS(splice, file, NULL, two[1], NULL, 100, 0));
	SHOW(held(one[0]));
}

static void with_sockets(void)
{
	int pair[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	MUST(write(one[1], "to a socket", 11));
	SHOW(SYS(splice, one[0], NULL, pair[0], NULL, 100, 0));
	SHOW(SYS(splice, pair[1], NULL, one[1], NULL, 100, 0));
	SHOW(held(one[0]));
	SHOW(SYS(splice, pair[1], NULL, one[1], NULL, 100, NONBLOCK));
	MUST(fcntl(pair[1], F_SETFL, O_NONBLOCK));
	SHOW(SYS(splice, pair[1], NULL, one[1], NULL, 100, 0));
	MUST(shutdown(pair[0], SHUT_WR));
	SHOW(SYS(splice, pair[1], NULL, one[1], NULL, 100, 0));
	long at = 0;
	SHOW(SYS(splice, pair[1], &at, one[1], NULL, 100, 0));
}

static void much(void)
{
	static char bytes[300000], back[300000];
	int ends[2];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 7 + i / 4096);
	int in = make_file("in", ""), out = make_file("out", "");
	MUST(write(in, bytes, sizeof bytes));
	MUST(lseek(in, 0, SEEK_SET));
	MUST(pipe(ends));
	long moved = 0, step;
	while ((step = SYS(splice, in, NULL, ends[1], NULL, sizeof bytes, 0)) > 0)
		while (step > 0) {
			long part = MUST(SYS(splice, ends[0], NULL, out, NULL, step, 0));
			step -= part;
			moved += part;
		}
	SHOW(moved);
	SHOW(pread(out, back, sizeof back, 0));
	YES(memcmp(bytes, back, sizeof back) == 0);
}

int main(void)
{
	enter_directory();
	MUST(pipe(one));
	MUST(pipe(two));
	between_files();
	between_pipes();
	with_sockets();
	much();
	return 0;
}
