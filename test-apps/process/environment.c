// The environment: well-formed at the start, grown to a thousand variables, cleared.
#include "../test.h"

extern char **environ;

int main(void)
{
	char name[32];
	int count = 0;

	for (char **at = environ; *at; at++)
		if (strchr(*at, '=') == NULL)
			say("not a variable: %s", *at);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "VARIABLE_%d", i);
		MUST(setenv(name, name, 1));
	}
	for (int i = 0; i < 1000; i += 7) {
		snprintf(name, sizeof name, "VARIABLE_%d", i);
		count += getenv(name) && strcmp(getenv(name), name) == 0;
	}
	SHOW(count);
	SHOW(clearenv());
	YES(environ == NULL || environ[0] == NULL);
	return 0;
}
