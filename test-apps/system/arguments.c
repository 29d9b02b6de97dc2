// suite: args=one,two-words,--three=3
// argv and the environment, as laid out on the first stack.
#include "../test.h"

extern char **environ;

int main(int argc, char **argv)
{
	say("argc = %d", argc);
	for (int i = 1; i < argc; i++)
		say("argv[%d] = %s", i, argv[i]);
	YES(argv[argc] == NULL);
	YES(argv[0] != NULL && argv[0][0] != '\0');
	YES((uintptr_t)argv % 8 == 0);
	YES(environ == argv + argc + 1);
	MUST(setenv("SCULL_TEST", "value", 1));
	say("getenv = %s", getenv("SCULL_TEST"));
	MUST(unsetenv("SCULL_TEST"));
	YES(getenv("SCULL_TEST") == NULL);
	return 0;
}
