// vmsplice(2): the program's memory into a pipe and out of it.
#include "../test.h"
#include <sys/uio.h>

static int ends[2];

static void read_now(void)
{
	static char bytes[65536];
	MUST(read(ends[0], bytes, sizeof bytes));
}

static void write_now(void)
{
	MUST(write(ends[1], "now", 3));
}

int main(void)
{
	static char a[] = "abc", b[] = "defgh", page[4096] __attribute__((aligned(4096)));
	char text[32] = "", more[8] = "";
	struct iovec out[2] = { { a, 3 }, { b, 5 } }, in[2] = { { text, 4 }, { more, 7 } };

	enter_directory();
	MUST(pipe(ends));
	int file = make_file("f", "abc");
	SHOW(SYS(vmsplice, ends[1], out, 2, 0));
	SHOW(read(ends[0], text, 31));
	say("%s", text);
	SHOW(SYS(vmsplice, ends[1], out, 2, 4));
	memset(text, 0, sizeof text);
	SHOW(SYS(vmsplice, ends[0], in, 2, 0));
	say("%s %s", text, more);
	SHOW(SYS(vmsplice, ends[1], out, 0, 0));
	SHOW(SYS(vmsplice, ends[0], in, 2, 2));
	SHOW(SYS(vmsplice, ends[0], in, 0, 0));
	INTERRUPTED(SYS(vmsplice, ends[0], in, 2, 0));
	RESTARTED(write_now, SYS(vmsplice, ends[0], in, 2, 0));
	MUST(fcntl(ends[0], F_SETFL, O_NONBLOCK));
	MUST(fcntl(ends[0], F_SETFL, 0));

	struct iovec whole = { page, sizeof page };
	for (int i = 0; i < 16; i++)
		MUST(SYS(vmsplice, ends[1], &whole, 1, 0));
	SHOW(SYS(vmsplice, ends[1], &whole, 1, 2));
	INTERRUPTED(SYS(vmsplice, ends[1], &whole, 1, 0));
	RESTARTED(read_now, SYS(vmsplice, ends[1], &whole, 1, 0));
	SHOW(read(ends[0], page, sizeof page));

	out[0].iov_base = BAD;
	SHOW(SYS(vmsplice, ends[1], out, 1, 0));
	out[0].iov_base = KERNEL;
	SHOW(SYS(vmsplice, ends[1], out, 1, 0));
	MUST(write(ends[1], "abcd", 4));
	in[0].iov_base = BAD;
	SHOW(SYS(vmsplice, ends[0], in, 1, 0));
	SHOW(SYS(vmsplice, ends[1], BAD, 1, 0));
	SHOW(SYS(vmsplice, ends[1], out, 1025, 0));
	SHOW(SYS(vmsplice, ends[1], out, 1, 16));
	SHOW(SYS(vmsplice, -1, out, 1, 0));
	SHOW(SYS(vmsplice, -1, out, 1, 16));
	SHOW(SYS(vmsplice, file, out + 1, 1, 0));
	SHOW(SYS(vmsplice, file, out, 0, 0));
	signal(SIGPIPE, see_poke);
	pokes_seen = 0;
	MUST(close(ends[0]));
	SHOW(SYS(vmsplice, ends[1], out + 1, 1, 0));
	SHOW(pokes_seen);
	return 0;
}
