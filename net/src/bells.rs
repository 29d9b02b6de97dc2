//! When the cards are told of what was queued for them.
//!
//! A notification leaves the guest and costs more than the packet that it is for. Where several
//! packets came at once, several answers will follow shortly, and one notification does for all:
//! then it waits for the next poll, for a number of operations or for a while, whatever comes first.

use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;

/// As many operations go without a notification.
const OPERATIONS: usize = 16;
/// For so long at most, unless the program makes no call at all: then until the timer comes.
pub(crate) const PATIENCE: Duration = Duration::from_micros(500);

/// What became of an operation's packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Due {
    /// There were none.
    Nothing,
    /// The cards are to be told now.
    Now,
    /// The first of several that wait: the cards are to be told within [`PATIENCE`].
    Soon,
    /// More that wait.
    Already,
}

/// The notifications that are owed to the cards.
#[derive(Debug, Default)]
pub(crate) struct Bells {
    is_owed: AtomicBool,
    /// The processors for which more than one packet came in their last poll, as a mask.
    loaded: AtomicU64,
    /// Connections hold little back, to go out with more.
    is_gathering: AtomicBool,
    waiting: AtomicUsize,
}

impl Bells {
    /// Notes that something was queued.
    pub(crate) fn owe(&self) {
        self.is_owed.store(true, Ordering::Relaxed);
    }

    /// Notes how many packets came in a poll by a processor.
    pub(crate) fn received(&self, processor: usize, count: usize) {
        let is_loaded = count > 1;
        // Mostly it is as before, and others need not be told.
        if is_loaded != self.is_loaded(processor) {
            match is_loaded {
                true => self.loaded.fetch_or(bit(processor), Ordering::Relaxed),
                false => self.loaded.fetch_and(!bit(processor), Ordering::Relaxed),
            };
        }
    }

    fn is_loaded(&self, processor: usize) -> bool {
        self.loaded.load(Ordering::Relaxed) & bit(processor) != 0
    }

    /// Notes that a connection holds something back, which is owed as what was queued.
    pub(crate) fn gather(&self) {
        self.is_gathering.store(true, Ordering::Relaxed);
        self.owe();
    }

    /// Returns whether the cards are owed a notification.
    pub(crate) fn is_owed(&self) -> bool {
        self.is_owed.load(Ordering::Relaxed)
    }

    /// Returns what is due at the end of a socket's operation on a processor.
    pub(crate) fn due(&self, processor: usize) -> Due {
        if !self.is_owed() {
            return Due::Nothing;
        }
        let may_wait = self.is_loaded(processor) || self.is_gathering.load(Ordering::Relaxed);
        if !may_wait {
            return Due::Now;
        }
        match self.waiting.fetch_add(1, Ordering::Relaxed) {
            0 => Due::Soon,
            before if before + 1 < OPERATIONS => Due::Already,
            _ => Due::Now,
        }
    }

    /// Returns whether the cards are owed a notification; they get it now.
    pub(crate) fn take(&self) -> bool {
        self.waiting.store(0, Ordering::Relaxed);
        self.is_gathering.store(false, Ordering::Relaxed);
        self.is_owed.swap(false, Ordering::Relaxed)
    }
}

/// Returns the bit of a processor.
const fn bit(processor: usize) -> u64 {
    1 << (processor % u64::BITS as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_packet_is_told_at_once_and_many_together() {
        let bells = Bells::default();
        assert_eq!(bells.due(0), Due::Nothing);
        bells.received(0, 1);
        bells.owe();
        assert_eq!(bells.due(0), Due::Now);
        assert!(bells.take() && !bells.take());
        bells.received(0, 20);
        bells.received(1, 1);
        let mut seen = [0; 3];
        for _ in 0..2 * OPERATIONS {
            bells.owe();
            match bells.due(0) {
                Due::Soon => seen[0] += 1,
                Due::Already => seen[1] += 1,
                Due::Now => {
                    assert!(bells.take());
                    seen[2] += 1;
                }
                Due::Nothing => unreachable!(),
            }
        }
        assert_eq!(seen, [2, 2 * (OPERATIONS - 2), 2]);
        bells.owe();
        assert_eq!(bells.due(1), Due::Now);
        bells.received(0, 0);
        assert_eq!(bells.due(0), Due::Now);
    }
}
