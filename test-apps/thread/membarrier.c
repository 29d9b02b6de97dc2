// membarrier(2): the query, a private barrier once registered, errors.
#include "../test.h"

#define QUERY 0
#define PRIVATE_EXPEDITED 8
#define REGISTER_PRIVATE_EXPEDITED 16

int main(void)
{
	long supported = SYS(membarrier, QUERY, 0, 0);

	YES(supported > 0 && (supported & PRIVATE_EXPEDITED));
	SHOW(SYS(membarrier, PRIVATE_EXPEDITED, 0, 0));
	SHOW(SYS(membarrier, REGISTER_PRIVATE_EXPEDITED, 0, 0));
	SHOW(SYS(membarrier, PRIVATE_EXPEDITED, 0, 0));
	SHOW(SYS(membarrier, 9999, 0, 0));
	SHOW(SYS(membarrier, QUERY, 99, 0));
	return 0;
}
