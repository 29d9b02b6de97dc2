//! The stack: cards, addresses, flows and timers of one machine.
//!
//! The kernel calls [`Stack::poll`] when a card interrupts, when a timer of the stack is due
//! ([`Stack::next_deadline`]) and when it has nothing else to do. Sockets call back into the
//! stack to send. When it runs is in `poll.rs`; what arrives is received in `input.rs`, what leaves
//! passes `Stack::send` in `output.rs`.
//!
//! Locks, outermost first: a card's receiver, a socket, then one of: ports, flow table shard,
//! timers, network, a lane of loopback, a card's neighbours, a card's transmitter, the lost packet.
//! Wakers are called with no lock held but a receiver's.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use abi::time::Instant;
use abi::{Errno, Result};
use sync::{Once, SpinLock};

use crate::bells::Bells;
use crate::device::{Capabilities, Device};
use crate::flow::{FlowKey, Secrets};
use crate::interface::{Interface, Traffic};
use crate::loopback::Loopback;
use crate::network::{Cidr, Network, Route};
use crate::poll::Duties;
use crate::ports::Ports;
use crate::reassembly::Reassembly;
use crate::tcp::{FlowTable, Held, Sizes, Tcp};
use crate::udp::Udp;
use crate::wire::ndisc;

/// Cards that a machine can have.
const INTERFACES_MAX: usize = 8;
/// The longest packet that is sent.
const PACKET_MAX: usize = 65_535;
/// Bytes of a new connection's buffers, each way.
const FIRST_BUFFER: usize = 32_768;

/// Whether the machine has anything else to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Load {
    /// Threads are ready to run: what they send may carry acknowledgements.
    Busy,
    /// Nothing is ready to run: acknowledgements go out now.
    Idle,
}

/// All networking of one machine.
pub struct Stack {
    pub(crate) secrets: Secrets,
    interfaces: [Once<Interface>; INTERFACES_MAX],
    pub(crate) network: SpinLock<Network>,
    /// Counts changes of addresses, routes and neighbours.
    pub(crate) generation: AtomicU64,
    pub(crate) loopback: Loopback,
    pub(crate) flows: FlowTable,
    pub(crate) tcp_ports: SpinLock<Ports<Tcp>>,
    pub(crate) udp_ports: SpinLock<Ports<Udp>>,
    pub(crate) duties: Duties,
    pub(crate) held: Held,
    pub(crate) reassembly: SpinLock<Reassembly>,
    counter: AtomicU64,
    pub(crate) bells: Bells,
    /// Where packets are written that are lost: as large as any, so that this takes no memory when
    /// there is none.
    lost: SpinLock<Vec<u8>>,
    /// Bytes in the buffers of connections and in datagrams that wait for their readers.
    buffers: AtomicUsize,
    /// What they are to stay below.
    buffers_budget: usize,
    /// Says which processor this is.
    processor: Once<fn() -> usize>,
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").field("network", &self.network).finish_non_exhaustive()
    }
}

impl Stack {
    /// Returns a stack with nothing but loopback.
    ///
    /// Buffers of connections begin smaller as their sum nears `memory` bytes.
    pub fn new(secrets: Secrets, memory: usize) -> Arc<Self> {
        Arc::new(Self {
            secrets,
            interfaces: [const { Once::new() }; INTERFACES_MAX],
            network: SpinLock::default(),
            generation: AtomicU64::new(0),
            loopback: Loopback::default(),
            flows: FlowTable::new(secrets),
            tcp_ports: SpinLock::default(),
            udp_ports: SpinLock::default(),
            duties: Duties::default(),
            held: Held::default(),
            reassembly: SpinLock::default(),
            counter: AtomicU64::new(0),
            bells: Bells::default(),
            lost: SpinLock::new(vec![0; PACKET_MAX]),
            buffers: AtomicUsize::new(0),
            buffers_budget: memory,
            processor: Once::new(),
        })
    }

    /// Sets what says which processor it is called on; without it there is one, 0.
    pub fn set_processor(&self, processor: fn() -> usize) {
        self.processor.call_once(|| processor);
    }

    /// Returns which processor this is.
    #[inline]
    pub(crate) fn processor(&self) -> usize {
        self.processor.get().map_or(0, |processor| processor())
    }

    /// Takes a card into use and returns its number, from 1; 0 is loopback. It gets its IPv6
    /// link-local address at once.
    ///
    /// # Errors
    /// `ENOSPC` if there are too many cards.
    pub fn add_device(&self, device: Device) -> Result<usize> {
        let mac = device.capabilities.mac;
        let mut interface = Some(Interface::new(device));
        for (index, slot) in self.interfaces.iter().enumerate() {
            slot.call_once(|| interface.take().unwrap_or_else(|| unreachable!()));
            if interface.is_none() {
                let address = ndisc::link_local(mac).into();
                self.add_address(index + 1, Cidr { address, prefix: 64 });
                return Ok(index + 1);
            }
        }
        Err(Errno::ENOSPC)
    }

    /// Returns the card with this number.
    pub(crate) fn interface(&self, number: usize) -> Option<&Interface> {
        self.interfaces.get(number.checked_sub(1)?)?.get()
    }

    /// Returns the cards with their numbers.
    pub(crate) fn interfaces(&self) -> impl Iterator<Item = (usize, &Interface)> {
        let numbered = self.interfaces.iter().enumerate();
        numbered.map_while(|(index, slot)| Some((index + 1, slot.get()?)))
    }

    /// Returns the cards: number, abilities and traffic so far.
    pub fn devices(&self) -> Vec<(usize, Capabilities, Traffic)> {
        let cards = self.interfaces();
        cards.map(|(number, card)| (number, card.capabilities, card.traffic())).collect()
    }

    /// Gives a card an address.
    pub fn add_address(&self, interface: usize, cidr: Cidr) {
        self.network.lock().addresses.push((interface, cidr));
        self.changed();
    }

    /// Takes all IPv4 addresses and the routes from a card.
    pub fn clear_v4(&self, interface: usize) {
        let mut network = self.network.lock();
        network.addresses.retain(|(at, own)| *at != interface || own.address.is_ipv6());
        network
            .routes
            .retain(|route| route.interface != interface || route.destination.address.is_ipv6());
        drop(network);
        self.changed();
    }

    /// Adds a route.
    pub fn add_route(&self, route: Route) {
        self.network.lock().routes.push(route);
        self.changed();
    }

    /// Returns the addresses with the numbers of their cards; loopback's are not among them.
    pub fn addresses(&self) -> Vec<(usize, Cidr)> {
        self.network.lock().addresses.clone()
    }

    /// Returns the routes, those to the networks of own addresses left out.
    pub fn routes(&self) -> Vec<Route> {
        self.network.lock().routes.clone()
    }

    /// Returns whether packets to `address` are for this machine alone.
    pub(crate) fn is_local(&self, address: &IpAddr) -> bool {
        self.network.lock().is_local(address)
    }

    /// Returns how many TCP flows there are, half-open ones and those in TIME-WAIT included.
    pub fn flow_count(&self) -> usize {
        self.flows.len()
    }

    /// Forgets connections that are over (TIME-WAIT) and those that were only begun, and gives the
    /// memory back that is kept for more.
    pub fn forget_ended(&self, now: Instant) {
        self.flows.forget_ended(now);
        self.loopback.trim();
    }

    /// Returns how many bytes the buffers of connections take.
    pub fn buffer_bytes(&self) -> usize {
        self.buffers.load(Ordering::Relaxed)
    }

    pub(crate) fn changed(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the sizes that a new connection's buffers are to have.
    pub(crate) fn first_sizes(&self) -> Sizes {
        let used = self.buffers.load(Ordering::Relaxed);
        let size = if used < self.buffers_budget / 2 {
            FIRST_BUFFER
        } else if used < self.buffers_budget {
            FIRST_BUFFER / 4
        } else {
            FIRST_BUFFER / 16
        };
        Sizes { receive: size, send: size }
    }

    /// Returns the window to offer before there is a connection.
    pub(crate) fn first_window(&self) -> u16 {
        u16::try_from(self.first_sizes().receive).unwrap_or(u16::MAX)
    }

    /// Returns whether the buffers of a connection may become larger than those it began with.
    pub(crate) fn may_grow_buffers(&self) -> bool {
        self.buffers.load(Ordering::Relaxed) < self.buffers_budget
    }

    /// Returns whether one more datagram may wait for its reader.
    pub(crate) fn may_queue(&self) -> bool {
        self.buffers.load(Ordering::Relaxed) / 2 < self.buffers_budget
    }

    /// Has a packet written that is lost.
    pub(crate) fn lose<R>(&self, length: usize, fill: impl FnOnce(&mut [u8]) -> R) -> R {
        let mut lost = self.lost.lock();
        if lost.len() < length {
            lost.resize(length, 0);
        }
        fill(&mut lost[..length])
    }

    pub(crate) fn claim_buffers(&self, bytes: usize) {
        self.buffers.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn release_buffers(&self, bytes: usize) {
        self.buffers.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Returns the initial sequence number of a connection (RFC 6528 §3).
    pub(crate) fn initial_sequence(&self, flow: &FlowKey, now: Instant) -> u32 {
        let ticks = (now.as_nanos() / 4000) & 0xffff_ffff;
        let offset = self.secrets.digest(flow) & 0xffff_ffff;
        u32::try_from(ticks.wrapping_add(offset) & 0xffff_ffff).unwrap_or(0)
    }

    /// Returns an unpredictable number, another each time.
    pub(crate) fn random(&self) -> u64 {
        self.secrets.number(self.counter.fetch_add(1, Ordering::Relaxed))
    }

    /// Returns a number that no other socket has.
    pub(crate) fn next_id(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }
}
