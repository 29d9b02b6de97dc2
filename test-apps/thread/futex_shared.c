// futex(2) without PRIVATE: two mappings of one file share the word.
#include "../test.h"
#include "futex.h"

static uint32_t *there;
static atomic_int woken;

static void *wait_there(void *unused)
{
	(void)unused;
	if (FUTEX(there, FUTEX_WAIT, 0, NULL, NULL, 0) == 0)
		woken = 1;
	return NULL;
}

int main(void)
{
	enter_directory();
	int fd = make_file("f", "");
	MUST(ftruncate(fd, 4096));
	uint32_t *here = (uint32_t *)MUST(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
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
	return 0;
}
