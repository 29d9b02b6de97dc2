// rseq(2): registration sizes and errors. (The C library may hold it already.)
#include "../test.h"

int main(void)
{
	SHOW(SYS(rseq, NULL, 0, 0, 0) == -1);
	SHOW(SYS(rseq, NULL, 0, 99, 0) == -1 && errno == EINVAL);
	return 0;
}
