// membarrier(2): the query, private barriers once registered, what is registered, errors.
#include "../test.h"

#define QUERY 0
#define PRIVATE_EXPEDITED 8
#define REGISTER_PRIVATE_EXPEDITED 16
#define SYNC_CORE 32
#define REGISTER_SYNC_CORE 64
#define RSEQ 128
#define REGISTER_RSEQ 256
#define GET_REGISTRATIONS 512

int main(void)
{
	long supported = SYS(membarrier, QUERY, 0, 0);

	YES(supported > 0 && (supported & PRIVATE_EXPEDITED));
	SHOW(SYS(membarrier, PRIVATE_EXPEDITED, 0, 0));
	SHOW(SYS(membarrier, REGISTER_PRIVATE_EXPEDITED, 0, 0));
	SHOW(SYS(membarrier, PRIVATE_EXPEDITED, 0, 0));
	SHOW(SYS(membarrier, 9999, 0, 0));
	SHOW(SYS(membarrier, QUERY, 99, 0));

	say("sequences");
	SHOW(SYS(membarrier, GET_REGISTRATIONS, 0, 0));
	SHOW(SYS(membarrier, RSEQ, 0, 0));
	SHOW(SYS(membarrier, REGISTER_RSEQ, 1, 0));
	SHOW(SYS(membarrier, REGISTER_RSEQ, 0, 0));
	SHOW(SYS(membarrier, GET_REGISTRATIONS, 0, 0));
	SHOW(SYS(membarrier, RSEQ, 0, 0));
	SHOW(SYS(membarrier, RSEQ, 1, 0));
	SHOW(SYS(membarrier, RSEQ, 1, 100000));
	SHOW(SYS(membarrier, RSEQ, 1, -1));
	SHOW(SYS(membarrier, RSEQ, 2, 0));
	SHOW(SYS(membarrier, SYNC_CORE, 0, 0));
	SHOW(SYS(membarrier, REGISTER_SYNC_CORE, 0, 0));
	SHOW(SYS(membarrier, SYNC_CORE, 0, 0));
	SHOW(SYS(membarrier, SYNC_CORE, 1, 0));
	SHOW(SYS(membarrier, GET_REGISTRATIONS, 0, 0));
	SHOW(SYS(membarrier, GET_REGISTRATIONS, 1, 0));
	return 0;
}
