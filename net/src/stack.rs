//! The stack: cards, addresses, flows and timers of one machine.
//!
//! The kernel calls [`Stack::poll`] when a card interrupts, when a timer of the stack is due
//! ([`Stack::next_deadline`]) and when it has nothing else to do. Sockets call back into the
//! stack to send. What arrives is received here (`input.rs`), what leaves passes `Stack::send` (`output.rs`).
//!
//! Locks, outermost first: a card's receiver, a socket, then one of: ports, flow table shard,
//! timers, network, a lane of loopback, a card's neighbours, a card's transmitter, the lost packet.
//! Wakers are called with no lock held but a receiver's.

use alloc::sync::{Arc, Weak};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;

use abi::time::Instant;
use abi::{Errno, Result};
use sync::{Once, SpinLock};

use crate::bells::{self, Bells, Due};
use crate::device::{Capabilities, Device, Interrupts};
use crate::flow::{FlowKey, Secrets};
use crate::interface::{Interface, Pair, Traffic};
use crate::loopback::Loopback;
use crate::network::{Cidr, Network, Route};
use crate::ports::Ports;
use crate::reassembly::Reassembly;
use crate::tcp::{FlowTable, Held, Sizes, Tcp};
use crate::timer::Timers;
use crate::udp::Udp;
use crate::wire::ndisc;

/// Cards that a machine can have.
const INTERFACES_MAX: usize = 8;
/// The longest packet that is sent.
const PACKET_MAX: usize = 65_535;
/// Frames received from a card in a row.
const BATCH: usize = 64;
/// How long an acknowledgement waits for data to ride on while the machine is busy.
const ACK_DELAY: Duration = Duration::from_millis(4);
/// How soon sockets that a full sending ring held up try again.
const RETRY: Duration = Duration::from_millis(1);
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
    timers: SpinLock<Timers>,
    /// Connections that owe an acknowledgement.
    delayed: SpinLock<Vec<Arc<Tcp>>>,
    delayed_until: AtomicU64,
    /// Connections that a full sending ring held up.
    starved: SpinLock<Vec<Arc<Tcp>>>,
    /// There may be some, or segments that are held.
    is_starving: AtomicBool,
    pub(crate) held: Held,
    /// Connections that hold little back until the cards are told of more. The bells say whether
    /// there are some, which changes under this lock. A leaf.
    gathered: SpinLock<Vec<Arc<Tcp>>>,
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
    /// The earliest moment at which there is something to do, but for the flow table, in
    /// nanoseconds; perhaps an earlier one, never a later one.
    due: AtomicU64,
    /// Tells the kernel of an earlier one.
    alarm: Once<fn(Instant)>,
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
            timers: SpinLock::default(),
            delayed: SpinLock::default(),
            delayed_until: AtomicU64::new(u64::MAX),
            starved: SpinLock::default(),
            is_starving: AtomicBool::new(false),
            held: Held::default(),
            gathered: SpinLock::default(),
            reassembly: SpinLock::default(),
            counter: AtomicU64::new(0),
            bells: Bells::default(),
            lost: SpinLock::new(vec![0; PACKET_MAX]),
            buffers: AtomicUsize::new(0),
            buffers_budget: memory,
            due: AtomicU64::new(u64::MAX),
            alarm: Once::new(),
            processor: Once::new(),
        })
    }

    /// Sets what is called when a socket's operation leaves something to be done that is due
    /// earlier than all that [`next_deadline`](Self::next_deadline) said before.
    pub fn set_alarm(&self, alarm: fn(Instant)) {
        self.alarm.call_once(|| alarm);
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

    /// Notes that there is something to do at `at`.
    pub(crate) fn note_due(&self, at: Instant) {
        if at.as_nanos() < self.due.fetch_min(at.as_nanos(), Ordering::Relaxed)
            && let Some(alarm) = self.alarm.get()
        {
            alarm(at);
        }
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

    fn interfaces(&self) -> impl Iterator<Item = (usize, &Interface)> {
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

    /// Receives what has arrived, runs what is due and sends what follows from both. Costs next to
    /// nothing while there is neither. What is received is what came for this processor.
    ///
    /// Returns whether frames are left: the kernel calls again soon, other work in between.
    pub fn poll(self: &Arc<Self>, now: Instant, load: Load) -> bool {
        // First those that are owed already: whoever is told of what comes now has not run yet, and
        // his answer may carry the acknowledgement.
        let owed = self.delayed_until.load(Ordering::Relaxed);
        if now.as_nanos() >= owed || (load == Load::Idle && owed != u64::MAX) {
            self.send_acknowledgements(now);
        }
        let processor = self.processor();
        let mut is_more = false;
        let mut received = 0;
        for (number, interface) in self.interfaces() {
            let pair = interface.pair_of(processor);
            let Some(mut receiver) = pair.try_receiver() else { continue };
            let count = receiver.receive(BATCH, &mut |frame| {
                interface.count_received(frame.bytes.len());
                self.input_frame(number, interface, &frame, now);
            });
            is_more |= count == BATCH;
            received += count;
        }
        self.bells.received(received);
        let is_due = now.as_nanos() >= self.next_due();
        if is_due {
            self.run_timers(now);
        }
        self.drain_loopback(now);
        if is_due || self.is_starving.load(Ordering::Relaxed) {
            self.serve_starved(now);
        }
        if is_due {
            self.look_ahead(now);
        }
        self.flush(now);
        is_more
    }

    /// Asks the cards for interrupts of this processor, or for none. Returns whether frames wait
    /// already, in which case the kernel polls again before it halts. Waits for another processor
    /// that receives.
    pub fn set_interrupts(&self, wanted: Interrupts) -> bool {
        let mut is_pending = false;
        for pair in self.own_pairs() {
            is_pending |= pair.receiver().set_interrupts(wanted);
            if wanted == Interrupts::Enabled {
                pair.remind();
            }
        }
        is_pending
    }

    /// Asks for interrupts of this processor those cards that no other processor receives from: that
    /// one asks afterwards itself. Returns whether frames wait already.
    pub fn ask_for_interrupts(&self) -> bool {
        let mut is_pending = false;
        for pair in self.own_pairs() {
            let Some(mut receiver) = pair.try_receiver() else { continue };
            is_pending |= receiver.set_interrupts(Interrupts::Enabled);
            drop(receiver);
            pair.remind();
        }
        is_pending
    }

    /// Returns whether frames for this processor or loopback packets wait to be received; cheap.
    pub fn is_pending(&self) -> bool {
        let is_waiting =
            |pair: &Pair| pair.try_receiver().is_some_and(|mut receiver| receiver.is_pending());
        self.loopback.waiting().is_some() || self.own_pairs().any(is_waiting)
    }

    /// Returns the queues of the cards that are this processor's.
    fn own_pairs(&self) -> impl Iterator<Item = &Pair> {
        let processor = self.processor();
        self.interfaces().map(move |(_, interface)| interface.pair_of(processor))
    }

    /// Returns how many processors have queues of a card to themselves; the others share theirs with
    /// these, in turns.
    pub fn spread(&self) -> usize {
        self.interfaces().map(|(_, interface)| interface.pairs().len()).max().unwrap_or(1).max(1)
    }

    /// Returns when [`poll`](Self::poll) is to be called even if nothing arrives.
    pub fn next_deadline(&self) -> Option<Instant> {
        let due = self.next_due();
        (due != u64::MAX).then(|| Instant::from_nanos(due))
    }

    fn next_due(&self) -> u64 {
        self.due.load(Ordering::Relaxed).min(self.flows.due())
    }

    /// Finds out when there is something to do, once what was due is done.
    fn look_ahead(&self, now: Instant) {
        // Whoever adds something from now on notes it himself, whoever did before is seen below.
        self.due.store(u64::MAX, Ordering::SeqCst);
        let acknowledgements = self.delayed_until.load(Ordering::Relaxed);
        let is_held_up = !self.starved.lock().is_empty() || !self.held.is_empty();
        let starved = is_held_up.then(|| now + RETRY);
        let neighbors = self.interfaces().filter_map(|(_, card)| card.neighbors.lock().deadline());
        let first = self.timers.lock().first();
        let next = first.into_iter().chain(starved).chain(neighbors).map(Instant::as_nanos).min();
        let next = next.unwrap_or(u64::MAX).min(acknowledgements);
        self.due.fetch_min(next, Ordering::SeqCst);
    }

    fn run_timers(self: &Arc<Self>, now: Instant) {
        loop {
            let due = self.timers.lock().pop_due(now);
            let Some(due) = due else { break };
            if let Some(connection) = due.upgrade() {
                connection.timer_fired(now);
            }
        }
        for (flow, half) in self.flows.tick(now) {
            crate::tcp::send_syn_ack(self, &flow, &half, now);
        }
        for (number, interface) in self.interfaces() {
            let due = interface.neighbors.lock().tick(now);
            due.questions.into_iter().for_each(|address| self.ask(number, interface, address));
            for packet in due.undeliverable {
                self.report_undeliverable(&packet, now);
            }
        }
    }

    /// Receives the packets that were sent to this machine itself.
    pub(crate) fn drain_loopback(self: &Arc<Self>, now: Instant) {
        while let Some(lane) = self.loopback.waiting() {
            let mut next = self.loopback.begin(lane);
            while let Some(packet) = next {
                self.input_ip(0, &packet, true, now);
                next = self.loopback.next(lane, packet);
            }
        }
    }

    /// Finishes a socket's operation: what it sent to this machine is received, what it sent over
    /// cards is told to them, now or soon.
    pub(crate) fn finish(self: &Arc<Self>, now: Instant) {
        self.drain_loopback(now);
        match self.bells.due() {
            Due::Nothing | Due::Already => {}
            Due::Soon => self.note_due(now + bells::PATIENCE),
            Due::Now => self.flush(now),
        }
    }

    /// Sends what connections hold back, and tells the cards of all that was queued.
    pub(crate) fn flush(&self, now: Instant) {
        if !self.bells.is_owed() {
            return;
        }
        let mut gathered = self.gathered.lock();
        let is_owed = self.bells.take();
        let mut list = core::mem::take(&mut *gathered);
        drop(gathered);
        if !list.is_empty() {
            list.drain(..).for_each(|connection| connection.send_gathered(now));
            let mut gathered = self.gathered.lock();
            if gathered.is_empty() {
                // What that queued is told with the rest; the list's memory serves again.
                self.bells.take();
                *gathered = list;
            }
        }
        if is_owed {
            self.interfaces().for_each(|(_, interface)| interface.flush());
        }
    }

    /// Has a connection send what it holds back when the cards are told next.
    pub(crate) fn gather(&self, connection: Arc<Tcp>) {
        let mut gathered = self.gathered.lock();
        gathered.push(connection);
        self.bells.gather();
    }

    /// Notes that a connection owes an acknowledgement.
    pub(crate) fn delay_acknowledgement(&self, connection: Arc<Tcp>, now: Instant) {
        let at = now + ACK_DELAY;
        self.delayed.lock().push(connection);
        self.delayed_until.fetch_min(at.as_nanos(), Ordering::Relaxed);
        self.note_due(at);
    }

    fn send_acknowledgements(&self, now: Instant) {
        self.delayed_until.store(u64::MAX, Ordering::Relaxed);
        let mut list = core::mem::take(&mut *self.delayed.lock());
        for connection in list.drain(..) {
            connection.acknowledge(now);
        }
        // The list's memory serves again.
        let mut delayed = self.delayed.lock();
        if delayed.is_empty() {
            *delayed = list;
        }
    }

    /// Notes that a connection could not send all that it may.
    pub(crate) fn starve(&self, connection: Arc<Tcp>, now: Instant) {
        self.starved.lock().push(connection);
        self.is_starving.store(true, Ordering::Relaxed);
        self.note_due(now + RETRY);
    }

    fn serve_starved(&self, now: Instant) {
        self.is_starving.store(false, Ordering::Relaxed);
        self.held.send(self, now);
        let starved = core::mem::take(&mut *self.starved.lock());
        starved.iter().for_each(|connection| connection.resume(now));
    }

    /// Moves a connection's timer from one moment to an earlier one.
    pub(crate) fn set_timer(
        &self,
        old: Option<Instant>,
        new: Instant,
        id: u64,
        connection: Weak<Tcp>,
    ) {
        let mut timers = self.timers.lock();
        if let Some(old) = old {
            timers.remove(old, id);
        }
        timers.insert(new, id, connection);
        drop(timers);
        self.note_due(new);
    }

    /// Notes that segments wait for room in a sending ring.
    pub(crate) fn note_held(&self, now: Instant) {
        self.is_starving.store(true, Ordering::Relaxed);
        self.note_due(now + RETRY);
    }

    /// Removes a connection's timer.
    pub(crate) fn clear_timer(&self, old: Instant, id: u64) {
        self.timers.lock().remove(old, id);
    }
}
