// brk(2): growing, shrinking, zeroes, refusals.
#include "../test.h"

int main(void)
{
	char *start = (char *)SYS(brk, 0);

	YES(start != NULL);
	YES((char *)SYS(brk, start + 10000) == start + 10000);
	YES(start[0] == 0 && start[9999] == 0);
	memset(start, 5, 10000);
	YES((char *)SYS(brk, start + 100) == start + 100);
	YES(start[99] == 5);
	YES((char *)SYS(brk, start + 20000) == start + 20000);
	YES(start[12000] == 0 && start[19999] == 0);
	YES((char *)SYS(brk, 1) == start + 20000);
	YES((char *)SYS(brk, KERNEL) == start + 20000);
	YES((char *)SYS(brk, start) == start);
	return 0;
}
