// A write into a pipe nobody reads kills by SIGPIPE.
#include "../test.h"

int main(void)
{
	int ends[2];

	MUST(pipe(ends));
	MUST(close(ends[0]));
	say("writing");
	write(ends[1], "x", 1) == 1 ? say("written") : say("refused");
	return 3;
}
