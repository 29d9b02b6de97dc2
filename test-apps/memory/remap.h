// What the programs share that move mappings by mremap(2).
#ifndef REMAP_H
#define REMAP_H

#include "../test.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define PAGE 4096L
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#define REMAP(old, old_size, new_size, flags, new) \
	SYS(mremap, (old), (long)(old_size), (long)(new_size), (long)(flags), (new))

#endif
