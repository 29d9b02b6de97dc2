/* What `scull bench syscall` counts: so many calls of getppid, by the C library or by the instruction,
   or the loop around them alone. */
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void library(void)
{
	getppid();
}

static void instruction(void)
{
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(SYS_getppid) : "rcx", "r11", "memory");
}

static void nothing(void)
{
	__asm__ volatile("");
}

#define REPEAT(what) for (long left = rounds; left > 0; left--) what()

int main(int count, char **words)
{
	if (count != 3)
		return 2;
	long rounds = atol(words[2]);
	if (strcmp(words[1], "library") == 0)
		REPEAT(library);
	else if (strcmp(words[1], "instruction") == 0)
		REPEAT(instruction);
	else
		REPEAT(nothing);
	return 0;
}
