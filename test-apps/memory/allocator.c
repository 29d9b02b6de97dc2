// malloc(3) in eight threads: sizes of all kinds, content kept, everything freed.
#include "../test.h"

static void *churn(void *argument)
{
	static const size_t sizes[] = { 1, 16, 100, 1000, 5000, 70000, 300000 };
	unsigned char *blocks[64] = { NULL };
	size_t lengths[64];
	unsigned seed = (unsigned)(long)argument;
	long wrong = 0;

	for (int round = 0; round < 2000; round++) {
		seed = seed * 1103515245 + 12345;
		int slot = (int)(seed >> 16) % 64;
		if (blocks[slot]) {
			wrong += blocks[slot][0] != (unsigned char)slot;
			wrong += blocks[slot][lengths[slot] - 1] != (unsigned char)slot;
			free(blocks[slot]);
			blocks[slot] = NULL;
		} else {
			lengths[slot] = sizes[(seed >> 24) % 7];
			blocks[slot] = malloc(lengths[slot]);
			memset(blocks[slot], slot, lengths[slot]);
		}
	}
	for (int i = 0; i < 64; i++)
		free(blocks[i]);
	return (void *)wrong;
}

int main(void)
{
	pthread_t threads[8];
	long wrong = 0;

	for (long i = 0; i < 8; i++)
		threads[i] = spawn(churn, (void *)(i + 1));
	for (int i = 0; i < 8; i++) {
		void *result;
		pthread_join(threads[i], &result);
		wrong += (long)result;
	}
	SHOW(wrong);
	char *grown = malloc(10);
	memcpy(grown, "growing", 8);
	for (size_t size = 20; size < 4 << 20; size *= 3)
		grown = realloc(grown, size);
	say("%s", grown);
	free(grown);
	return 0;
}
