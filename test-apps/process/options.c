// prctl(2) in breadth: what is set and told again, what x86 has not, arguments that must be zero.
#include "../test.h"
#include <sys/prctl.h>

#ifndef PR_GET_TID_ADDRESS
#define PR_GET_TID_ADDRESS 40
#endif
#ifndef PR_CAP_AMBIENT
#define PR_CAP_AMBIENT 47
#endif

#define PRCTL(option, a, b, c, d) SYS(prctl, (long)(option), (long)(a), (long)(b), (long)(c), (long)(d))

static void show_number(const char *what, int option)
{
	int number = -7;
	long result = PRCTL(option, &number, 0, 0, 0);

	if (result == -1)
		say("%s: %s", what, errno_name(errno));
	else
		say("%s: %ld, %d", what, result, number);
}

int main(void)
{
	int *address = NULL;

	// Of a parent there may be.
	show_number("PR_GET_PDEATHSIG", PR_GET_PDEATHSIG);
	SHOW(PRCTL(PR_SET_PDEATHSIG, 64, 0, 0, 0));
	show_number("PR_GET_PDEATHSIG", PR_GET_PDEATHSIG);
	SHOW(PRCTL(PR_SET_PDEATHSIG, 65, 0, 0, 0));
	SHOW(PRCTL(PR_SET_PDEATHSIG, -1, 0, 0, 0));
	SHOW(PRCTL(PR_SET_PDEATHSIG, 0, 0, 0, 0));
	SHOW(PRCTL(PR_GET_PDEATHSIG, BAD, 0, 0, 0));
	show_number("PR_GET_CHILD_SUBREAPER", PR_GET_CHILD_SUBREAPER);
	SHOW(PRCTL(PR_SET_CHILD_SUBREAPER, 5, 0, 0, 0));
	show_number("PR_GET_CHILD_SUBREAPER", PR_GET_CHILD_SUBREAPER);
	SHOW(PRCTL(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0));
	show_number("PR_GET_CHILD_SUBREAPER", PR_GET_CHILD_SUBREAPER);
	SHOW(PRCTL(PR_GET_CHILD_SUBREAPER, BAD, 0, 0, 0));

	// Dumps.
	SHOW(PRCTL(PR_SET_DUMPABLE, 2, 0, 0, 0));
	SHOW(PRCTL(PR_SET_DUMPABLE, -1, 0, 0, 0));
	SHOW(PRCTL(PR_SET_DUMPABLE, 1, 0, 0, 0));
	SHOW(PRCTL(PR_GET_DUMPABLE, 7, 7, 7, 7));

	// Clocks and machines.
	SHOW(PRCTL(PR_GET_TIMING, 0, 0, 0, 0));
	SHOW(PRCTL(PR_SET_TIMING, PR_TIMING_STATISTICAL, 0, 0, 0));
	SHOW(PRCTL(PR_SET_TIMING, PR_TIMING_TIMESTAMP, 0, 0, 0));
	show_number("PR_GET_TSC", PR_GET_TSC);
	SHOW(PRCTL(PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0));
	SHOW(PRCTL(PR_SET_TSC, 9, 0, 0, 0));
	SHOW(PRCTL(PR_GET_TSC, BAD, 0, 0, 0));
	show_number("PR_GET_UNALIGN", PR_GET_UNALIGN);
	show_number("PR_GET_FPEMU", PR_GET_FPEMU);
	show_number("PR_GET_FPEXC", PR_GET_FPEXC);
	show_number("PR_GET_ENDIAN", PR_GET_ENDIAN);
	SHOW(PRCTL(PR_SET_UNALIGN, 1, 0, 0, 0));
	SHOW(PRCTL(PR_SET_FPEMU, 1, 0, 0, 0));
	SHOW(PRCTL(PR_SET_FPEXC, 1, 0, 0, 0));
	SHOW(PRCTL(PR_SET_ENDIAN, 1, 0, 0, 0));

	// The slack of timers.
	SHOW(PRCTL(PR_SET_TIMERSLACK, 12345, 0, 0, 0));
	SHOW(PRCTL(PR_GET_TIMERSLACK, 0, 0, 0, 0));
	SHOW(PRCTL(PR_SET_TIMERSLACK, 0, 0, 0, 0));
	SHOW(PRCTL(PR_GET_TIMERSLACK, 0, 0, 0, 0));

	// Memory that fails.
	SHOW(PRCTL(PR_MCE_KILL_GET, 0, 0, 0, 0));
	SHOW(PRCTL(PR_MCE_KILL_GET, 1, 0, 0, 0));
	SHOW(PRCTL(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0));
	SHOW(PRCTL(PR_MCE_KILL_GET, 0, 0, 0, 0));
	SHOW(PRCTL(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_LATE, 0, 0));
	SHOW(PRCTL(PR_MCE_KILL_GET, 0, 0, 0, 0));
	SHOW(PRCTL(PR_MCE_KILL, PR_MCE_KILL_SET, 9, 0, 0));
	SHOW(PRCTL(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 1, 0, 0));
	SHOW(PRCTL(PR_MCE_KILL, 9, 0, 0, 0));
	SHOW(PRCTL(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 0, 0));
	SHOW(PRCTL(PR_MCE_KILL_GET, 0, 0, 0, 0));

	// Huge pages.
	SHOW(PRCTL(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	SHOW(PRCTL(PR_SET_THP_DISABLE, 1, 0, 0, 0));
	SHOW(PRCTL(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	SHOW(PRCTL(PR_SET_THP_DISABLE, 0, 0, 0, 0));
	SHOW(PRCTL(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	SHOW(PRCTL(PR_GET_THP_DISABLE, 1, 0, 0, 0));
	SHOW(PRCTL(PR_SET_THP_DISABLE, 1, 0, 1, 0));

	// Where the id is cleared at the end.
	SHOW(PRCTL(PR_GET_TID_ADDRESS, &address, 0, 0, 0));
	int word;
	SYS(set_tid_address, &word);
	MUST(PRCTL(PR_GET_TID_ADDRESS, &address, 0, 0, 0));
	YES(address == &word);
	SYS(set_tid_address, 0);
	SHOW(PRCTL(PR_GET_TID_ADDRESS, BAD, 0, 0, 0));

	// Privileges.
	SHOW(PRCTL(PR_GET_SECUREBITS, 0, 0, 0, 0));
	SHOW(PRCTL(PR_SET_KEEPCAPS, 2, 0, 0, 0));
	SHOW(PRCTL(PR_SET_KEEPCAPS, 1, 0, 0, 0));
	SHOW(PRCTL(PR_GET_SECUREBITS, 0, 0, 0, 0));
	SHOW(PRCTL(PR_SET_KEEPCAPS, 0, 0, 0, 0));
	SHOW(PRCTL(PR_GET_SECUREBITS, 0, 0, 0, 0));
	SHOW(PRCTL(PR_CAPBSET_READ, 41, 0, 0, 0));
	SHOW(PRCTL(PR_CAPBSET_READ, -1, 0, 0, 0));
	SHOW(PRCTL(PR_CAPBSET_READ, 13, 0, 0, 0));
	SHOW(PRCTL(PR_CAPBSET_DROP, 13, 0, 0, 0));
	SHOW(PRCTL(PR_CAPBSET_READ, 13, 0, 0, 0));
	SHOW(PRCTL(PR_CAPBSET_READ, 12, 0, 0, 0));
	SHOW(PRCTL(PR_CAPBSET_DROP, 64, 0, 0, 0));
	SHOW(PRCTL(PR_CAP_AMBIENT, 1, 12, 0, 0));
	SHOW(PRCTL(PR_CAP_AMBIENT, 1, 99, 0, 0));
	SHOW(PRCTL(PR_CAP_AMBIENT, 1, 12, 1, 0));
	SHOW(PRCTL(PR_CAP_AMBIENT, 2, 12, 0, 0));
	SHOW(PRCTL(PR_CAP_AMBIENT, 3, 12, 0, 0));
	SHOW(PRCTL(PR_CAP_AMBIENT, 4, 0, 0, 0));
	SHOW(PRCTL(PR_CAP_AMBIENT, 4, 1, 0, 0));
	SHOW(PRCTL(PR_CAP_AMBIENT, 9, 0, 0, 0));
	SHOW(PRCTL(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0));
	SHOW(PRCTL(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 1));
	SHOW(PRCTL(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0));
	SHOW(PRCTL(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 1));
	SHOW(PRCTL(PR_SET_NO_NEW_PRIVS, 2, 0, 0, 0));

	// What is not there.
	SHOW(PRCTL(43, 0, 0, 0, 0));
	SHOW(PRCTL(44, 0, 0, 0, 0));
	SHOW(PRCTL(45, 1, 0, 0, 0));
	SHOW(PRCTL(46, 0, 0, 0, 0));
	SHOW(PRCTL(0, 0, 0, 0, 0));
	SHOW(PRCTL(-1, 0, 0, 0, 0));
	SHOW(PRCTL(1000, 0, 0, 0, 0));
	return 0;
}
