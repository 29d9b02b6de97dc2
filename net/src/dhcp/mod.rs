//! The DHCP client (RFC 2131): how the machine gets its IPv4 address.
//!
//! [`Client`] is the protocol alone: it is handed the messages that come for port 68 and the time,
//! and says what is to be done. Whoever drives it has the socket, and asks for answers to be
//! broadcast, since before the address is known nothing else would arrive.

mod message;

use alloc::vec::Vec;
use core::net::Ipv4Addr;
use core::time::Duration;

use abi::time::Instant;

use crate::device::Mac;
use message::{Kind, Message, Reply};

/// The port that clients listen on.
pub const CLIENT_PORT: u16 = 68;
/// The port that servers listen on.
pub const SERVER_PORT: u16 = 67;

/// How long the first answer is waited for; each wait is twice the one before.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait (RFC 2131 §4.1).
const LONGEST_WAIT: Duration = Duration::from_secs(64);
/// Requests for an offered address before others are asked for.
const MOST_REQUESTS: u32 = 4;
/// The shortest time between renewals (RFC 2131 §4.4.5).
const RENEWAL_WAIT: Duration = Duration::from_secs(60);

/// What a server lends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lease {
    /// The machine's address.
    pub address: Ipv4Addr,
    /// Bits of its network's prefix.
    pub prefix: u8,
    /// The router to other networks.
    pub router: Option<Ipv4Addr>,
    /// Name servers, the preferred one first.
    pub name_servers: Vec<Ipv4Addr>,
    /// The domain that names are looked up in.
    pub domain: Vec<u8>,
}

/// What is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Send a message to a server's port.
    Send {
        /// The server, or the broadcast address.
        to: Ipv4Addr,
        /// The datagram's payload.
        message: Vec<u8>,
    },
    /// The machine has this lease from now on, and no other.
    Configure(Lease),
    /// The machine has no lease any more.
    Unconfigure,
}

/// Where the client is in the protocol (RFC 2131 §4.4).
#[derive(Clone, PartialEq, Eq, Debug)]
enum State {
    /// Asking for offers.
    Selecting,
    /// Asking for what a server offered.
    Requesting { address: Ipv4Addr, server: Ipv4Addr },
    /// Having an address.
    Bound { address: Ipv4Addr, server: Ipv4Addr, times: Times },
}

/// The moments of a lease.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Times {
    /// From when on the server is asked again (T1).
    renew: Instant,
    /// From when on any server is asked (T2).
    rebind: Instant,
    /// When the lease is over.
    end: Instant,
}

/// The client of one card.
#[derive(Clone, Debug)]
pub struct Client {
    mac: Mac,
    host_name: Vec<u8>,
    /// Tells the answers to this exchange from others.
    exchange: u32,
    state: State,
    /// When something is to be sent next.
    next: Instant,
    attempts: u32,
    /// When the exchange began.
    since: Instant,
}

impl Client {
    /// Returns a client that begins at `now`. `random` tells its exchanges from others'.
    pub fn new(mac: Mac, host_name: &[u8], random: u32, now: Instant) -> Self {
        let host_name = host_name[..host_name.len().min(63)].to_vec();
        let state = State::Selecting;
        Self { mac, host_name, exchange: random, state, next: now, attempts: 0, since: now }
    }

    /// Returns when [`poll`](Self::poll) is to be called.
    pub fn deadline(&self) -> Instant {
        match &self.state {
            State::Bound { times, .. } => self.next.min(times.end),
            _ => self.next,
        }
    }

    /// Returns whether an answer may come.
    pub fn is_waiting(&self) -> bool {
        !matches!(self.state, State::Bound { .. }) || self.attempts > 0
    }

    /// Returns what is due at `now`; to be called again until nothing is.
    pub fn poll(&mut self, now: Instant) -> Option<Action> {
        if let State::Bound { times, .. } = &self.state
            && now >= times.end
        {
            self.restart(now);
            return Some(Action::Unconfigure);
        }
        if now < self.next {
            return None;
        }
        match self.state.clone() {
            State::Selecting => Some(self.discover(now)),
            State::Requesting { .. } if self.attempts >= MOST_REQUESTS => {
                self.restart(now);
                Some(self.discover(now))
            }
            State::Requesting { address, server } => Some(self.request(address, server, now)),
            State::Bound { address, server, times } => {
                Some(self.renew(address, server, times, now))
            }
        }
    }

    /// Takes a message that came for [`CLIENT_PORT`]; what it leads to is done before
    /// [`poll`](Self::poll) is asked. Messages that make no sense are ignored.
    pub fn receive(&mut self, bytes: &[u8], now: Instant) -> Option<Action> {
        let reply = Reply::parse(bytes)?;
        if reply.exchange != self.exchange || reply.mac != self.mac {
            return None;
        }
        match (&self.state, reply.kind) {
            (State::Selecting, Kind::Offer) => {
                let (address, server) = (reply.address?, reply.server?);
                self.state = State::Requesting { address, server };
                self.attempts = 0;
                self.next = now;
                None
            }
            (State::Requesting { server, .. } | State::Bound { server, .. }, Kind::Ack) => {
                let server = reply.server.unwrap_or(*server);
                self.bind(&reply, server, now)
            }
            (State::Requesting { .. }, Kind::Nak) => {
                self.restart(now);
                None
            }
            (State::Bound { .. }, Kind::Nak) => {
                self.restart(now);
                Some(Action::Unconfigure)
            }
            _ => None,
        }
    }

    fn bind(&mut self, reply: &Reply, server: Ipv4Addr, now: Instant) -> Option<Action> {
        let lease = reply.lease()?;
        let length = Duration::from_secs(reply.lease_seconds?.into());
        // T1 and T2 where the server does not say: half and seven eighths (RFC 2131 §4.4.5).
        let renew = reply.renew_seconds.map_or(length / 2, |s| Duration::from_secs(s.into()));
        let rebind = reply.rebind_seconds.map_or(length / 8 * 7, |s| Duration::from_secs(s.into()));
        let rebind = rebind.min(length);
        let renew = renew.min(rebind);
        let times = Times { renew: now + renew, rebind: now + rebind, end: now + length };
        self.state = State::Bound { address: lease.address, server, times };
        self.next = times.renew;
        self.attempts = 0;
        Some(Action::Configure(lease))
    }

    fn restart(&mut self, now: Instant) {
        self.exchange = self.exchange.wrapping_mul(0x9e37_79b1).wrapping_add(1);
        self.state = State::Selecting;
        self.attempts = 0;
        self.next = now;
        self.since = now;
    }

    fn discover(&mut self, now: Instant) -> Action {
        self.wait(now);
        let message = self.message(Kind::Discover, now).bytes();
        Action::Send { to: Ipv4Addr::BROADCAST, message }
    }

    fn request(&mut self, address: Ipv4Addr, server: Ipv4Addr, now: Instant) -> Action {
        self.wait(now);
        let message = self.message(Kind::Request, now);
        let message = Message { requested: Some((address, server)), ..message }.bytes();
        Action::Send { to: Ipv4Addr::BROADCAST, message }
    }

    /// Asks for more time: the server, in the end any server.
    fn renew(&mut self, own: Ipv4Addr, server: Ipv4Addr, times: Times, now: Instant) -> Action {
        let (to, limit) = if now < times.rebind {
            (server, times.rebind)
        } else {
            (Ipv4Addr::BROADCAST, times.end)
        };
        if self.attempts == 0 {
            self.since = now;
        }
        self.attempts += 1;
        // Half of what is left, each time.
        let wait = (limit.since(now) / 2).max(RENEWAL_WAIT);
        self.next = (now + wait).min(limit.max(now + RENEWAL_WAIT));
        let message = Message { own: Some(own), ..self.message(Kind::Request, now) }.bytes();
        Action::Send { to, message }
    }

    fn wait(&mut self, now: Instant) {
        let wait = FIRST_WAIT * (1 << self.attempts.min(6));
        self.next = now + wait.min(LONGEST_WAIT);
        self.attempts += 1;
    }

    fn message(&self, kind: Kind, now: Instant) -> Message<'_> {
        let seconds = now.since(self.since).as_secs();
        Message {
            kind,
            exchange: self.exchange,
            seconds: u16::try_from(seconds).unwrap_or(u16::MAX),
            mac: self.mac,
            host_name: &self.host_name,
            own: None,
            requested: None,
        }
    }
}

#[cfg(test)]
mod tests;
