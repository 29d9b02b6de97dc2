// Writes of up to PIPE_BUF bytes never mix, from however many threads.
#include "../test.h"
#include <limits.h>

#define RECORD 512

static int ends[2];

static void *write_records(void *argument)
{
	char record[RECORD];

	memset(record, (int)(long)argument, sizeof record);
	for (int i = 0; i < 100; i++)
		MUST(write(ends[1], record, sizeof record));
	return NULL;
}

int main(void)
{
	pthread_t threads[6];
	int records = 0, mixed = 0;

	SHOW(PIPE_BUF);
	MUST(pipe(ends));
	for (long i = 0; i < 6; i++)
		threads[i] = spawn(write_records, (void *)('a' + i));
	while (records < 600) {
		char record[RECORD];
		for (int got = 0; got < RECORD;)
			got += (int)MUST(read(ends[0], record + got, (size_t)(RECORD - got)));
		for (int i = 1; i < RECORD; i++)
			if (record[i] != record[0]) {
				mixed++;
				break;
			}
		records++;
	}
	for (int i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	SHOW(records);
	SHOW(mixed);
	return 0;
}
