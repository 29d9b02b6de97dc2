// O_APPEND: every write goes to the end, from several descriptors and threads.
#include "../test.h"

static void *append_lines(void *argument)
{
	int fd = (int)MUST(open("log", O_WRONLY | O_APPEND));
	char line[9];

	snprintf(line, sizeof line, "%c......\n", (int)(long)argument);
	for (int i = 0; i < 200; i++)
		MUST(write(fd, line, 8));
	close(fd);
	return NULL;
}

int main(void)
{
	pthread_t threads[4];
	char line[8];
	int whole = 0, counts[4] = { 0 };

	enter_directory();
	int fd = make_file("log", "");
	int append = (int)MUST(open("log", O_RDWR | O_APPEND));
	SHOW(write(append, "aaaa", 4));
	SHOW(lseek(append, 0, SEEK_SET));
	SHOW(write(append, "bbbb", 4));
	SHOW(lseek(append, 0, SEEK_CUR));
	MUST(ftruncate(fd, 0));
	for (long i = 0; i < 4; i++)
		threads[i] = spawn(append_lines, (void *)('a' + i));
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	while (read(fd, line, 8) == 8) {
		whole += line[0] >= 'a' && line[0] < 'e' && memcmp(line + 1, "......\n", 7) == 0;
		counts[(line[0] - 'a') & 3]++;
	}
	SHOW(whole);
	say("%d %d %d %d", counts[0], counts[1], counts[2], counts[3]);
	return 0;
}
