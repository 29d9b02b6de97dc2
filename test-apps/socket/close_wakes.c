// dup2(2) over a socket, and shutdown, wake the threads blocked in it.
#include "net.h"

static int both[2], listener;
static atomic_int state;

static void *block_in_read(void *unused)
{
	char byte;

	(void)unused;
	state = 1;
	return (void *)(long)read(both[0], &byte, 1);
}

static void *block_in_accept(void *unused)
{
	(void)unused;
	state = 2;
	int result = accept(listener, NULL, NULL);
	return (void *)(long)(result == -1 ? -errno : result);
}

static void *block_in_recv(void *unused)
{
	char byte;

	(void)unused;
	state = 3;
	ssize_t result = recv(both[0], &byte, 1, 0);
	return (void *)(long)(result == -1 ? -errno : result);
}

int main(void)
{
	struct sockaddr_in there;
	void *result;
	int pair[2];

	tcp_pair(both);
	pthread_t thread = spawn(block_in_read, NULL);
	YES(WAIT_FOR(state == 1));
	sleep_ms(10);
	SHOW(shutdown(both[0], SHUT_RD));
	pthread_join(thread, &result);
	SHOW((long)result);

	listener = tcp_listener(&there, 5);
	thread = spawn(block_in_accept, NULL);
	YES(WAIT_FOR(state == 2));
	sleep_ms(10);
	SHOW(shutdown(listener, SHUT_RDWR));
	pthread_join(thread, &result);
	say("%s", errno_name(-(int)(long)result));

	// As the JVM does it: half a closed pair takes the number, then a signal ends the wait.
	tcp_pair(both);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	MUST(close(pair[1]));
	struct sigaction action = { .sa_handler = see_poke };
	sigaction(SIGUSR1, &action, NULL);
	thread = spawn(block_in_recv, NULL);
	YES(WAIT_FOR(state == 3));
	sleep_ms(10);
	SHOW(dup2(pair[0], both[0]) == both[0]);
	RETURNS(pthread_kill(thread, SIGUSR1));
	pthread_join(thread, &result);
	say("%s", errno_name(-(int)(long)result));
	char byte;
	SHOW(read(both[0], &byte, 1));
	SHOW(read(both[1], &byte, 1));
	return 0;
}
