//! When the stack runs: receiving, timers, and telling the cards.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;

use abi::time::Instant;
use sync::{Once, SpinLock};

use crate::bells::{self, Due};
use crate::device::Interrupts;
use crate::interface::Pair;
use crate::stack::{Load, Stack};
use crate::tcp::Tcp;
use crate::timer::Timers;

/// Frames received from a card in a row.
const BATCH: usize = 64;
/// How long an acknowledgement waits for data to ride on while the machine is busy.
const ACK_DELAY: Duration = Duration::from_millis(4);
/// How soon sockets that a full sending ring held up try again.
const RETRY: Duration = Duration::from_millis(1);

/// What is to be done that no packet and no call asks for.
#[derive(Debug)]
pub(crate) struct Duties {
    timers: SpinLock<Timers>,
    /// Connections that owe an acknowledgement.
    delayed: SpinLock<Vec<Arc<Tcp>>>,
    delayed_until: AtomicU64,
    /// Connections that a full sending ring held up.
    starved: SpinLock<Vec<Arc<Tcp>>>,
    /// There may be some, or segments that are held.
    is_starving: AtomicBool,
    /// Connections that hold little back until the cards are told of more. The bells say whether
    /// there are some, which changes under this lock. A leaf.
    gathered: SpinLock<Vec<Arc<Tcp>>>,
    /// The earliest moment at which there is something to do, but for the flow table, in
    /// nanoseconds; perhaps an earlier one, never a later one.
    due: AtomicU64,
    /// Tells the kernel of an earlier one.
    alarm: Once<fn(Instant)>,
}

impl Default for Duties {
    fn default() -> Self {
        Self {
            timers: SpinLock::default(),
            delayed: SpinLock::default(),
            delayed_until: AtomicU64::new(u64::MAX),
            starved: SpinLock::default(),
            is_starving: AtomicBool::new(false),
            gathered: SpinLock::default(),
            due: AtomicU64::new(u64::MAX),
            alarm: Once::new(),
        }
    }
}

impl Stack {
    /// Sets what is called when a socket's operation leaves something to be done that is due
    /// earlier than all that [`next_deadline`](Self::next_deadline) said before.
    pub fn set_alarm(&self, alarm: fn(Instant)) {
        self.duties.alarm.call_once(|| alarm);
    }

    /// Notes that there is something to do at `at`.
    pub(crate) fn note_due(&self, at: Instant) {
        if at.as_nanos() < self.duties.due.fetch_min(at.as_nanos(), Ordering::Relaxed)
            && let Some(alarm) = self.duties.alarm.get()
        {
            alarm(at);
        }
    }

    /// Receives what has arrived, runs what is due and sends what follows from both. Costs next to
    /// nothing while there is neither. What is received is what came for this processor.
    ///
    /// Returns whether frames are left: the kernel calls again soon, other work in between.
    pub fn poll(self: &Arc<Self>, now: Instant, load: Load) -> bool {
        // First those that are owed already: whoever is told of what comes now has not run yet, and
        // his answer may carry the acknowledgement.
        let owed = self.duties.delayed_until.load(Ordering::Relaxed);
        if now.as_nanos() >= owed || (load == Load::Idle && owed != u64::MAX) {
            self.send_acknowledgements(now);
        }
        let processor = self.processor();
        let mut is_more = false;
        let mut received = None;
        for (number, interface) in self.interfaces() {
            let pair = interface.pair_of(processor);
            let Some(mut receiver) = pair.try_receiver() else { continue };
            let count = receiver.receive(BATCH, &mut |frame| {
                interface.count_received(frame.bytes.len());
                self.input_frame(number, interface, &frame, now);
            });
            is_more |= count == BATCH;
            received = Some(received.unwrap_or(0) + count);
        }
        // Who finds that another receives knows nothing of how much comes.
        if let Some(count) = received {
            self.bells.received(processor, count);
        }
        let is_due = now.as_nanos() >= self.next_due();
        if is_due {
            self.run_timers(now);
        }
        self.drain_loopback(now);
        if is_due || self.duties.is_starving.load(Ordering::Relaxed) {
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
        self.duties.due.load(Ordering::Relaxed).min(self.flows.due())
    }

    /// Finds out when there is something to do, once what was due is done.
    fn look_ahead(&self, now: Instant) {
        // Whoever adds something from now on notes it himself, whoever did before is seen below.
        self.duties.due.store(u64::MAX, Ordering::SeqCst);
        let acknowledgements = self.duties.delayed_until.load(Ordering::Relaxed);
        let is_held_up = !self.duties.starved.lock().is_empty() || !self.held.is_empty();
        let starved = is_held_up.then(|| now + RETRY);
        let neighbors = self.interfaces().filter_map(|(_, card)| card.neighbors.lock().deadline());
        let first = self.duties.timers.lock().first();
        let next = first.into_iter().chain(starved).chain(neighbors).map(Instant::as_nanos).min();
        let next = next.unwrap_or(u64::MAX).min(acknowledgements);
        self.duties.due.fetch_min(next, Ordering::SeqCst);
    }

    fn run_timers(self: &Arc<Self>, now: Instant) {
        loop {
            let due = self.duties.timers.lock().pop_due(now);
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
        match self.bells.due(self.processor()) {
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
        let mut gathered = self.duties.gathered.lock();
        let is_owed = self.bells.take();
        let mut list = core::mem::take(&mut *gathered);
        drop(gathered);
        if !list.is_empty() {
            list.drain(..).for_each(|connection| connection.send_gathered(now));
            let mut gathered = self.duties.gathered.lock();
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
        let mut gathered = self.duties.gathered.lock();
        gathered.push(connection);
        self.bells.gather();
    }

    /// Notes that a connection owes an acknowledgement.
    pub(crate) fn delay_acknowledgement(&self, connection: Arc<Tcp>, now: Instant) {
        let at = now + ACK_DELAY;
        self.duties.delayed.lock().push(connection);
        self.duties.delayed_until.fetch_min(at.as_nanos(), Ordering::Relaxed);
        self.note_due(at);
    }

    fn send_acknowledgements(&self, now: Instant) {
        self.duties.delayed_until.store(u64::MAX, Ordering::Relaxed);
        let mut list = core::mem::take(&mut *self.duties.delayed.lock());
        for connection in list.drain(..) {
            connection.acknowledge(now);
        }
        // The list's memory serves again.
        let mut delayed = self.duties.delayed.lock();
        if delayed.is_empty() {
            *delayed = list;
        }
    }

    /// Notes that a connection could not send all that it may.
    pub(crate) fn starve(&self, connection: Arc<Tcp>, now: Instant) {
        self.duties.starved.lock().push(connection);
        self.duties.is_starving.store(true, Ordering::Relaxed);
        self.note_due(now + RETRY);
    }

    fn serve_starved(&self, now: Instant) {
        self.duties.is_starving.store(false, Ordering::Relaxed);
        self.held.send(self, now);
        let starved = core::mem::take(&mut *self.duties.starved.lock());
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
        let mut timers = self.duties.timers.lock();
        if let Some(old) = old {
            timers.remove(old, id);
        }
        timers.insert(new, id, connection);
        drop(timers);
        self.note_due(new);
    }

    /// Notes that segments wait for room in a sending ring.
    pub(crate) fn note_held(&self, now: Instant) {
        self.duties.is_starving.store(true, Ordering::Relaxed);
        self.note_due(now + RETRY);
    }

    /// Removes a connection's timer.
    pub(crate) fn clear_timer(&self, old: Instant, id: u64) {
        self.duties.timers.lock().remove(old, id);
    }
}
