// A write to a pipe that nobody reads: SIGPIPE, which ends the program.
#include "../test.h"

int main(void)
{
	int ends[2];

	MUST(pipe(ends));
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	SHOW(write(ends[1], "x", 1));
	signal(SIGPIPE, SIG_DFL);
	SHOW(write(ends[1], "x", 1));
	return 3;
}
