//! What is known of a connection, `TCP_INFO` of `tcp(7)`.

use core::time::Duration;

use abi::socket::TcpInfo;
use abi::time::Instant;
use smoltcp::socket::tcp::State as Phase;

use super::connection::Connection;
use super::measure::Measures;
use super::synced::OWN_SHIFT;
use super::{State, Tcp};

/// `TCPI_OPT_SACK`.
const SACK: u8 = 2;
/// `TCPI_OPT_WSCALE`.
const SCALED: u8 = 4;
/// Linux's `TCP_INFINITE_SSTHRESH`: slow start has not ended.
const NO_THRESHOLD: u32 = 0x7fff_ffff;
/// Linux's `TCP_INIT_CWND`, in segments: smoltcp does not tell its window, so this or what is under
/// way, if that is more, stands for it.
const WINDOW: u32 = 10;
/// After how many acknowledgements of the same a segment counts as lost.
const REORDERING: u32 = 3;

impl Tcp {
    /// Returns what is known of the connection. Sent bytes on their way in smoltcp's buffer stand
    /// for segments.
    pub(crate) fn info(&self, now: Instant) -> TcpInfo {
        let inner = self.inner.lock();
        let mut info = TcpInfo {
            tcpi_state: state_number(&inner.state),
            tcpi_snd_cwnd: WINDOW,
            tcpi_snd_ssthresh: NO_THRESHOLD,
            tcpi_reordering: REORDERING,
            tcpi_rto: micros(Measures::new(None, now).timeout()),
            ..TcpInfo::default()
        };
        match &inner.state {
            State::Listening(listener) => {
                // As Linux has it: the queue in the one, its length in the other.
                let (waiting, backlog) = listener.fill();
                (info.tcpi_unacked, info.tcpi_sacked) = (narrow(waiting), narrow(backlog));
            }
            State::Open(connection) => connection.tell(&mut info, now),
            State::Closed | State::Failed | State::Connecting(_) => {}
        }
        info
    }
}

impl Connection {
    fn tell(&self, info: &mut TcpInfo, now: Instant) {
        let millis = |at| u32::try_from(now.since(at).as_millis()).unwrap_or(u32::MAX);
        let mss = narrow(self.synced.mss());
        info.tcpi_snd_mss = mss;
        info.tcpi_rcv_mss = mss;
        info.tcpi_advmss = mss;
        info.tcpi_pmtu = narrow(self.synced.mtu);
        info.tcpi_unacked = narrow(self.unacknowledged()).div_ceil(mss.max(1));
        info.tcpi_snd_cwnd = info.tcpi_unacked.max(WINDOW);
        info.tcpi_rcv_space = narrow(self.sizes.receive);
        info.tcpi_rcv_ssthresh = info.tcpi_rcv_space;
        if self.synced.has_sack {
            info.tcpi_options |= SACK;
        }
        if let Some(peer_shift) = self.synced.peer_shift {
            info.tcpi_options |= SCALED;
            info.tcpi_wscale = (peer_shift & 0xf) | OWN_SHIFT << 4;
        }
        let (round_trip, variation) = self.measures.shown();
        info.tcpi_rtt = micros(round_trip).max(1);
        info.tcpi_rttvar = micros(variation).max(1);
        info.tcpi_rto = micros(self.measures.timeout());
        info.tcpi_total_retrans = self.measures.retransmits;
        info.tcpi_last_data_sent = millis(self.measures.sent);
        info.tcpi_last_data_recv = millis(self.measures.received);
        info.tcpi_last_ack_recv = millis(self.heard);
    }
}

fn narrow(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

/// Returns the number of a state, of include/net/tcp_states.h.
fn state_number(state: &State) -> u8 {
    match state {
        State::Closed | State::Failed => 7,
        State::Listening(_) => 10,
        State::Connecting(_) => 2,
        State::Open(connection) => match connection.phase() {
            Phase::Established => 1,
            Phase::SynReceived => 3,
            Phase::FinWait1 => 4,
            Phase::FinWait2 => 5,
            Phase::TimeWait => 6,
            Phase::CloseWait => 8,
            Phase::LastAck => 9,
            Phase::Closing => 11,
            _ => 7,
        },
    }
}
