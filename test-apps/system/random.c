// getrandom(2): lengths, flags, errors, and numbers that differ.
#include "../test.h"

int main(void)
{
	unsigned char a[32] = { 0 }, b[32] = { 0 };
	static unsigned char large[100000];
	int seen[256] = { 0 }, values = 0;

	SHOW(SYS(getrandom, a, 32, 0));
	SHOW(SYS(getrandom, b, 32, 1));
	YES(memcmp(a, b, 32) != 0);
	SHOW(SYS(getrandom, a, 32, 2));
	SHOW(SYS(getrandom, a, 32, 4));
	SHOW(SYS(getrandom, a, 0, 0));
	SHOW(SYS(getrandom, large, sizeof large, 0));
	for (size_t i = 0; i < sizeof large; i++)
		if (seen[large[i]]++ == 0)
			values++;
	SHOW(values);
	SHOW(SYS(getrandom, a, 32, 6));
	SHOW(SYS(getrandom, a, 32, 8));
	SHOW(SYS(getrandom, BAD, 32, 0));
	SHOW(SYS(getrandom, KERNEL, 32, 0));
	return 0;
}
