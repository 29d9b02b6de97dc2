//! The flow table: connections, half-open connections and TIME-WAIT, by their two ends.
//!
//! One lookup a segment. A connection that nobody has confirmed yet (SYN cache) or that is over
//! (TIME-WAIT) is a few numbers here, not a socket. Both kinds are bounded: beyond, the oldest
//! goes, so a flood of SYNs costs a fixed amount of memory.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use abi::time::Instant;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use sync::SpinLock;

use super::Tcp;
use crate::flow::{FlowKey, Secrets};
use crate::wire::tcp::SynOptions;

const SHARDS: usize = 16;
/// Half-open connections in all.
const HALF_OPEN_MAX: usize = 4096;
/// Connections in TIME-WAIT in all.
const TIME_WAIT_MAX: usize = 16_384;
/// How long an ended connection is remembered (Linux's `TCP_TIMEWAIT_LEN`).
const TIME_WAIT: Duration = Duration::from_secs(60);
/// How often a SYN|ACK is sent again, each time after twice the time (`tcp_synack_retries`).
const TRIES: usize = 5;

/// A connection of which the SYN came and the SYN|ACK was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HalfOpen {
    /// The peer's initial sequence number.
    pub(crate) peer_initial: u32,
    /// The own.
    pub(crate) own_initial: u32,
    /// What the SYN offered.
    pub(crate) peer: SynOptions,
    /// SYN|ACKs sent again so far.
    pub(crate) tries: u8,
    /// When the first one was sent.
    begun: Instant,
}

impl HalfOpen {
    /// Returns how long the SYN|ACK and its answer took, unless it was sent more than once.
    pub(crate) fn round_trip(&self, now: Instant) -> Option<Duration> {
        (self.tries == 0).then(|| now.since(self.begun))
    }

    /// Returns whether a listener that wants data first (`TCP_DEFER_ACCEPT`) waits on, after the
    /// peer has answered without any: until so many SYN|ACKs have been sent again.
    pub(crate) fn is_deferred(&self, retransmissions: u8) -> bool {
        usize::from(self.tries) < usize::from(retransmissions).min(TRIES)
    }
}

/// A connection that is over, of which late segments may come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TimeWait {
    /// Next sequence number of this side.
    pub(crate) send_next: u32,
    /// Next sequence number of the peer.
    pub(crate) receive_next: u32,
}

enum Flow {
    Socket(Arc<Tcp>),
    HalfOpen(HalfOpen),
    TimeWait(TimeWait),
}

/// What is known of a flow.
#[derive(Debug)]
pub(crate) enum Found {
    /// A socket's.
    Socket(Arc<Tcp>),
    /// Waiting for the handshake's last ACK.
    HalfOpen(HalfOpen),
    /// Over.
    TimeWait(TimeWait),
}

#[derive(Default)]
struct Shard {
    flows: HashTable<(FlowKey, Flow)>,
    half_open: usize,
    /// When SYN|ACKs are due again, a queue for each number of tries; may name flows that are
    /// half-open no more.
    retries: [VecDeque<(Instant, FlowKey)>; TRIES + 1],
    time_wait: VecDeque<(Instant, FlowKey)>,
}

/// All TCP flows of a machine.
pub(crate) struct FlowTable {
    secrets: Secrets,
    shards: [SpinLock<Shard>; SHARDS],
    /// No later than the earliest moment at which [`tick`](Self::tick) has something to do.
    due: AtomicU64,
}

impl fmt::Debug for FlowTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowTable").finish_non_exhaustive()
    }
}

impl FlowTable {
    pub(crate) fn new(secrets: Secrets) -> Self {
        Self { secrets, shards: Default::default(), due: AtomicU64::new(u64::MAX) }
    }

    fn shard(&self, flow: &FlowKey) -> (u64, &SpinLock<Shard>) {
        let hash = self.secrets.bucket(flow);
        let index = usize::try_from(hash >> 32).unwrap_or(0) % SHARDS;
        (hash, &self.shards[index])
    }

    /// Looks a flow up.
    pub(crate) fn find(&self, flow: &FlowKey) -> Option<Found> {
        let (hash, shard) = self.shard(flow);
        let shard = shard.lock();
        let (_, found) = shard.flows.find(hash, |(key, _)| key == flow)?;
        Some(match found {
            Flow::Socket(socket) => Found::Socket(socket.clone()),
            Flow::HalfOpen(half) => Found::HalfOpen(*half),
            Flow::TimeWait(over) => Found::TimeWait(*over),
        })
    }

    /// Enters a socket's flow. Returns false if the flow exists, other than in TIME-WAIT.
    pub(crate) fn insert(&self, flow: FlowKey, socket: Arc<Tcp>) -> bool {
        self.put(flow, Flow::Socket(socket), |old| matches!(old, Flow::TimeWait(_)))
    }

    /// Makes the half-open flow a socket's. Returns false if it is not half-open any more.
    pub(crate) fn complete(&self, flow: FlowKey, socket: Arc<Tcp>) -> bool {
        let (hash, shard) = self.shard(&flow);
        let mut shard = shard.lock();
        match shard.flows.find_mut(hash, |(key, _)| *key == flow) {
            Some((_, state @ Flow::HalfOpen(_))) => *state = Flow::Socket(socket),
            _ => return false,
        }
        shard.half_open -= 1;
        true
    }

    /// Remembers a SYN; the oldest unanswered one goes if there are too many.
    pub(crate) fn begin(
        &self,
        flow: FlowKey,
        peer: SynOptions,
        (peer_initial, own_initial): (u32, u32),
        now: Instant,
    ) {
        let half = HalfOpen { peer_initial, own_initial, peer, tries: 0, begun: now };
        if !self.put(flow, Flow::HalfOpen(half), |old| matches!(old, Flow::TimeWait(_))) {
            return;
        }
        let at = now + Duration::from_secs(1);
        let (_, shard) = self.shard(&flow);
        let mut shard = shard.lock();
        shard.half_open += 1;
        shard.retries[0].push_back((at, flow));
        while shard.half_open > HALF_OPEN_MAX / SHARDS && self.drop_oldest(&mut shard) {}
        // Names of flows that are half-open no more must not pile up either.
        if shard.retries[0].len() > HALF_OPEN_MAX {
            shard.retries[0].pop_front();
        }
        drop(shard);
        self.due.fetch_min(at.as_nanos(), Ordering::Relaxed);
    }

    fn drop_oldest(&self, shard: &mut Shard) -> bool {
        let oldest = shard.retries.iter_mut().rev().find_map(VecDeque::pop_front);
        let Some((_, flow)) = oldest else { return false };
        self.forget_half_open(shard, &flow);
        true
    }

    fn forget_half_open(&self, shard: &mut Shard, flow: &FlowKey) {
        let hash = self.secrets.bucket(flow);
        let is_it =
            |(key, state): &(FlowKey, Flow)| key == flow && matches!(state, Flow::HalfOpen(_));
        if let Ok(entry) = shard.flows.find_entry(hash, is_it) {
            entry.remove();
            shard.half_open -= 1;
        }
    }

    fn put(&self, flow: FlowKey, state: Flow, replaces: impl Fn(&Flow) -> bool) -> bool {
        let (hash, shard) = self.shard(&flow);
        let mut shard = shard.lock();
        let rehash = |(key, _): &(FlowKey, Flow)| self.secrets.bucket(key);
        match shard.flows.entry(hash, |(key, _)| *key == flow, rehash) {
            Entry::Occupied(mut entry) if replaces(&entry.get().1) => entry.get_mut().1 = state,
            Entry::Occupied(_) => return false,
            Entry::Vacant(entry) => {
                entry.insert((flow, state));
            }
        }
        true
    }

    /// Forgets a half-open flow.
    pub(crate) fn refuse(&self, flow: &FlowKey) {
        let (_, shard) = self.shard(flow);
        self.forget_half_open(&mut shard.lock(), flow);
    }

    /// Forgets a flow in TIME-WAIT.
    pub(crate) fn end_time_wait(&self, flow: &FlowKey) {
        self.remove_if(flow, |state| matches!(state, Flow::TimeWait(_)));
    }

    /// Removes the flow of the socket with this number, or leaves it in TIME-WAIT.
    pub(crate) fn remove(&self, flow: &FlowKey, id: u64, over: Option<TimeWait>, now: Instant) {
        let is_own = |state: &Flow| matches!(state, Flow::Socket(socket) if socket.id() == id);
        let Some(over) = over else { return self.remove_if(flow, is_own) };
        let at = now + TIME_WAIT;
        let (hash, shard) = self.shard(flow);
        let mut shard = shard.lock();
        let found = shard.flows.find_mut(hash, |(key, _)| key == flow);
        let Some((_, state)) = found.filter(|(_, state)| is_own(state)) else { return };
        let old = core::mem::replace(state, Flow::TimeWait(over));
        shard.time_wait.push_back((at, *flow));
        let surplus = (shard.time_wait.len() > TIME_WAIT_MAX / SHARDS)
            .then(|| shard.time_wait.pop_front())
            .flatten();
        drop(shard);
        drop(old);
        if let Some((_, oldest)) = surplus {
            self.end_time_wait(&oldest);
        }
        self.due.fetch_min(at.as_nanos(), Ordering::Relaxed);
    }

    /// Removes a flow; what it held is dropped after the lock is released.
    fn remove_if(&self, flow: &FlowKey, is_it: impl Fn(&Flow) -> bool) {
        let (hash, shard) = self.shard(flow);
        let mut shard = shard.lock();
        let is_it = |(key, state): &(FlowKey, Flow)| key == flow && is_it(state);
        let removed = match shard.flows.find_entry(hash, is_it) {
            Ok(entry) => Some(entry.remove().0),
            Err(_) => None,
        };
        drop(shard);
        drop(removed);
    }

    /// Returns the earliest moment, in nanoseconds, at which [`tick`](Self::tick) may have something
    /// to do.
    pub(crate) fn due(&self) -> u64 {
        self.due.load(Ordering::Relaxed)
    }

    /// Forgets what is old and returns the flows whose SYN|ACK is to be sent again.
    pub(crate) fn tick(&self, now: Instant) -> Vec<(FlowKey, HalfOpen)> {
        let mut again = Vec::new();
        if now.as_nanos() < self.due.load(Ordering::Relaxed) {
            return again;
        }
        self.due.store(u64::MAX, Ordering::Relaxed);
        for shard in &self.shards {
            let mut shard = shard.lock();
            self.tick_shard(&mut shard, now, &mut again);
            let fronts = shard.retries.iter().filter_map(VecDeque::front);
            let due = fronts.chain(shard.time_wait.front()).map(|(at, _)| at.as_nanos()).min();
            self.due.fetch_min(due.unwrap_or(u64::MAX), Ordering::Relaxed);
        }
        again
    }

    fn tick_shard(&self, shard: &mut Shard, now: Instant, again: &mut Vec<(FlowKey, HalfOpen)>) {
        while let Some((_, flow)) = shard.time_wait.pop_front_if(|(at, _)| *at <= now) {
            let hash = self.secrets.bucket(&flow);
            let is_over =
                |(key, state): &(FlowKey, Flow)| *key == flow && matches!(state, Flow::TimeWait(_));
            if let Ok(entry) = shard.flows.find_entry(hash, is_over) {
                entry.remove();
            }
        }
        for tries in (0..=TRIES).rev() {
            while let Some((_, flow)) = shard.retries[tries].pop_front_if(|(at, _)| *at <= now) {
                if tries == TRIES {
                    self.forget_half_open(shard, &flow);
                    continue;
                }
                let hash = self.secrets.bucket(&flow);
                let found = shard.flows.find_mut(hash, |(key, _)| *key == flow);
                let Some((_, Flow::HalfOpen(half))) = found else { continue };
                if usize::from(half.tries) != tries {
                    continue;
                }
                half.tries += 1;
                again.push((flow, *half));
                let wait = Duration::from_secs(2 << tries);
                shard.retries[tries + 1].push_back((now + wait, flow));
            }
        }
    }

    /// Forgets all flows that are over or half-open, and gives the memory back that is kept for
    /// more.
    pub(crate) fn forget_ended(&self, now: Instant) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            self.tick_shard(&mut shard, now + TIME_WAIT, &mut Vec::new());
            while self.drop_oldest(&mut shard) {}
            shard.flows.shrink_to_fit(|(key, _)| self.secrets.bucket(key));
            shard.retries.iter_mut().for_each(VecDeque::shrink_to_fit);
            shard.time_wait.shrink_to_fit();
        }
    }

    /// Returns how many flows there are, half-open ones and those in TIME-WAIT included.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().flows.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Endpoint;

    fn flow(port: u16, other: u16) -> FlowKey {
        let end = |port| Endpoint { address: "10.0.0.1".parse().unwrap(), port };
        FlowKey { local: end(port), remote: end(other) }
    }

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn a_flood_of_syns_is_bounded() {
        let table = FlowTable::new(Secrets([1, 2, 3, 4]));
        for port in 0..60_000 {
            table.begin(flow(80, port), SynOptions::default(), (1, 2), at(0));
        }
        assert!(table.len() <= HALF_OPEN_MAX);
        assert!(table.find(&flow(80, 59_999)).is_some());
    }

    #[test]
    fn a_syn_ack_is_sent_again_five_times_and_then_forgotten() {
        let table = FlowTable::new(Secrets([1, 2, 3, 4]));
        table.begin(flow(80, 1), SynOptions::default(), (1, 2), at(0));
        let mut moments = Vec::new();
        for second in 0..100 {
            if !table.tick(at(second)).is_empty() {
                moments.push(second);
            }
        }
        assert_eq!(moments, [1, 3, 7, 15, 31]);
        assert_eq!((table.len(), table.due()), (0, u64::MAX));
    }

    #[test]
    fn what_was_only_begun_is_forgotten_when_asked() {
        let table = FlowTable::new(Secrets([1, 2, 3, 4]));
        for port in 0..100 {
            table.begin(flow(80, port), SynOptions::default(), (1, 2), at(0));
        }
        table.forget_ended(at(1));
        assert_eq!(table.len(), 0);
        assert!(table.tick(at(100)).is_empty());
    }
}
