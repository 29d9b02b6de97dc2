// Eight threads touch one fresh area at once: each page appears once, zeroed.
#include "../test.h"

#define PAGES 512

static char *area;
static pthread_barrier_t start;

static void *touch(void *argument)
{
	long offset = (long)argument;
	long wrong = 0;

	pthread_barrier_wait(&start);
	for (long page = 0; page < PAGES; page++) {
		char *at = area + page * 4096 + offset;
		wrong += *at != 0;
		*at = (char)(offset + 1);
	}
	return (void *)wrong;
}

int main(void)
{
	pthread_t threads[8];
	long wrong = 0, kept = 0;

	area = (char *)MUST(mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	pthread_barrier_init(&start, NULL, 8);
	for (long i = 0; i < 8; i++)
		threads[i] = spawn(touch, (void *)i);
	for (int i = 0; i < 8; i++) {
		void *result;
		pthread_join(threads[i], &result);
		wrong += (long)result;
	}
	for (long page = 0; page < PAGES; page++)
		for (int i = 0; i < 8; i++)
			kept += area[page * 4096 + i] == i + 1;
	SHOW(wrong);
	SHOW(kept);
	return 0;
}
