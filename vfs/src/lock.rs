//! Advisory locks: `flock(2)`, and the record locks of `fcntl(2)`.
//!
//! A lock that is taken stands in the way of other owners only. Whoever finds one in the way gets
//! `EAGAIN` and may wait on [`Locks::waiters`], which hear of every release.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

use abi::poll::Events;
use abi::{Errno, Result};
use hashbrown::HashMap;
use sync::{SpinLock, Waiters};

use crate::Metadata;

/// The file that a lock is on: its device and its number.
pub type FileKey = (u64, u64);

/// Returns the key of a file.
pub const fn key(metadata: &Metadata) -> FileKey {
    (metadata.dev, metadata.ino)
}

/// How a lock excludes others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Other shared locks may be there.
    Shared,
    /// No other lock may be there.
    Exclusive,
}

/// Who has a record lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// The program: locks by `F_SETLK`.
    Process,
    /// An open file description, by its number: locks by `F_OFD_SETLK`.
    Description(u64),
}

/// A lock on the bytes from `first` to `last`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record {
    /// Who has it.
    pub owner: Owner,
    /// How it excludes others.
    pub mode: Mode,
    /// The first byte.
    pub first: u64,
    /// The last byte; `u64::MAX` for all that ever follow.
    pub last: u64,
}

impl Record {
    const fn overlaps(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    const fn touches(&self, other: &Self) -> bool {
        self.first <= other.last.saturating_add(1) && other.first <= self.last.saturating_add(1)
    }

    fn conflicts(&self, other: &Self) -> bool {
        self.owner != other.owner
            && self.overlaps(other)
            && (self.mode == Mode::Exclusive || other.mode == Mode::Exclusive)
    }
}

#[derive(Debug, Default)]
struct FileLocks {
    /// The locks by `flock(2)`, by the number of the description.
    whole: Vec<(u64, Mode)>,
    records: Vec<Record>,
}

/// All advisory locks.
#[derive(Debug, Default)]
pub struct Locks {
    files: SpinLock<HashMap<FileKey, FileLocks>>,
    /// How many files have any.
    count: AtomicUsize,
    waiters: Waiters,
}

impl Locks {
    /// Returns an empty table.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Returns whether no file has any.
    pub fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    /// Returns the queue that hears of every release, as [`Events::IN`].
    pub fn waiters(&self) -> &Waiters {
        &self.waiters
    }

    /// Takes or converts (`Some`) or gives back (`None`) a description's lock on a whole file.
    ///
    /// # Errors
    /// `EAGAIN` if another's stands in the way, `ENOLCK` for want of memory; a lock that was to be
    /// converted is lost then, as on Linux.
    pub fn set_whole(&self, file: FileKey, description: u64, mode: Option<Mode>) -> Result<()> {
        let mut result = Ok(());
        let mut is_released = false;
        self.edit(file, |locks| {
            let own = locks.whole.iter().position(|(owner, _)| *owner == description);
            if own.map(|at| Some(locks.whole[at].1)) == Some(mode) {
                return;
            }
            is_released = own.is_some();
            own.map(|at| locks.whole.swap_remove(at));
            let Some(mode) = mode else { return };
            let shares = |other: Mode| mode == Mode::Shared && other == Mode::Shared;
            if !locks.whole.iter().all(|(_, other)| shares(*other)) {
                result = Err(Errno::EAGAIN);
            } else if locks.whole.try_reserve(1).is_err() {
                result = Err(Errno::ENOLCK);
            } else {
                locks.whole.push((description, mode));
            }
        });
        self.tell(is_released);
        result
    }

    /// Takes a record lock, in place of what its owner has there.
    ///
    /// # Errors
    /// `EAGAIN` if another's stands in the way, `ENOLCK` for want of memory.
    pub fn set(&self, file: FileKey, record: Record) -> Result<()> {
        let mut result = Ok(());
        self.edit(file, |locks| {
            if locks.records.iter().any(|other| other.conflicts(&record)) {
                result = Err(Errno::EAGAIN);
                return;
            }
            // What is cut in two is one more, and so is the new one.
            if locks.records.try_reserve(2).is_err() {
                result = Err(Errno::ENOLCK);
                return;
            }
            cut(&mut locks.records, &record);
            let mut merged = record;
            locks.records.retain(|other| {
                let joins = other.owner == record.owner
                    && other.mode == record.mode
                    && other.touches(&record);
                if joins {
                    merged.first = merged.first.min(other.first);
                    merged.last = merged.last.max(other.last);
                }
                !joins
            });
            locks.records.push(merged);
        });
        // An exclusive lock may have become shared.
        self.tell(result.is_ok());
        result
    }

    /// Gives back what `owner` has of the bytes from `first` to `last`.
    pub fn release(&self, file: FileKey, owner: Owner, first: u64, last: u64) {
        let range = Record { owner, mode: Mode::Shared, first, last };
        self.edit(file, |locks| cut(&mut locks.records, &range));
        self.tell(true);
    }

    /// Returns the first lock that stands in the way of `record`.
    pub fn find(&self, file: FileKey, record: &Record) -> Option<Record> {
        let files = self.files.lock();
        files.get(&file)?.records.iter().find(|other| other.conflicts(record)).copied()
    }

    /// Gives back all that a description has, when it goes.
    pub fn forget(&self, file: FileKey, description: u64) {
        self.edit(file, |locks| {
            locks.whole.retain(|(owner, _)| *owner != description);
            locks.records.retain(|record| record.owner != Owner::Description(description));
        });
        self.tell(true);
    }

    /// Changes a file's locks, keeping no entry for a file without any.
    fn edit(&self, file: FileKey, change: impl FnOnce(&mut FileLocks)) {
        let mut files = self.files.lock();
        let locks = files.entry(file).or_default();
        change(locks);
        if locks.whole.is_empty() && locks.records.is_empty() {
            files.remove(&file);
        }
        self.count.store(files.len(), Ordering::Relaxed);
    }

    fn tell(&self, is_released: bool) {
        if is_released {
            self.waiters.wake(Events::IN);
        }
    }
}

/// Takes a range out of an owner's locks, splitting those that reach beyond it.
fn cut(records: &mut Vec<Record>, range: &Record) {
    let mut rest = Vec::new();
    records.retain(|record| {
        if record.owner != range.owner || !record.overlaps(range) {
            return true;
        }
        if record.first < range.first {
            rest.push(Record { last: range.first - 1, ..*record });
        }
        if record.last > range.last {
            rest.push(Record { first: range.last + 1, ..*record });
        }
        false
    });
    records.append(&mut rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileKey = (1, 2);

    fn record(owner: Owner, mode: Mode, first: u64, last: u64) -> Record {
        Record { owner, mode, first, last }
    }

    #[test]
    fn whole_locks_are_shared_or_exclusive() {
        let locks = Locks::new();
        assert_eq!(locks.set_whole(FILE, 1, Some(Mode::Shared)), Ok(()));
        assert_eq!(locks.set_whole(FILE, 2, Some(Mode::Shared)), Ok(()));
        assert_eq!(locks.set_whole(FILE, 2, Some(Mode::Exclusive)), Err(Errno::EAGAIN));
        assert_eq!(locks.set_whole(FILE, 1, Some(Mode::Exclusive)), Ok(()));
        locks.forget(FILE, 1);
        assert_eq!(locks.set_whole(FILE, 2, Some(Mode::Exclusive)), Ok(()));
        assert_eq!(locks.set_whole(FILE, 2, None), Ok(()));
        assert!(locks.files.lock().is_empty());
    }

    #[test]
    fn records_split_and_merge() {
        let (one, two) = (Owner::Description(1), Owner::Description(2));
        let locks = Locks::new();
        locks.set(FILE, record(one, Mode::Exclusive, 0, 99)).unwrap();
        locks.release(FILE, one, 40, 59);
        assert_eq!(locks.set(FILE, record(two, Mode::Shared, 40, 59)), Ok(()));
        assert_eq!(locks.set(FILE, record(two, Mode::Shared, 39, 39)), Err(Errno::EAGAIN));
        let probe = record(Owner::Process, Mode::Shared, 60, u64::MAX);
        assert_eq!(locks.find(FILE, &probe), Some(record(one, Mode::Exclusive, 60, 99)));
        locks.set(FILE, record(one, Mode::Shared, 60, 99)).unwrap();
        assert_eq!(locks.find(FILE, &probe), None);
        locks.set(FILE, record(one, Mode::Shared, 100, 110)).unwrap();
        let probe = record(Owner::Process, Mode::Exclusive, 105, 105);
        assert_eq!(locks.find(FILE, &probe), Some(record(one, Mode::Shared, 60, 110)));
    }
}
