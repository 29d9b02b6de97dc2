// futex(2): LOCK_PI, TRYLOCK_PI, UNLOCK_PI: ownership, waiting, errors.
#include "../test.h"
#include "futex.h"

static uint32_t word;
static atomic_int got;

static void *take(void *unused)
{
	(void)unused;
	SHOW(FUTEX(&word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	SHOW(FUTEX(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	struct timespec past = { 1, 0 };
	SHOW(FUTEX(&word, FUTEX_LOCK_PI_PRIVATE, 0, &past, NULL, 0));
	got = 1;
	SHOW(FUTEX(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	YES((word & 0x3fffffff) == (uint32_t)thread_id());
	got = 2;
	SHOW(FUTEX(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	return NULL;
}

static atomic_int is_held, may_end;

static void *hold(void *unused)
{
	(void)unused;
	SHOW(FUTEX(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	is_held = 1;
	WAIT_FOR(may_end);
	FUTEX(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
	return NULL;
}

static void let_go(void)
{
	may_end = 1;
}

// A signal does not end it, whatever the handler's flags.
static void signals(void)
{
	struct poker poker;
	pthread_t thread = spawn(hold, NULL);

	YES(WAIT_FOR(is_held));
	poke_start(&poker, 0, let_go);
	SHOW(FUTEX(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	poke_stop(&poker);
	pthread_join(thread, NULL);
	YES(pokes_seen >= 2);
	SHOW(FUTEX(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	SHOW(FUTEX(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	SHOW(word);
}

int main(void)
{
	SHOW(FUTEX(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	YES(word == (uint32_t)thread_id());
	SHOW(FUTEX(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	pthread_t thread = spawn(take, NULL);
	YES(WAIT_FOR(got == 1));
	YES(WAIT_FOR(__atomic_load_n(&word, __ATOMIC_SEQ_CST) & FUTEX_WAITERS));
	long unlocked = FUTEX(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
	pthread_join(thread, NULL);
	SHOW(unlocked);
	SHOW(got);
	SHOW(word);
	SHOW(FUTEX(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	SHOW(FUTEX(BAD, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	signals();
	return 0;
}
