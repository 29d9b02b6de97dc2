// readv(2), writev(2), preadv(2), sendmsg(2), futex_waitv(2): an array that goes on where there is no
// memory is read element by element.
#include "../test.h"
#include <sys/socket.h>
#include <sys/uio.h>

struct waitv { uint64_t value, address; uint32_t flags, reserved; };
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

int main(void)
{
	static uint32_t word;
	char *page = (char *)MUST(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	struct iovec *last = (struct iovec *)(page + 4096) - 2;
	struct waitv *words = (struct waitv *)(page + 4096) - 1;
	struct msghdr message = { .msg_iov = last, .msg_iovlen = 3 };
	int ends[2];

	MUST(munmap(page + 4096, 4096));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	last[0] = (struct iovec){ page, 1 };
	for (int is_wrong = 0; is_wrong < 2; is_wrong++) {
		last[1] = (struct iovec){ page, is_wrong ? SIZE_MAX : 1 };
		say("a length that is %s", is_wrong ? "wrong" : "right");
		SHOW(SYS(readv, ends[0], last, 3));
		SHOW(SYS(writev, ends[0], last, 3));
		SHOW(SYS(preadv, ends[0], last, 3, 0L, 0L));
		SHOW(SYS(sendmsg, ends[0], &message, 0));
		SHOW(SYS(recvmsg, ends[0], &message, MSG_DONTWAIT));
	}
	*words = (struct waitv){ 0, (uintptr_t)&word, 2 | 128, 0 };
	SHOW(SYS(futex_waitv, words, 2, 0, NULL, 0));
	words->flags = 0x1000;
	SHOW(SYS(futex_waitv, words, 2, 0, NULL, 0));
	words->flags = 2 | 128;
	words->reserved = 1;
	SHOW(SYS(futex_waitv, words, 2, 0, NULL, 0));

	say("a number is written as a whole");
	char *end = page + 4095;
	*end = 0;
	SHOW(SYS(socketpair, AF_UNIX, SOCK_STREAM, 0, end));
	SHOW(SYS(pipe, end));
	SHOW(SYS(getsockname, ends[0], page, end));
	SHOW(*end);
	return 0;
}
