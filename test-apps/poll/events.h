// All that poll(2) reports of a descriptor.
#pragma once
#include "../test.h"
#include <poll.h>

static inline unsigned events_of(int fd)
{
	struct pollfd one = { fd, 0x7fff, 0 };

	MUST(poll(&one, 1, 0));
	return (unsigned short)one.revents;
}
