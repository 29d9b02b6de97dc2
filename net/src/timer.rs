//! Timers of connections: at most one entry a connection.

use alloc::collections::BTreeMap;
use alloc::sync::Weak;
use core::fmt;

use abi::time::Instant;

use crate::tcp::Tcp;

/// The moments at which connections want to be looked at.
///
/// A connection that needs its moment later leaves the entry alone and looks again when it comes,
/// so the tree is not touched by ordinary traffic.
#[derive(Default)]
pub(crate) struct Timers(BTreeMap<(Instant, u64), Weak<Tcp>>);

impl Timers {
    /// Enters the connection with this number.
    pub(crate) fn insert(&mut self, at: Instant, id: u64, connection: Weak<Tcp>) {
        self.0.insert((at, id), connection);
    }

    /// Removes an entry.
    pub(crate) fn remove(&mut self, at: Instant, id: u64) {
        self.0.remove(&(at, id));
    }

    /// Returns the earliest moment.
    pub(crate) fn first(&self) -> Option<Instant> {
        self.0.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes out an entry whose moment has come.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<Weak<Tcp>> {
        let entry = self.0.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(entry.remove())
    }
}

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timers").field(&self.0.len()).finish()
    }
}
