// Executes plans of system calls and prints what came of each.
//
//	interpreter PLAN CONSOLE          in this process, as on Scull, which has one
//	interpreter PLAN sandbox          on Linux: every batch in a process of its own
//
// A plan is text, one item a line, numbers in hexadecimal:
//
//	b ID THREADS o|r                  begin a batch whose threads take turns, or race
//	w ADDRESS BYTES                   put bytes into the arena before the next call
//	c THREAD NUMBER A A A A A A       a call; an argument is a number, p (the process's id) or t
//	                                  (the thread's)
//	d ADDRESS LENGTH                  digest this after the last call (length 0: its result)
//	e                                 run the batch
//	k                                 a checkpoint: say so and wait for a byte of the console
//
// Of a batch it prints "batch ID", a line "result digest" for each call, and "end ID"; "died ID
// SIGNAL" where a signal ended the batch's process, and "done" at the end.
#include "interpreter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *console;
static int is_sandboxed;
static struct batch *batch;
static char output[65536];
static size_t output_length;

// A batch holds no descriptor of ours, so the console is opened each time.
static void flush(void)
{
	int out = is_sandboxed ? 1 : open(console, O_WRONLY);

	for (size_t done = 0; done < output_length;) {
		ssize_t wrote = write(out, output + done, output_length - done);
		if (wrote <= 0)
			_exit(98);
		done += (size_t)wrote;
	}
	output_length = 0;
	if (!is_sandboxed)
		close(out);
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	va_list arguments;

	if (sizeof output - output_length < 256)
		flush();
	va_start(arguments, format);
	output_length += (size_t)vsnprintf(output + output_length, 256, format, arguments);
	va_end(arguments);
}

void give_up(const char *why)
{
	int error = errno;
	if (is_sandboxed && batch != NULL && getpid() != 1)
		_exit(97);
	say("cannot go on: %s: %s\n", why, strerror(error));
	for (unsigned i = 0; batch != NULL && i < batch->call_count; i++)
		if (!batch->calls[i].is_done) {
			say("cannot go on: %s in batch %x, before the end of call %u\n", why, batch->id, i);
			break;
		}
	flush();
	_exit(99);
}

static unsigned long number(char **at)
{
	return strtoul(*at, at, 16);
}

static struct argument argument(char **at)
{
	struct argument argument = { NUMBER, 0 };

	while (**at == ' ')
		++*at;
	switch (**at) {
	case 'p':
	case 't':
		argument.kind = **at == 'p' ? PID : TID;
		++*at;
		break;
	default:
		argument.value = number(at);
	}
	return argument;
}

static void begin_batch(char **at)
{
	batch->id = (unsigned)number(at);
	batch->threads = (unsigned)number(at);
	while (**at == ' ')
		++*at;
	batch->is_ordered = **at == 'o';
	batch->call_count = batch->data_count = batch->byte_count = 0;
	if (batch->threads < 1 || batch->threads > MAX_THREADS)
		give_up("a batch has too many threads");
}

static void add_data(char **at, unsigned *pending)
{
	struct data *data = &batch->data[batch->data_count++];

	data->address = number(at);
	data->offset = batch->byte_count;
	while (**at == ' ')
		++*at;
	while (**at != '\n') {
		const char pair[3] = { (*at)[0], (*at)[1], 0 };
		if (batch->byte_count == MAX_BYTES)
			give_up("a batch has too many bytes");
		batch->bytes[batch->byte_count++] = (unsigned char)strtoul(pair, NULL, 16);
		*at += 2;
	}
	data->length = batch->byte_count - data->offset;
	if (batch->data_count == MAX_WRITES)
		give_up("a batch writes too often");
	++*pending;
}

static void add_call(char **at, unsigned *pending)
{
	struct call *call = &batch->calls[batch->call_count++];

	if (batch->call_count == MAX_CALLS)
		give_up("a batch has too many calls");
	call->thread = (unsigned)number(at);
	call->number = (long)number(at);
	for (int i = 0; i < 6; i++)
		call->arguments[i] = argument(at);
	call->data_count = *pending;
	call->first_data = batch->data_count - *pending;
	*pending = 0;
	call->digest_count = 0;
	call->result = 0;
	call->sum = 0;
	call->is_done = 0;
}

static void add_digest(char **at)
{
	struct call *call = &batch->calls[batch->call_count - 1];

	if (batch->call_count == 0 || call->digest_count == MAX_DIGESTS)
		give_up("a call has too many digests");
	struct digest *digest = &call->digests[call->digest_count++];
	digest->address = number(at);
	digest->length = number(at);
}

// Runs the batch in a child, which leaves its results in memory that is shared.
static void run_in_child(void)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		// Alone in a process group, as the program in a guest is.
		setpgid(0, 0);
		reset_process(NULL);
		run_batch(batch);
		_exit(0);
	}
	if (child == -1 || waitpid(child, &status, 0) != child)
		give_up("no process for a batch");
	if (WIFSIGNALED(status))
		say("died %x %d\n", batch->id, WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		say("stuck %x\n", batch->id);
}

static void run(void)
{
	reset_folder();
	say("batch %x\n", batch->id);
	if (is_sandboxed) {
		run_in_child();
	} else {
		flush();
		run_batch(batch);
		reset_process(batch);
	}
	for (unsigned i = 0; i < batch->call_count; i++) {
		const struct call *call = &batch->calls[i];
		if (!call->is_done)
			say("-\n");
		else if (call->sum != 0)
			say("%ld %x\n", call->result, call->sum);
		else
			say("%ld\n", call->result);
	}
	say("end %x\n", batch->id);
	flush();
}

static void stop_for_a_look(void)
{
	char byte;

	if (is_sandboxed)
		return;
	reset_folder();
	int in = open(console, O_RDONLY);
	say("checkpoint\n");
	flush();
	if (read(in, &byte, 1) != 1)
		give_up("the console says nothing");
	close(in);
}

static char *read_plan(const char *path, size_t *size)
{
	struct stat found;
	int file = open(path, O_RDONLY);

	if (file == -1 || fstat(file, &found) == -1)
		give_up("the plan cannot be opened");
	*size = (size_t)found.st_size;
	// Private and writable, for a copy of its own.
	char *plan = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	if (plan == MAP_FAILED)
		give_up("the plan cannot be read");
	close(file);
	return plan;
}

int main(int count, char **arguments)
{
	size_t size;
	unsigned pending = 0;

	if (count != 3)
		return 2;
	console = arguments[2];
	is_sandboxed = strcmp(console, "sandbox") == 0;
	if (is_sandboxed)
		enter_sandbox(arguments[1]);
	char *at = read_plan(is_sandboxed ? "/plan" : arguments[1], &size);
	char *end = at + size;
	batch = mmap(NULL, sizeof *batch, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (batch == MAP_FAILED)
		return 99;
	if (!is_sandboxed)
		reset_process(NULL);
	while (at < end) {
		switch (*at++) {
		case 'b': begin_batch(&at); break;
		case 'w': add_data(&at, &pending); break;
		case 'c': add_call(&at, &pending); break;
		case 'd': add_digest(&at); break;
		case 'e': run(); break;
		case 'k': stop_for_a_look(); break;
		default: break;
		}
		while (at < end && *at++ != '\n')
			;
	}
	say("done\n");
	flush();
	return 0;
}
