// A token goes round through sixty pipes and threads, a hundred times.
#include "../test.h"

#define RING 60

static int pipes[RING][2];

static void *hand_on(void *argument)
{
	long number = (long)argument;
	uint32_t token;

	for (int round = 0; round < 100; round++) {
		if (read(pipes[number][0], &token, 4) != 4)
			break;
		token++;
		if (number + 1 < RING || round < 99)
			MUST(write(pipes[(number + 1) % RING][1], &token, 4));
		else
			say("token %u", token);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[RING];
	uint32_t token = 0;

	for (int i = 0; i < RING; i++)
		MUST(pipe(pipes[i]));
	for (long i = 0; i < RING; i++)
		threads[i] = spawn(hand_on, (void *)i);
	MUST(write(pipes[0][1], &token, 4));
	for (int i = 0; i < RING; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
