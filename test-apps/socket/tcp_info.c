// TCP_INFO: the fields that programs read, in each state of a connection.
#include "net.h"
#include <netinet/tcp.h>

static struct tcp_info info_of(int fd)
{
	struct tcp_info info;
	socklen_t size = sizeof info;

	memset(&info, 0, sizeof info);
	MUST(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size));
	return info;
}

#define STATE(fd) say("%s: state %d", #fd, info_of(fd).tcpi_state)
// As the one above, once the state is there.
#define BECOMES(fd, state) say("%s becomes %s: %s", #fd, #state, WAIT_FOR(info_of(fd).tcpi_state == state) ? "yes" : "no")

int main(void)
{
	static char block[100000];
	struct sockaddr_in address;
	struct tcp_info info;
	int both[2];

	int fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	STATE(fd);
	int listener = tcp_listener(&address, 1);
	STATE(listener);
	SHOW(info_of(listener).tcpi_sacked);
	both[0] = tcp_client(&address);
	STATE(both[0]);
	both[1] = (int)MUST(accept(listener, NULL, NULL));
	STATE(both[1]);

	for (int round = 0; round < 5; round++) {
		MUST(write(both[0], block, sizeof block / 10));
		MUST(read_all(both[1], block, sizeof block / 10));
		MUST(write(both[1], block, sizeof block / 10));
		MUST(read_all(both[0], block, sizeof block / 10));
	}
	YES(WAIT_FOR(info_of(both[0]).tcpi_unacked == 0));
	info = info_of(both[0]);
	YES(info.tcpi_rtt > 0 && info.tcpi_rtt < 10000000);
	YES(info.tcpi_rttvar > 0);
	YES(info.tcpi_rto >= 200000 && info.tcpi_rto < 120000000);
	YES(info.tcpi_snd_mss > 536);
	YES(info.tcpi_advmss >= info.tcpi_snd_mss);
	YES(info.tcpi_rcv_mss > 500);
	YES(info.tcpi_pmtu > info.tcpi_snd_mss);
	YES(info.tcpi_snd_cwnd >= 10);
	YES(info.tcpi_snd_ssthresh > info.tcpi_snd_cwnd);
	YES(info.tcpi_rcv_space > 10000);
	YES(info.tcpi_reordering > 0);
	SHOW(info.tcpi_ca_state);
	SHOW(info.tcpi_retransmits);
	SHOW(info.tcpi_probes);
	SHOW(info.tcpi_backoff);
	SHOW(info.tcpi_lost);
	SHOW(info.tcpi_retrans);
	SHOW(info.tcpi_total_retrans);
	YES(info.tcpi_options & TCPI_OPT_SACK);
	YES(info.tcpi_options & TCPI_OPT_WSCALE);
	YES(info.tcpi_snd_wscale > 0);
	YES(info.tcpi_rcv_wscale > 0);
	YES(info.tcpi_last_data_sent < 60000 && info.tcpi_last_data_recv < 60000 && info.tcpi_last_ack_recv < 60000);
	sleep_ms(60);
	YES(info_of(both[0]).tcpi_last_data_sent >= 40);
	YES(info_of(both[0]).tcpi_last_data_recv >= 40);

	say("what the peer has no room for");
	while (send(both[0], block, sizeof block, MSG_DONTWAIT) > 0)
		;
	YES(info_of(both[0]).tcpi_state == TCP_ESTABLISHED);
	while (recv(both[1], block, sizeof block, MSG_DONTWAIT) > 0)
		sleep_ms(1);

	say("ends");
	tcp_pair(both);
	MUST(shutdown(both[0], SHUT_WR));
	BECOMES(both[0], TCP_FIN_WAIT2);
	BECOMES(both[1], TCP_CLOSE_WAIT);
	MUST(shutdown(both[1], SHUT_WR));
	BECOMES(both[1], TCP_CLOSE);
	SHOW(read(both[0], block, 1));
	socklen_t size = 8;
	SHOW(getsockopt(both[0], IPPROTO_TCP, TCP_INFO, block, &size));
	SHOW(size);
	size = 0;
	SHOW(getsockopt(both[0], IPPROTO_TCP, TCP_INFO, block, &size));
	SHOW(size);
	SHOW(setsockopt(both[0], IPPROTO_TCP, TCP_INFO, &info, sizeof info));
	return 0;
}
