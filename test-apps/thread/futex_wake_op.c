// futex(2): WAKE_OP changes the second word, and wakes there if it compared true.
#include "../test.h"
#include "futex.h"

#define OP(op, argument, compare, with) \
	(((op) << 28) | ((compare) << 24) | ((argument) << 12) | (with))

static uint32_t first, second;

int main(void)
{
	second = 10;
	SHOW(FUTEX(&first, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1L, &second, OP(0, 5, 0, 10)));
	SHOW(second);
	SHOW(FUTEX(&first, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1L, &second, OP(1, 3, 0, 0)));
	SHOW(second);
	SHOW(FUTEX(&first, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1L, &second, OP(2, 16, 1, 0)));
	SHOW(second);
	SHOW(FUTEX(&first, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1L, &second, OP(3, 8, 2, 0)));
	SHOW(second);
	SHOW(FUTEX(&first, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1L, &second, OP(4, 17, 3, 0)));
	SHOW(second);
	SHOW(FUTEX(&first, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1L, &second, OP(8U, 4, 4, 0)));
	SHOW(second);
	SHOW(FUTEX(&first, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1L, &second, OP(6, 0, 0, 0)));
	SHOW(FUTEX(&first, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1L, &second, OP(0, 5, 9, 0)));
	SHOW(FUTEX(&first, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1L, BAD, OP(0, 5, 0, 0)));
	SHOW(first);
	return 0;
}
