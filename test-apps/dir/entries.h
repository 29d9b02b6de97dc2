// What the programs share that list a directory by getdents(2) or getdents64(2).
#ifndef ENTRIES_H
#define ENTRIES_H

#include "../test.h"

// The beginning of an entry, the same in both forms.
struct entry {
	uint64_t inode;
	int64_t next;
	unsigned short length;
	char rest[];
};

static int in_order(const void *a, const void *b)
{
	return strcmp(a, b);
}

// Reads the rest of a directory by a call with the number `call`; what `describe` makes of each
// entry, in 64 bytes, is printed in order if `print`. How many there were.
static int list_by(long call, const char *name, int fd, size_t size, int print, void (*describe)(const struct entry *, char *))
{
	static char lines[400][64];
	char *buffer = malloc(size);
	int count = 0;
	long got;

	while ((got = syscall(call, fd, buffer, size)) > 0)
		for (long at = 0; at < got;) {
			struct entry *entry = (struct entry *)(void *)(buffer + at);
			describe(entry, lines[count++]);
			at += entry->length;
		}
	if (got == -1)
		say("%s: %s", name, errno_name(errno));
	qsort(lines, (size_t)count, 64, in_order);
	for (int i = 0; print && i < count; i++)
		say("%s", lines[i]);
	free(buffer);
	return count;
}

#endif
