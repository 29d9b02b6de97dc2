// A signal during futex(2) and futex_waitv(2): EINTR, a new beginning with SA_RESTART, but with a
// timeout of FUTEX_WAIT always EINTR where a handler ran.
#include "../test.h"
#include "futex.h"

static uint32_t word;
static struct waitv words[2];

static void wake(void)
{
	MUST(WAIT_FOR(FUTEX(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) == 1) ? 0 : -1);
}

#define WAIT(timeout) FUTEX(&word, FUTEX_WAIT_PRIVATE, 0, timeout, NULL, 0)
#define WAIT_SET(timeout) FUTEX(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, timeout, NULL, 1)
#define WAIT_MANY(timeout) SYS(futex_waitv, words, 2, 0, timeout, CLOCK_MONOTONIC)

int main(void)
{
	struct timespec minute = { 60, 0 }, at, brief = { 0, 1000000 };
	uint32_t other = 0;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += 60;
	words[0] = (struct waitv){ 0, (uintptr_t)&other, FUTEX_32 | FUTEX_PRIVATE, 0 };
	words[1] = (struct waitv){ 0, (uintptr_t)&word, FUTEX_32 | FUTEX_PRIVATE, 0 };

	INTERRUPTED(WAIT(NULL));
	INTERRUPTED(WAIT(&minute));
	RESTARTED(wake, WAIT(NULL));
	NOT_RESTARTED(WAIT(&minute));
	SHOW(WAIT(&brief));
	INTERRUPTED(WAIT_SET(NULL));
	INTERRUPTED(WAIT_SET(&at));
	RESTARTED(wake, WAIT_SET(NULL));
	NOT_RESTARTED(WAIT_SET(&at));
	SHOW(WAIT_SET(&brief));
	INTERRUPTED(WAIT_MANY(NULL));
	INTERRUPTED(WAIT_MANY(&at));
	RESTARTED(wake, WAIT_MANY(NULL));
	RESTARTED(wake, WAIT_MANY(&at));
	SHOW(WAIT_MANY(&brief));
	return 0;
}
