// getaddrinfo(3), getnameinfo(3) for what needs no server: numbers and localhost.
#include "net.h"
#include <netdb.h>

static void look(const char *node, const char *service, int flags)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_family = AF_INET, .ai_flags = flags }, *list = NULL;
	int error = getaddrinfo(node, service, &hints, &list);
	char host[64], port[16];

	if (error) {
		say("%s:%s: %s", node ? node : "-", service, error == EAI_NONAME ? "EAI_NONAME" : "another error");
		return;
	}
	error = getnameinfo(list->ai_addr, list->ai_addrlen, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
	say("%s:%s: %s %s", node ? node : "-", service, error ? "?" : host, error ? "?" : port);
	freeaddrinfo(list);
}

int main(void)
{
	look("127.0.0.1", "80", AI_NUMERICHOST);
	look("10.1.2.3", "11211", AI_NUMERICHOST);
	look(NULL, "8080", AI_PASSIVE | AI_NUMERICSERV);
	look(NULL, "8080", AI_NUMERICSERV);
	look("not-a-number", "80", AI_NUMERICHOST);
	look("localhost", "80", 0);
	return 0;
}
