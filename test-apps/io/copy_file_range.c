// copy_file_range(2): offsets, one file onto itself, errors.
#include "../test.h"

int main(void)
{
	enter_directory();
	int in = make_file("in", "0123456789");
	int out = make_file("out", "");
	char text[32] = "";
	long from = 2, to = 5;
	int ends[2];

	SHOW(SYS(copy_file_range, in, NULL, out, NULL, 4, 0));
	SHOW(lseek(in, 0, SEEK_CUR));
	SHOW(lseek(out, 0, SEEK_CUR));
	SHOW(SYS(copy_file_range, in, &from, out, &to, 3, 0));
	SHOW(from);
	SHOW(to);
	SHOW(SYS(copy_file_range, in, NULL, out, NULL, 100, 0));
	SHOW(SYS(copy_file_range, in, NULL, out, NULL, 100, 0));
	SHOW(pread(out, text, 31, 0));
	say("%s", text);
	from = 0, to = 20;
	SHOW(SYS(copy_file_range, in, &from, in, &to, 5, 0));
	from = 0, to = 2;
	SHOW(SYS(copy_file_range, in, &from, in, &to, 5, 0));
	SHOW(SYS(copy_file_range, in, NULL, out, NULL, 5, 1));
	from = -1;
	SHOW(SYS(copy_file_range, in, &from, out, &to, 5, 0));
	SHOW(SYS(copy_file_range, in, BAD, out, NULL, 5, 0));
	SHOW(SYS(copy_file_range, -1, NULL, out, NULL, 5, 0));
	SHOW(SYS(copy_file_range, in, NULL, -1, NULL, 5, 0));
	MUST(pipe(ends));
	SHOW(SYS(copy_file_range, in, NULL, ends[1], NULL, 5, 0));
	SHOW(SYS(copy_file_range, ends[0], NULL, out, NULL, 5, 0));
	int reader = (int)MUST(open("out", O_RDONLY));
	SHOW(SYS(copy_file_range, in, NULL, reader, NULL, 5, 0));
	int append = (int)MUST(open("out", O_WRONLY | O_APPEND));
	SHOW(SYS(copy_file_range, in, NULL, append, NULL, 5, 0));
	int directory = (int)MUST(open(".", O_RDONLY));
	SHOW(SYS(copy_file_range, directory, NULL, out, NULL, 5, 0));
	return 0;
}
