// read(2), write(2), lseek(2), getdents64(2) of threads at one description: each gets a part of
// its own, in order; pread(2) leaves the offset alone, whatever the others do.
#include "../test.h"

#define PIECE 6000
#define PIECES 200
#define THREADS 4

static int fd;
static char *seen;
static atomic_int wrong, torn, entries;

static void fill(char *piece, int number)
{
	for (int i = 0; i < PIECE; i += 4)
		memcpy(piece + i, &number, 4);
}

// Returns the number of a whole piece, or -1.
static int number_of(const char *piece)
{
	int number, other;

	memcpy(&number, piece, 4);
	for (int i = 4; i < PIECE; i += 4) {
		memcpy(&other, piece + i, 4);
		if (other != number)
			return -1;
	}
	return number;
}

static void *read_pieces(void *unused)
{
	char piece[PIECE];
	int last = -1;

	(void)unused;
	while (read(fd, piece, PIECE) == PIECE) {
		int number = number_of(piece);
		torn += number < 0;
		wrong += number >= 0 && (number <= last || seen[number]++);
		last = number;
	}
	return NULL;
}

static void *write_pieces(void *first)
{
	char piece[PIECE];

	for (int i = 0; i < PIECES / THREADS; i++) {
		fill(piece, (int)(intptr_t)first + i);
		wrong += write(fd, piece, PIECE) != PIECE;
	}
	return NULL;
}

static void *read_at_places(void *unused)
{
	char piece[PIECE];

	(void)unused;
	for (int i = 0; i < PIECES; i++)
		wrong += pread(fd, piece, PIECE, (off_t)i * PIECE) != PIECE || number_of(piece) < 0;
	return NULL;
}

static void *seek_on(void *unused)
{
	(void)unused;
	for (int i = 0; i < 1000; i++)
		lseek(fd, 7, SEEK_CUR);
	return NULL;
}

static void *list(void *unused)
{
	char buffer[512];
	long got;

	(void)unused;
	while ((got = SYS(getdents64, fd, buffer, sizeof buffer)) > 0)
		for (long at = 0; at < got; at += *(unsigned short *)(void *)(buffer + at + 16))
			entries++;
	return NULL;
}

static void together(void *(*body)(void *), void *(*other)(void *))
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		threads[i] = spawn(i == 0 && other ? other : body, (void *)(intptr_t)(i * (PIECES / THREADS)));
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

int main(void)
{
	static char all[PIECES], piece[PIECE];
	char name[16];

	seen = all;
	enter_directory();
	fd = (int)MUST(open("f", O_RDWR | O_CREAT, 0644));
	together(write_pieces, NULL);
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(lseek(fd, 0, SEEK_END));
	MUST(lseek(fd, 0, SEEK_SET));
	for (int i = 0; i < PIECES; i++)
		torn += read(fd, piece, PIECE) != PIECE || number_of(piece) < 0;
	SHOW(torn);
	// In the order of their numbers, each thread sees rising ones.
	MUST(lseek(fd, 0, SEEK_SET));
	for (int i = 0; i < PIECES; i++) {
		fill(piece, i);
		MUST(write(fd, piece, PIECE));
	}
	MUST(lseek(fd, 0, SEEK_SET));
	together(read_pieces, read_at_places);
	SHOW(wrong);
	SHOW(torn);
	SHOW(lseek(fd, 0, SEEK_CUR));
	MUST(lseek(fd, 0, SEEK_SET));
	together(seek_on, NULL);
	SHOW(lseek(fd, 0, SEEK_CUR));

	MUST(mkdir("d", 0755));
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "d/n%d", i);
		MUST(close(make_file(name, "")));
	}
	fd = (int)MUST(open("d", O_RDONLY | O_DIRECTORY));
	together(list, NULL);
	SHOW(entries);
	return 0;
}
