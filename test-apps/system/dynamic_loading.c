// suite: dynamic
// dlopen(3), dlsym(3) of the C library itself, and of what is not there.
#include "../test.h"
#include <dlfcn.h>

int main(void)
{
	void *self = dlopen(NULL, RTLD_NOW);
	YES(self != NULL);
	size_t (*length)(const char *) = (size_t (*)(const char *))(uintptr_t)dlsym(self, "strlen");
	YES(length != NULL);
	if (length)
		SHOW(length("four"));
	void *library = dlopen("libc.so.6", RTLD_NOW);
	YES(library != NULL);
	YES(dlopen("libnone-such.so", RTLD_NOW) == NULL);
	YES(dlerror() != NULL);
	YES(dlsym(self, "no_such_symbol") == NULL);
	return 0;
}
