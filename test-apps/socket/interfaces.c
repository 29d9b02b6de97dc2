// The loopback interface as ioctl(2) and getifaddrs(3) tell it.
#include "net.h"
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/ioctl.h>

int main(void)
{
	struct ifreq request;
	int fd = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));

	memset(&request, 0, sizeof request);
	strcpy(request.ifr_name, "lo");
	SHOW(ioctl(fd, SIOCGIFINDEX, &request));
	SHOW(request.ifr_ifindex);
	SHOW(ioctl(fd, SIOCGIFFLAGS, &request));
	SHOW(request.ifr_flags & (IFF_UP | IFF_LOOPBACK | IFF_RUNNING));
	SHOW(ioctl(fd, SIOCGIFADDR, &request));
	say("%s", inet_ntoa(((struct sockaddr_in *)(void *)&request.ifr_addr)->sin_addr));
	SHOW(ioctl(fd, SIOCGIFNETMASK, &request));
	say("%s", inet_ntoa(((struct sockaddr_in *)(void *)&request.ifr_netmask)->sin_addr));
	SHOW(ioctl(fd, SIOCGIFMTU, &request));
	SHOW(request.ifr_mtu);
	SHOW(ioctl(fd, SIOCGIFHWADDR, &request));
	SHOW(request.ifr_hwaddr.sa_family);
	strcpy(request.ifr_name, "none0");
	SHOW(ioctl(fd, SIOCGIFINDEX, &request));
	SHOW(ioctl(fd, SIOCGIFADDR, &request));
	SHOW(SYS(ioctl, fd, SIOCGIFFLAGS, BAD));
	SHOW(if_nametoindex("lo"));
	char name[IF_NAMESIZE] = "";
	YES(if_indextoname(1, name) == name);
	say("%s", name);

	struct ifaddrs *list, *at;
	int four = 0, six = 0;
	SHOW(getifaddrs(&list));
	for (at = list; at; at = at->ifa_next) {
		if (!at->ifa_addr || strcmp(at->ifa_name, "lo") != 0)
			continue;
		four += at->ifa_addr->sa_family == AF_INET;
		six += at->ifa_addr->sa_family == AF_INET6;
	}
	say("lo: %d IPv4, %d IPv6", four, six);
	freeifaddrs(list);
	return 0;
}
