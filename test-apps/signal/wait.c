// sigwaitinfo(2), sigtimedwait(2), sigwait(3): pending, arriving, timing out.
#include "../test.h"

static void *send_later(void *argument)
{
	sleep_ms(20);
	kill(getpid(), *(int *)argument);
	return NULL;
}

int main(void)
{
	sigset_t set;
	siginfo_t info;
	struct timespec shortly = { 0, 20000000 }, zero = { 0, 0 }, odd = { 0, 1000000000 };
	int number = SIGUSR2, got = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	SHOW(sigwaitinfo(&set, &info) == SIGUSR1);
	SHOW(info.si_signo == SIGUSR1);
	SHOW(info.si_pid == getpid());
	SHOW(sigtimedwait(&set, &info, &zero));
	SHOW(sigtimedwait(&set, &info, &shortly));
	pthread_t thread = spawn(send_later, &number);
	SHOW(sigwaitinfo(&set, NULL) == SIGUSR2);
	pthread_join(thread, NULL);
	thread = spawn(send_later, &number);
	RETURNS(sigwait(&set, &got));
	SHOW(got == SIGUSR2);
	pthread_join(thread, NULL);
	SHOW(SYS(rt_sigtimedwait, &set, &info, &odd, 8));
	SHOW(SYS(rt_sigtimedwait, BAD, &info, &zero, 8));
	SHOW(SYS(rt_sigtimedwait, &set, &info, BAD, 8));
	SHOW(SYS(rt_sigtimedwait, &set, &info, &zero, 4));
	raise(SIGUSR1);
	SHOW(SYS(rt_sigtimedwait, &set, BAD, &zero, 8));
	SHOW(SYS(rt_sigtimedwait, &set, &info, &zero, 8));
	sigset_t other;
	sigemptyset(&other);
	sigaddset(&other, SIGTERM);
	sigprocmask(SIG_SETMASK, &other, NULL);
	INTERRUPTED(SYS(rt_sigtimedwait, &other, NULL, NULL, 8));
	return 0;
}
