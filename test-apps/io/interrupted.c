// A signal during calls that wait for a descriptor: open(2) of a FIFO, readv(2), writev(2),
// preadv2(2), sendfile(2), eventfd(2), signalfd(2): EINTR, a new beginning, or EAGAIN at once.
#include "../test.h"
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/uio.h>

static int in, out, counter;
static pthread_t other_side;

static void feed(void)
{
	MUST(write(out, "fed", 3));
}

static void drain(void)
{
	static char sink[65536];

	MUST(read(in, sink, sizeof sink));
}

static void add(void)
{
	uint64_t value = 5;

	MUST(write(counter, &value, 8));
}

static void take(void)
{
	uint64_t value;

	MUST(read(counter, &value, 8));
}

static void send_signal(void)
{
	MUST(SYS(tgkill, getpid(), getpid(), SIGUSR2));
}

static void *open_reader(void *unused)
{
	(void)unused;
	return (void *)(intptr_t)open("fifo", O_RDONLY);
}

static void *open_writer(void *unused)
{
	(void)unused;
	return (void *)(intptr_t)open("fifo", O_WRONLY);
}

static void reader_comes(void)
{
	other_side = spawn(open_reader, NULL);
}

static void writer_comes(void)
{
	other_side = spawn(open_writer, NULL);
}

static void close_both(int fd)
{
	void *other;

	pthread_join(other_side, &other);
	SHOW(close((int)(intptr_t)other));
	SHOW(close(fd));
}

static void fifos(void)
{
	int fd;

	MUST(mkfifo("fifo", 0600));
	INTERRUPTED(open("fifo", O_RDONLY));
	INTERRUPTED(open("fifo", O_WRONLY));
	RESTARTED(writer_comes, (fd = open("fifo", O_RDONLY)) >= 0);
	close_both(fd);
	RESTARTED(reader_comes, (fd = open("fifo", O_WRONLY)) >= 0);
	close_both(fd);
	SHOW(open("fifo", O_WRONLY | O_NONBLOCK));
	OK(fd = open("fifo", O_RDONLY | O_NONBLOCK));
	SHOW(close(fd));
}

static void pipes(void)
{
	static char text[100000];
	struct iovec parts[2] = { { text, 2 }, { text + 2, 2 } };
	struct iovec great[2] = { { text, 50000 }, { text + 50000, 50000 } };
	int ends[2], file = make_file("f", "some bytes");

	MUST(pipe(ends));
	in = ends[0];
	out = ends[1];
	INTERRUPTED(readv(in, parts, 2));
	INTERRUPTED(SYS(preadv2, in, parts, 2, -1L, 0L, 0));
	RESTARTED(feed, readv(in, parts, 2));
	RESTARTED(feed, SYS(preadv2, in, parts, 2, -1L, 0L, 0));
	MUST(fcntl(in, F_SETFL, O_NONBLOCK));
	SHOW(readv(in, parts, 2));
	SHOW(SYS(preadv2, in, parts, 2, -1L, 0L, 0));
	MUST(fcntl(in, F_SETFL, 0));
	SHOW(SYS(preadv2, in, parts, 2, -1L, 0L, 8));
	// A part was written when the signal came.
	INTERRUPTED(writev(out, great, 2) > 0);
	INTERRUPTED(writev(out, parts, 2));
	INTERRUPTED(sendfile(out, file, NULL, 10));
	SHOW(lseek(file, 0, SEEK_CUR));
	RESTARTED(drain, writev(out, parts, 2));
	MUST(fcntl(out, F_SETFL, O_NONBLOCK));
	SHOW(writev(out, great, 2) > 0);
	SHOW(writev(out, great, 2));
	SHOW(sendfile(out, file, NULL, 10));
}

static void counters(void)
{
	uint64_t value = 0xfffffffffffffffe, one = 5;
	struct signalfd_siginfo info;
	sigset_t set;

	counter = eventfd(0, 0);
	INTERRUPTED(read(counter, &one, 8));
	RESTARTED(add, read(counter, &one, 8));
	SHOW(one);
	MUST(write(counter, &value, 8));
	INTERRUPTED(write(counter, &one, 8));
	RESTARTED(take, write(counter, &one, 8));
	MUST(fcntl(counter, F_SETFL, O_NONBLOCK));
	MUST(read(counter, &one, 8));
	SHOW(read(counter, &one, 8));
	MUST(write(counter, &value, 8));
	SHOW(write(counter, &one, 8));

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	int signals = signalfd(-1, &set, 0);
	INTERRUPTED(read(signals, &info, sizeof info));
	RESTARTED(send_signal, read(signals, &info, sizeof info));
	say("%s", signal_name((int)info.ssi_signo));
	MUST(fcntl(signals, F_SETFL, O_NONBLOCK));
	SHOW(read(signals, &info, sizeof info));
}

int main(void)
{
	enter_directory();
	fifos();
	pipes();
	counters();
	return 0;
}
