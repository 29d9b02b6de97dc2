// splice(2), tee(2), vmsplice(2): between pipes and files.
#include "../test.h"
#include <sys/uio.h>

int main(void)
{
	enter_directory();
	int fd = make_file("f", "0123456789");
	int out = make_file("g", "");
	int a[2], b[2];
	char text[32] = "";
	long at = 2;

	MUST(pipe2(a, O_NONBLOCK));
	MUST(pipe2(b, O_NONBLOCK));
	SHOW(SYS(splice, fd, &at, a[1], NULL, 5, 0));
	SHOW(at);
	SHOW(SYS(tee, a[0], b[1], 100, 0));
	SHOW(read(b[0], text, 31));
	say("%s", text);
	SHOW(SYS(splice, a[0], NULL, out, NULL, 100, 0));
	SHOW(pread(out, text, 31, 0));
	SHOW(SYS(splice, a[0], NULL, out, NULL, 100, 2));
	struct iovec part = { "abc", 3 };
	SHOW(SYS(vmsplice, a[1], &part, 1, 0));
	SHOW(SYS(splice, a[0], NULL, b[1], NULL, 2, 0));
	SHOW(read(b[0], text, 31));
	SHOW(SYS(splice, fd, NULL, out, NULL, 5, 0));
	SHOW(SYS(splice, a[0], &at, out, NULL, 5, 0));
	SHOW(SYS(splice, a[0], NULL, -1, NULL, 5, 0));
	SHOW(SYS(tee, fd, b[1], 5, 0));
	return 0;
}
