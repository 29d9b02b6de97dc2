// set_robust_list(2), get_robust_list(2): errors, and what the end of a thread does to the words
// on its list, with waiters that wait for a lock or for something else.
#include "../test.h"
#include <stddef.h>
#include "futex.h"

struct lock { struct lock *next; uint32_t word; };
struct head { struct lock *first; long offset; struct lock *pending; };

static struct lock locks[4];
static struct head head;
static atomic_int got, may_end;

// The mark of a lock with priority inheritance in the pointer to it.
static struct lock *handed_over(struct lock *lock)
{
	return (struct lock *)(void *)((char *)lock + 1);
}

static void *hold(void *unused)
{
	uint32_t tid = (uint32_t)thread_id();

	(void)unused;
	head.offset = offsetof(struct lock, word);
	head.first = &locks[0];
	locks[0].next = handed_over(&locks[1]);
	locks[1].next = handed_over(&locks[2]);
	locks[2].next = &locks[3];
	locks[3].next = (struct lock *)(void *)&head;
	for (int i = 0; i < 4; i++)
		locks[i].word = tid;
	// Nobody waits, though it says so.
	locks[3].word |= FUTEX_WAITERS;
	head.pending = NULL;
	MUST(SYS(set_robust_list, &head, sizeof head));
	got = 1;
	WAIT_FOR(may_end);
	SYS(exit, 0);
	return NULL;
}

static void *lock_second(void *unused)
{
	(void)unused;
	SHOW(FUTEX(&locks[1].word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	return NULL;
}

static void *wait_third(void *unused)
{
	uint32_t value = locks[2].word;

	(void)unused;
	got = 2;
	FUTEX(&locks[2].word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
	return NULL;
}

int main(void)
{
	struct head *own = NULL;
	size_t size = 0;

	SHOW(SYS(set_robust_list, &head, 0L));
	SHOW(SYS(set_robust_list, &head, sizeof head + 1));
	SHOW(SYS(set_robust_list, BAD, sizeof head));
	SHOW(SYS(get_robust_list, 0, &own, &size));
	YES(own == BAD && size == sizeof head);
	SHOW(SYS(set_robust_list, NULL, sizeof head));
	SHOW(SYS(get_robust_list, thread_id(), &own, &size));
	YES(own == NULL);
	SHOW(SYS(get_robust_list, 0x3fffffff, &own, &size));
	SHOW(SYS(get_robust_list, 0, BAD, &size));
	SHOW(SYS(get_robust_list, 0, &own, BAD));

	// The thread's own end is the kernel's alone, so it is not joined.
	spawn(hold, NULL);
	YES(WAIT_FOR(got == 1));
	pthread_t first = spawn(lock_second, NULL);
	YES(WAIT_FOR(__atomic_load_n(&locks[1].word, __ATOMIC_SEQ_CST) & FUTEX_WAITERS));
	pthread_t second = spawn(wait_third, NULL);
	YES(WAIT_FOR(got == 2));
	sleep_ms(100);
	may_end = 1;
	pthread_join(first, NULL);
	YES(WAIT_FOR(__atomic_load_n(&locks[3].word, __ATOMIC_SEQ_CST) & FUTEX_OWNER_DIED));
	say("%x %x %x", locks[0].word, locks[2].word & (FUTEX_WAITERS | FUTEX_OWNER_DIED), locks[3].word);
	YES(locks[1].word & FUTEX_OWNER_DIED);
	SHOW(FUTEX(&locks[2].word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	pthread_join(second, NULL);
	return 0;
}
