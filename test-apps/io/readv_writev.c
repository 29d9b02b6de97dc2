// readv(2), writev(2): order, partial filling, limits and errors.
#include "../test.h"
#include <limits.h>
#include <sys/uio.h>

int main(void)
{
	enter_directory();
	int fd = make_file("f", "");
	char a[4] = "", b[4] = "", c[8] = "";
	struct iovec out[3] = { { "abc", 3 }, { "", 0 }, { "defgh", 5 } };
	struct iovec in[3] = { { a, 3 }, { b, 3 }, { c, 7 } };

	SHOW(writev(fd, out, 3));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(readv(fd, in, 3));
	say("%s %s %s", a, b, c);
	SHOW(readv(fd, in, 3));
	SHOW(writev(fd, out, 0));
	SHOW(readv(fd, in, 0));
	SHOW(SYS(writev, fd, out, -1L));
	SHOW(SYS(writev, fd, out, IOV_MAX + 1));
	SHOW(SYS(readv, fd, in, IOV_MAX + 1));
	SHOW(SYS(writev, fd, BAD, 1));
	SHOW(SYS(readv, fd, BAD, 1));
	SHOW(SYS(writev, fd, KERNEL, 1));
	SHOW(SYS(writev, -1, BAD, 1));

	MUST(lseek(fd, 0, SEEK_SET));
	in[1].iov_base = BAD;
	SHOW(readv(fd, in, 3));
	out[2].iov_base = BAD;
	SHOW(writev(fd, out, 3));
	out[0].iov_base = BAD;
	SHOW(writev(fd, out, 3));
	in[0].iov_len = SIZE_MAX;
	SHOW(readv(fd, in, 1));
	in[0].iov_len = SSIZE_MAX;
	in[2].iov_len = SSIZE_MAX;
	SHOW(lseek(fd, 0, SEEK_END));

	static char many[IOV_MAX];
	static struct iovec singles[IOV_MAX];
	for (int i = 0; i < IOV_MAX; i++) {
		many[i] = (char)('a' + i % 26);
		singles[i] = (struct iovec){ many + i, 1 };
	}
	MUST(lseek(fd, 0, SEEK_SET));
	SHOW(writev(fd, singles, IOV_MAX));
	// Of the number of parts only the lower half counts.
	SHOW(SYS(writev, fd, singles, 1ul << 32));
	SHOW(SYS(readv, fd, singles, 1ul << 63 | 2));
	return 0;
}
