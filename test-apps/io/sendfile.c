// sendfile(2): to a pipe, a file and a socket, with and without an offset, errors.
#include "../test.h"
#include <sys/sendfile.h>
#include <sys/socket.h>

int main(void)
{
	enter_directory();
	int fd = make_file("f", "0123456789");
	int out = make_file("g", "");
	int ends[2], pair[2];
	char text[32] = "";
	off_t at = 3;

	MUST(pipe(ends));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	SHOW(sendfile(ends[1], fd, NULL, 4));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(sendfile(ends[1], fd, &at, 4));
	SHOW(at);
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(read(ends[0], text, 31));
	say("%s", text);
	SHOW(sendfile(out, fd, NULL, 100));
	SHOW(sendfile(out, fd, NULL, 100));
	at = 0;
	SHOW(sendfile(pair[0], fd, &at, 10));
	memset(text, 0, sizeof text);
	SHOW(read(pair[1], text, 31));
	say("%s", text);
	SHOW(pread(out, text, 31, 0));
	SHOW(sendfile(out, fd, &at, 0));
	at = 100;
	SHOW(sendfile(out, fd, &at, 5));
	at = -1;
	SHOW(sendfile(out, fd, &at, 5));
	SHOW(sendfile(-1, fd, NULL, 5));
	SHOW(sendfile(out, -1, NULL, 5));
	SHOW(SYS(sendfile, out, fd, BAD, 5));
	SHOW(SYS(sendfile, -1, -1, BAD, 5));
	int reader = (int)MUST(open("f", O_RDONLY));
	int writer = (int)MUST(open("f", O_WRONLY));
	SHOW(sendfile(reader, fd, NULL, 5));
	SHOW(sendfile(out, writer, NULL, 5));
	SHOW(sendfile(out, pair[0], NULL, 5));
	at = 0;
	SHOW(sendfile(out, ends[0], &at, 5));
	int append = (int)MUST(open("g", O_WRONLY | O_APPEND));
	SHOW(sendfile(append, fd, NULL, 5));
	return 0;
}
