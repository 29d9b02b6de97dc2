// futex(2) without PRIVATE: two mappings of one file share the word; words that never change.
#include "../test.h"
#include "futex.h"

static uint32_t *here, *there;
static atomic_int woken;

static void *wait_there(void *unused)
{
	(void)unused;
	if (FUTEX(there, FUTEX_WAIT, 0, NULL, NULL, 0) == 0)
		woken = 1;
	return NULL;
}

static void refuse(uint32_t *word)
{
	SHOW(FUTEX(word, FUTEX_WAIT, 7, NULL, NULL, 0));
	SHOW(FUTEX(word, FUTEX_WAKE, 1, NULL, NULL, 0));
	SHOW(FUTEX(word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	SHOW(FUTEX(word, FUTEX_WAIT_BITSET, 7, NULL, NULL, 0));
	SHOW(FUTEX(word, FUTEX_WAKE_BITSET, 7, NULL, NULL, 0));
	SHOW(FUTEX(word, FUTEX_CMP_REQUEUE, 1, 1, here, 7));
	SHOW(FUTEX(here, FUTEX_REQUEUE, 1, 1, word, 0));
}

int main(void)
{
	enter_directory();
	int fd = make_file("f", "");
	MUST(ftruncate(fd, 4096));
	here = (uint32_t *)MUST(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	there = (uint32_t *)MUST(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	pthread_t thread = spawn(wait_there, NULL);
	long count = 0, limit = now_ms() + 3000;
	while (count == 0 && now_ms() < limit) {
		sleep_ms(1);
		count = FUTEX(here, FUTEX_WAKE, 1, NULL, NULL, 0);
	}
	SHOW(count);
	if (count == 0)
		FUTEX(there, FUTEX_WAKE, 1, NULL, NULL, 0);
	pthread_join(thread, NULL);
	SHOW(woken);

	say("memory that cannot be written");
	uint32_t *own = (uint32_t *)MUST(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	uint32_t *file = (uint32_t *)MUST(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0));
	uint32_t *both = (uint32_t *)MUST(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
	uint32_t *none = (uint32_t *)MUST(mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	refuse(own);
	refuse(file);
	refuse(both);
	refuse(none);
	MUST(mprotect(file, 4096, PROT_READ | PROT_WRITE));
	file[1] = 1;
	MUST(mprotect(file, 4096, PROT_READ));
	refuse(file);
	munmap(none, 4096);
	refuse(none);

	say("a private mapping of a file that was not written is the file");
	file = (uint32_t *)MUST(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0));
	there = file;
	woken = 0;
	thread = spawn(wait_there, NULL);
	YES(WAIT_FOR(FUTEX(here, FUTEX_WAKE, 1, NULL, NULL, 0) == 1));
	pthread_join(thread, NULL);
	SHOW(woken);
	return 0;
}
