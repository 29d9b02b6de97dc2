//! Active opening: `connect(2)`.

use alloc::sync::Arc;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use abi::poll::Events;
use abi::time::Instant;
use abi::{Errno, Result};

use super::connection::{Connection, send_segment};
use super::synced::{OWN_SHIFT, Synced};
use super::{Inner, State, Tcp};
use crate::flow::{Endpoint, FlowKey};
use crate::network::is_group;
use crate::ports::ephemeral;
use crate::wire::ip::header_length;
use crate::wire::tcp::{ACK, Control, HEADER, RST, SYN, SynOptions, Tcp as Segment};

/// A connection whose SYN has not been answered.
#[derive(Debug)]
pub(super) struct Connecting {
    flow: FlowKey,
    initial: u32,
    /// SYNs sent.
    tries: u8,
    next_try: Instant,
    mtu: usize,
    /// When the first SYN was sent.
    begun: Instant,
}

impl Connecting {
    pub(super) fn flow(&self) -> FlowKey {
        self.flow
    }

    pub(super) fn initial(&self) -> u32 {
        self.initial
    }

    pub(super) fn next_try(&self) -> Instant {
        self.next_try
    }
}

/// The longest segment to ask for on a way with this MTU.
pub(super) fn own_mss(mtu: usize, local: &IpAddr, wanted: Option<u16>) -> u16 {
    let longest = mtu.saturating_sub(header_length(local) + HEADER);
    let longest = u16::try_from(longest).unwrap_or(u16::MAX);
    wanted.map_or(longest, |wanted| wanted.min(longest))
}

impl Inner {
    /// Returns why connecting failed, after which the socket can be connected anew.
    fn tell_failure(&mut self) -> Errno {
        self.state = State::Closed;
        self.error.take().unwrap_or(Errno::ECONNABORTED)
    }
}

impl Tcp {
    /// Begins to connect; what is wrong with `remote` counts for a socket that can only.
    ///
    /// # Errors
    /// `EINPROGRESS`: [`connected`](Self::connected), or this once more, tells the outcome when the
    /// socket is writable. `EALREADY`, `EISCONN`, `ENETUNREACH`, `EADDRNOTAVAIL` as `connect(2)` says.
    pub(crate) fn connect(self: &Arc<Self>, remote: Result<Endpoint>, now: Instant) -> Result<()> {
        let mut inner = self.inner.lock();
        match &inner.state {
            State::Closed => {}
            State::Failed => return Err(inner.tell_failure()),
            State::Connecting(_) => return Err(Errno::EALREADY),
            State::Open(connection) if inner.is_untold => {
                let is_over = connection.is_over;
                inner.is_untold = false;
                if !is_over {
                    return Ok(());
                }
                // It was reset before the program heard of it, and can be connected anew.
                let error = inner.error.take().unwrap_or(Errno::ECONNABORTED);
                drop(inner);
                self.disconnect(now)?;
                return Err(error);
            }
            State::Open(_) | State::Listening(_) => return Err(Errno::EISCONN),
        }
        if let Some(error) = inner.error.take() {
            return Err(error);
        }
        let flow = self.choose_flow(&inner, remote?)?;
        let initial = self.stack.initial_sequence(&flow, now);
        let mtu = self.stack.mtu(&flow.remote.address);
        let next_try = now + Duration::from_secs(1);
        inner.state =
            State::Connecting(Connecting { flow, initial, tries: 1, next_try, mtu, begun: now });
        inner.local = Some(flow.local);
        self.send_syn(&mut inner, now);
        self.arm(&mut inner, next_try);
        drop(inner);
        self.stack.finish(now);
        // An answer that is here already, as over loopback, is told as one that comes later.
        self.inner.lock().is_untold = true;
        Err(Errno::EINPROGRESS)
    }

    /// Returns what became of connecting.
    ///
    /// # Errors
    /// `EAGAIN` while it goes on; why it failed, once; `ENOTCONN` if nobody connects.
    pub(crate) fn connected(&self) -> Result<()> {
        let mut inner = self.inner.lock();
        match &inner.state {
            State::Open(_) => {
                inner.is_untold = false;
                Ok(())
            }
            State::Connecting(_) => Err(Errno::EAGAIN),
            State::Failed => Err(inner.tell_failure()),
            _ => Err(inner.error.take().unwrap_or(Errno::ENOTCONN)),
        }
    }

    fn choose_flow(self: &Arc<Self>, inner: &Inner, mut remote: Endpoint) -> Result<FlowKey> {
        if remote.address.is_unspecified() {
            remote.address = match remote.address {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            };
        }
        let network = self.stack.network.lock();
        if is_group(&remote.address) || network.is_broadcast(&remote.address) {
            return Err(Errno::ENETUNREACH);
        }
        if let Some(card) = inner.options.card {
            network.check_card(&remote.address, card)?;
        }
        let bound = inner.local.map(|local| local.address).filter(|own| !own.is_unspecified());
        let address = match bound {
            Some(address) if address.is_ipv4() != remote.address.is_ipv4() => {
                return Err(Errno::EINVAL);
            }
            Some(address) => {
                network.path(&remote.address)?;
                address
            }
            None => network.source_for(&remote.address)?,
        };
        drop(network);
        let flow_at = |port| FlowKey { local: Endpoint { address, port }, remote };
        if let Some(port) = inner.bound {
            let flow = flow_at(port);
            let is_new = self.stack.flows.insert(flow, self.clone());
            return if is_new { Ok(flow) } else { Err(Errno::EADDRNOTAVAIL) };
        }
        // RFC 6056 §3.3.3: the ports for one destination follow an order that only we know.
        let offset = self.stack.secrets.digest(&flow_at(0)).wrapping_add(self.stack.next_id());
        let mut ports = ephemeral(offset);
        ports
            .find_map(|port| {
                let flow = flow_at(port);
                let is_taken = self.stack.tcp_ports.lock().is_taken(port);
                (!is_taken && self.stack.flows.insert(flow, self.clone())).then_some(flow)
            })
            .ok_or(Errno::EADDRNOTAVAIL)
    }

    fn send_syn(&self, inner: &mut Inner, now: Instant) {
        let Inner { state: State::Connecting(connecting), hop, options, .. } = inner else {
            return;
        };
        let flow = connecting.flow;
        let mss = own_mss(connecting.mtu, &flow.local.address, options.max_segment);
        let syn = Control {
            window: self.stack.first_window(),
            options: SynOptions { mss: Some(mss), window_shift: Some(OWN_SHIFT), has_sack: true },
            ..Control::new(flow, SYN, connecting.initial, 0)
        };
        if let Ok(hop) = self.stack.cached_hop(&flow.remote.address, hop, now) {
            send_segment(&self.stack, hop, &syn, now);
        }
    }

    /// Sends the SYN again, or gives up after as many as `tcp_syn_retries` says.
    pub(super) fn connect_again(self: &Arc<Self>, inner: &mut Inner, now: Instant) -> Events {
        let (retries, user_timeout) = (inner.options.syn_count, inner.options.user_timeout);
        let State::Connecting(connecting) = &mut inner.state else { return Events::empty() };
        let is_out_of_time = user_timeout != 0
            && u64::from(user_timeout) < 1000 * ((1 << connecting.tries.min(20)) - 1);
        if connecting.tries > retries || is_out_of_time {
            return self.fail_connecting(inner, Errno::ETIMEDOUT, now);
        }
        let wait = Duration::from_secs(1 << connecting.tries.min(6));
        connecting.tries += 1;
        connecting.next_try = now + wait;
        let at = connecting.next_try;
        self.send_syn(inner, now);
        self.arm(inner, at);
        Events::empty()
    }

    /// Ends connecting with an error.
    pub(super) fn fail_connecting(&self, inner: &mut Inner, errno: Errno, now: Instant) -> Events {
        let old = core::mem::replace(&mut inner.state, State::Failed);
        let State::Connecting(connecting) = old else {
            inner.state = old;
            return Events::empty();
        };
        if let Some(timer) = inner.timer.take() {
            self.stack.clear_timer(timer, self.id);
        }
        if inner.bound.is_none() {
            inner.local = None;
        }
        inner.error = Some(errno);
        self.stack.flows.remove(&connecting.flow, self.id, None, now);
        Events::all()
    }

    /// Receives the answer to a SYN (RFC 9293 §3.10.7.3).
    pub(super) fn input_connecting(
        self: &Arc<Self>,
        inner: &mut Inner,
        segment: &Segment<'_>,
        now: Instant,
    ) -> Events {
        let State::Connecting(connecting) = &inner.state else { return Events::empty() };
        let (flow, mtu) = (connecting.flow, connecting.mtu);
        let round_trip = (connecting.tries == 1).then(|| now.since(connecting.begun));
        let send_next = connecting.initial.wrapping_add(1);
        let is_acceptable = segment.has(ACK) && segment.ack == send_next;
        if segment.has(ACK) && !is_acceptable {
            super::input::refuse(&self.stack, &flow, segment, now);
            return Events::empty();
        }
        if segment.has(RST) {
            if !is_acceptable {
                return Events::empty();
            }
            return self.fail_connecting(inner, Errno::ECONNREFUSED, now);
        }
        if !(segment.has(SYN) && is_acceptable) {
            return Events::empty();
        }
        let peer = segment.syn_options();
        let sizes = self.stack.first_sizes();
        let receive_next = segment.seq.wrapping_add(1);
        let window = u32::try_from(sizes.receive).unwrap_or(0);
        let synced = Synced {
            flow,
            send_next,
            receive_next,
            receive_limit: receive_next.wrapping_add(window),
            send_limit: send_next.wrapping_add(segment.window.into()),
            peer_mss: peer.mss.unwrap_or(536),
            peer_shift: peer.window_shift,
            has_sack: peer.has_sack,
            mtu,
        };
        if let Some(timer) = inner.timer.take() {
            self.stack.clear_timer(timer, self.id);
        }
        inner.state = State::Open(Connection::new(synced, sizes, round_trip, now));
        self.send_control(inner, ACK, 0, now);
        self.reschedule(inner, now);
        Events::WRITABLE
    }
}
