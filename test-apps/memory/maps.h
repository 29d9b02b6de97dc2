// What the programs share that read what /proc says of their mappings.
#ifndef MAPS_H
#define MAPS_H

#include "../test.h"

// Returns all of a file's text, which is there until the next call.
static inline char *read_text(const char *path)
{
	static char text[1 << 18];
	int fd = (int)MUST(open(path, O_RDONLY));
	size_t length = 0;
	ssize_t got;

	while ((got = read(fd, text + length, sizeof text - 1 - length)) > 0)
		length += (size_t)got;
	close(fd);
	text[length] = 0;
	return text;
}

#endif
