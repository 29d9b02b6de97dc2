//! Neighbours: which hardware address an IP address on the link has (ARP, NDISC).
//!
//! [`Neighbors`] is the table of one card. It never sends: [`Neighbors::find`] and
//! [`Neighbors::tick`] say whom to ask. Packets for a neighbour that is not known yet wait in
//! its entry. Everything is bounded: entries, packets an entry, questions a second.

use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use abi::time::Instant;
use hashbrown::HashMap;

use crate::device::Mac;

/// Entries of one card; beyond, the one confirmed longest ago goes.
const ENTRIES_MAX: usize = 1024;
/// Packets that wait for one neighbour; beyond, the newest is dropped.
const PENDING_MAX: usize = 16;
/// How long an answer is good without asking again.
const REACHABLE: Duration = Duration::from_secs(30);
/// Time between two questions for the same neighbour.
const ASK_INTERVAL: Duration = Duration::from_secs(1);
/// Questions before a neighbour counts as gone.
const ASK_MAX: u8 = 3;

/// A packet that waits, complete but for its Ethernet header.
pub(crate) type Pending = Vec<u8>;

#[derive(Debug, Default)]
struct Entry {
    mac: Option<Mac>,
    confirmed: Instant,
    asked: Instant,
    /// Questions since the last answer.
    questions: u8,
    pending: Vec<Pending>,
}

/// What is known of a neighbour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Found {
    /// Its address, if known.
    pub(crate) mac: Option<Mac>,
    /// Whether the caller is to ask for it now.
    pub(crate) is_to_ask: bool,
}

/// The neighbours of one card.
#[derive(Debug, Default)]
pub(crate) struct Neighbors {
    entries: HashMap<IpAddr, Entry>,
    /// Entries without an address that packets wait for.
    unanswered: Vec<IpAddr>,
    ticked: Instant,
}

/// What [`Neighbors::tick`] found to do.
#[derive(Debug, Default)]
pub(crate) struct Due {
    /// Whom to ask for.
    pub(crate) questions: Vec<IpAddr>,
    /// Packets whose neighbour does not answer.
    pub(crate) undeliverable: Vec<Pending>,
}

impl Neighbors {
    /// Looks a neighbour up for a packet to be sent to it.
    pub(crate) fn find(&mut self, address: IpAddr, now: Instant) -> Found {
        if !self.entries.contains_key(&address) {
            self.make_room();
        }
        let entry = self.entries.entry(address).or_default();
        if entry.mac.is_some() && now.since(entry.confirmed) < REACHABLE {
            return Found { mac: entry.mac, is_to_ask: false };
        }
        let is_to_ask = entry.questions == 0 || now.since(entry.asked) >= ASK_INTERVAL;
        if is_to_ask {
            if entry.questions >= ASK_MAX {
                entry.mac = None;
                entry.questions = 0;
            }
            entry.questions += 1;
            entry.asked = now;
        }
        Found { mac: entry.mac, is_to_ask }
    }

    fn make_room(&mut self) {
        if self.entries.len() < ENTRIES_MAX {
            return;
        }
        let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.confirmed.max(entry.asked));
        if let Some(address) = oldest.map(|(address, _)| *address) {
            self.entries.remove(&address);
            self.unanswered.retain(|waiting| *waiting != address);
        }
    }

    /// Keeps a packet until its neighbour answers.
    pub(crate) fn wait(&mut self, address: IpAddr, packet: Pending) {
        let Some(entry) = self.entries.get_mut(&address) else { return };
        if entry.pending.is_empty() {
            self.unanswered.push(address);
        }
        if entry.pending.len() < PENDING_MAX {
            entry.pending.push(packet);
        }
    }

    /// Notes a neighbour's answer and returns the packets that waited for it. What was not asked
    /// for is believed only of addresses in the table or if `is_for_us`.
    pub(crate) fn learn(
        &mut self,
        address: IpAddr,
        mac: Mac,
        is_for_us: bool,
        now: Instant,
    ) -> Vec<Pending> {
        if !self.entries.contains_key(&address) {
            if !is_for_us {
                return Vec::new();
            }
            self.make_room();
        }
        let entry = self.entries.entry(address).or_default();
        entry.mac = Some(mac);
        entry.confirmed = now;
        entry.questions = 0;
        let pending = core::mem::take(&mut entry.pending);
        if !pending.is_empty() {
            self.unanswered.retain(|waiting| *waiting != address);
        }
        pending
    }

    /// Returns when [`tick`](Self::tick) has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        (!self.unanswered.is_empty()).then(|| self.ticked + ASK_INTERVAL)
    }

    /// Asks again for neighbours that packets wait for and gives up on those that do not answer.
    pub(crate) fn tick(&mut self, now: Instant) -> Due {
        let mut due = Due::default();
        if now.since(self.ticked) < ASK_INTERVAL {
            return due;
        }
        self.ticked = now;
        let entries = &mut self.entries;
        self.unanswered.retain(|address| {
            let Some(entry) = entries.get_mut(address) else { return false };
            if now.since(entry.asked) < ASK_INTERVAL {
                return true;
            }
            if entry.questions >= ASK_MAX {
                due.undeliverable.append(&mut entry.pending);
                entries.remove(address);
                return false;
            }
            entry.questions += 1;
            entry.asked = now;
            due.questions.push(*address);
            true
        });
        due
    }
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use super::*;

    const MAC: Mac = [2, 0, 0, 0, 0, 1];

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn asks_once_a_second_and_gives_the_waiting_packets_to_the_answer() {
        let mut neighbors = Neighbors::default();
        let found = neighbors.find(address(1), at(5000));
        assert_eq!(found, Found { mac: None, is_to_ask: true });
        neighbors.wait(address(1), alloc::vec![1]);
        assert!(!neighbors.find(address(1), at(5500)).is_to_ask);
        assert_eq!(neighbors.learn(address(1), MAC, false, at(5600)), [[1]]);
        let found = neighbors.find(address(1), at(5700));
        assert_eq!(found, Found { mac: Some(MAC), is_to_ask: false });
        assert!(neighbors.find(address(1), at(40_000)).is_to_ask);
        assert_eq!(neighbors.deadline(), None);
    }

    #[test]
    fn gives_up_after_three_questions() {
        let mut neighbors = Neighbors::default();
        neighbors.find(address(1), at(0));
        neighbors.wait(address(1), alloc::vec![1]);
        let mut questions = 1;
        for second in 1..10 {
            let due = neighbors.tick(at(second * 1000));
            questions += due.questions.len();
            if !due.undeliverable.is_empty() {
                assert_eq!((second, questions), (3, 3));
                return;
            }
        }
        panic!("never gave up");
    }

    #[test]
    fn strangers_cannot_fill_the_table() {
        let mut neighbors = Neighbors::default();
        for number in 0..5000 {
            neighbors.learn(address(number), MAC, true, at(u64::from(number)));
        }
        assert_eq!(neighbors.entries.len(), ENTRIES_MAX);
        neighbors.learn(address(9999), MAC, false, at(0));
        assert!(!neighbors.entries.contains_key(&address(9999)));
    }
}
