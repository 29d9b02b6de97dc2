/* For programs that want to know whether they run on Scull. Needs no library and works with every
   C library that has getauxval(3); on Linux the answers are 0. */

#ifndef SCULL_H
#define SCULL_H

#include <sys/auxv.h>

/* Keys of the auxiliary vector that only Scull fills. */
#define AT_SCULL_GATE 0x53430001
#define AT_SCULL_VERSION 0x53430002

/* A version as a number that grows with it. */
#define SCULL_VERSION(major, minor, patch) ((major) << 16 | (minor) << 8 | (patch))

/* Returns 1 on Scull, else 0. */
static inline int scull_running(void)
{
	return getauxval(AT_SCULL_VERSION) != 0;
}

/* Returns the version of Scull as SCULL_VERSION makes it, 0 on another kernel. */
static inline unsigned scull_version(void)
{
	return (unsigned)getauxval(AT_SCULL_VERSION);
}

#endif
