// Five hundred files made, listed, renamed and removed, from four threads.
#include "../test.h"
#include <dirent.h>

static atomic_int wrong;

static void *work(void *argument)
{
	char name[32], other[32], text[32];

	for (int i = 0; i < 125; i++) {
		snprintf(name, sizeof name, "f%ld-%d", (long)argument, i);
		snprintf(other, sizeof other, "g%ld-%d", (long)argument, i);
		int fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0644);
		if (fd == -1 || write(fd, name, strlen(name)) != (ssize_t)strlen(name))
			wrong++;
		close(fd);
		if (i % 3 == 0 && rename(name, other) == -1)
			wrong++;
		fd = open(i % 3 == 0 ? other : name, O_RDONLY);
		memset(text, 0, sizeof text);
		if (fd == -1 || read(fd, text, 31) < 0 || strcmp(text, name) != 0)
			wrong++;
		close(fd);
		if (i % 5 == 0 && unlink(i % 3 == 0 ? other : name) == -1)
			wrong++;
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[4];
	struct dirent *entry;
	int kept = 0, renamed = 0;

	enter_directory();
	for (long i = 0; i < 4; i++)
		threads[i] = spawn(work, (void *)i);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	DIR *directory = opendir(".");
	while (directory && (entry = readdir(directory)) != NULL) {
		kept += entry->d_name[0] == 'f';
		renamed += entry->d_name[0] == 'g';
	}
	SHOW(wrong);
	SHOW(kept);
	SHOW(renamed);
	return 0;
}
