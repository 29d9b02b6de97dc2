// The C library at work: formatting, conversion, sorting, time, locale, temporary files.
#include "../test.h"
#include <locale.h>
#include <math.h>
#include <setjmp.h>

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int main(void)
{
	char text[128];
	int numbers[1000], sorted = 1;
	unsigned seed = 1;
	jmp_buf back;

	snprintf(text, sizeof text, "%08.3f %e %x %lld %s", 3.14159, 12345.678, 0xbeef, -1234567890123LL, "text");
	say("%s", text);
	SHOW(strtol("0x7fzz", NULL, 0));
	SHOW(strtod("1e3", NULL));
	for (int i = 0; i < 1000; i++)
		numbers[i] = (int)((seed = seed * 1103515245 + 12345) >> 8);
	qsort(numbers, 1000, sizeof numbers[0], compare);
	for (int i = 1; i < 1000; i++)
		sorted = sorted && numbers[i - 1] <= numbers[i];
	SHOW(sorted);
	time_t moment = 1000000000;
	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", gmtime(&moment));
	say("%s", text);
	YES(setlocale(LC_ALL, "C") != NULL);
	volatile int jumps = 0;
	if (setjmp(back) < 3)
		longjmp(back, ++jumps);
	SHOW(jumps);
	enter_directory();
	FILE *file = fopen("file", "w+");
	for (int i = 0; i < 5000; i++)
		fprintf(file, "line %d\n", i);
	rewind(file);
	int lines = 0;
	while (fgets(text, sizeof text, file))
		lines++;
	SHOW(lines);
	SHOW(fseek(file, -10, SEEK_END));
	YES(fgets(text, sizeof text, file) != NULL);
	say("%.20s", text);
	SHOW(fclose(file));
	strcpy(text, "temporary-XXXXXX");
	int fd = mkstemp(text);
	YES(fd >= 0);
	FILE *temporary = tmpfile();
	YES(temporary != NULL);
	SHOW(remove("file"));
	return 0;
}
