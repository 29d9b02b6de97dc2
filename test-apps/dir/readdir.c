// opendir(3), readdir(3), telldir(3), seekdir(3), scandir(3) over the kernel's calls.
#include "../test.h"
#include <dirent.h>

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(void)
{
	struct dirent **entries, *entry;
	int count = 0;

	enter_directory();
	for (char name[2] = "a"; name[0] <= 'j'; name[0]++)
		MUST(close(make_file(name, "")));
	int found = scandir(".", &entries, visible, alphasort);
	SHOW(found);
	for (int i = 0; i < found; i++)
		say("%s", entries[i]->d_name);
	DIR *directory = opendir(".");
	while ((entry = readdir(directory)) != NULL)
		count++;
	SHOW(count);
	rewinddir(directory);
	readdir(directory);
	readdir(directory);
	long place = telldir(directory);
	char name[256];
	strcpy(name, readdir(directory)->d_name);
	readdir(directory);
	seekdir(directory, place);
	SHOW(strcmp(name, readdir(directory)->d_name));
	SHOW(closedir(directory));
	SHOW(opendir("none") == NULL);
	SHOW(opendir("a") == NULL);
	return 0;
}
