//! Datagrams that arrive: which sockets they are for.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;

use abi::Errno;
use abi::poll::Events;
use abi::time::Instant;

use super::{Datagram, Udp};
use crate::flow::{Endpoint, FlowKey};
use crate::network::is_group;
use crate::ports::Bound;
use crate::stack::Stack;
use crate::wire::ip::Ip;
use crate::wire::udp;

/// Receives a datagram that arrived intact.
pub(crate) fn input(stack: &Arc<Stack>, ip: &Ip<'_>, now: Instant) {
    let Some(packet) = udp::Udp::parse(ip.payload) else { return };
    let from = Endpoint { address: ip.source, port: packet.source };
    let network = stack.network.lock();
    let is_for_many = is_group(&ip.destination) || network.is_broadcast(&ip.destination);
    let is_ours = is_for_many || network.is_local(&ip.destination);
    drop(network);
    if !is_ours {
        return;
    }
    let Ip { destination: to, card, ttl, tos, .. } = *ip;
    let head = || Datagram { from, to, card, ttl, tos, arrived: now, bytes: Vec::new() };
    if is_for_many {
        let all = sockets(stack, &to, packet.destination, Some(card));
        let wanting = all.iter().filter(|socket| socket.score(&from).is_some());
        wanting.for_each(|socket| socket.deliver(head(), packet.payload));
        return;
    }
    let flow = FlowKey {
        local: Endpoint { address: ip.destination, port: packet.destination },
        remote: from,
    };
    match receiver_of(stack, &flow, card) {
        Some(socket) => socket.deliver(head(), packet.payload),
        None => stack.reply_port_unreachable(ip, now),
    }
}

/// Returns all sockets that cover an address and port, of those for a card if one is given.
fn sockets(stack: &Stack, address: &IpAddr, port: u16, card: Option<usize>) -> Vec<Arc<Udp>> {
    let ports = stack.udp_ports.lock();
    let is_meant = |entry: &&Bound<Udp>| {
        entry.scope.covers(address) && card.is_none_or(|card| entry.is_for(card))
    };
    let covering = ports.at(port).iter().filter(is_meant);
    covering.filter_map(|entry| entry.socket.upgrade()).collect()
}

/// Returns the socket that a datagram is for: one connected to its sender, else one of the
/// narrowest scope; of several that share the port, always the same.
fn receiver_of(stack: &Stack, flow: &FlowKey, card: usize) -> Option<Arc<Udp>> {
    let local = &flow.local;
    let mut narrowest: Vec<_> = {
        let ports = stack.udp_ports.lock();
        let entries = ports.narrowest(&local.address, local.port, |entry| entry.is_for(card));
        entries.filter_map(|entry| entry.socket.upgrade()).collect()
    };
    if narrowest.len() > 1 || narrowest.iter().any(|socket| socket.score(&flow.remote).is_none()) {
        let all = sockets(stack, &local.address, local.port, Some(card));
        if let Some(connected) = all.iter().find(|socket| socket.score(&flow.remote) == Some(1)) {
            return Some(connected.clone());
        }
        narrowest.retain(|socket| socket.score(&flow.remote).is_some());
    }
    let count = u64::try_from(narrowest.len()).ok().filter(|count| *count > 0)?;
    let is_group = narrowest.iter().all(|socket| socket.with_options(|options| options.reuse_port));
    // Without SO_REUSEPORT the socket bound last gets all, as on Linux.
    let chosen = if is_group { stack.secrets.digest(flow) % count } else { count - 1 };
    narrowest.into_iter().nth(usize::try_from(chosen).ok()?)
}

/// Takes a report that a datagram of the flow did not arrive. Only a connected socket hears of it.
pub(crate) fn input_report(stack: &Stack, flow: &FlowKey, errno: Errno, is_fatal: bool) {
    let all = sockets(stack, &flow.local.address, flow.local.port, None);
    let connected = all.iter().filter(|socket| socket.score(&flow.remote) == Some(1));
    for socket in connected {
        let mut inner = socket.inner.lock();
        if is_fatal || inner.options.receive_errors {
            inner.error = Some(errno);
            drop(inner);
            socket.waiters.wake(Events::ERR);
        }
    }
}
