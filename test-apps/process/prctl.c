// prctl(2): names, death signal, dumpable, capabilities, no new privileges.
#include "../test.h"
#include <sys/prctl.h>

static void *named(void *unused)
{
	char name[16] = "";

	(void)unused;
	SHOW(prctl(PR_SET_NAME, "worker"));
	SHOW(prctl(PR_GET_NAME, name));
	say("%s", name);
	return NULL;
}

int main(void)
{
	char name[17] = "################";
	int number = -1;

	SHOW(prctl(PR_SET_NAME, "a-name-longer-than-fifteen"));
	SHOW(prctl(PR_GET_NAME, name));
	say("%s", name);
	pthread_join(spawn(named, NULL), NULL);
	MUST(prctl(PR_GET_NAME, name));
	say("%s", name);
	SHOW(SYS(prctl, PR_SET_NAME, BAD));
	SHOW(SYS(prctl, PR_GET_NAME, BAD));
	SHOW(prctl(PR_GET_DUMPABLE));
	SHOW(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
	SHOW(prctl(PR_GET_DUMPABLE));
	SHOW(prctl(PR_SET_DUMPABLE, 9, 0, 0, 0));
	SHOW(prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0));
	SHOW(prctl(PR_GET_PDEATHSIG, &number, 0, 0, 0));
	SHOW(number);
	SHOW(prctl(PR_SET_PDEATHSIG, 999, 0, 0, 0));
	SHOW(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0));
	SHOW(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
	SHOW(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0));
	SHOW(prctl(PR_CAPBSET_READ, 0, 0, 0, 0));
	SHOW(prctl(PR_CAPBSET_READ, 1000, 0, 0, 0));
	SHOW(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	SHOW(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	SHOW(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	SHOW(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
	SHOW(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
	SHOW(prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0));
	SHOW(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
	SHOW(prctl(123456, 0, 0, 0, 0));
	return 0;
}
