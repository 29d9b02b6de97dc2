//! The table of file descriptors.

use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::{Errno, Result};
use sync::SpinLock;

use crate::OpenFile;

/// What `execve(2)` does with a descriptor, `FD_CLOEXEC`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnExec {
    /// It stays open.
    Keep,
    /// It is closed.
    Close,
}

#[derive(Debug)]
struct Slot {
    file: Arc<OpenFile>,
    on_exec: OnExec,
}

#[derive(Debug, Default)]
struct Table {
    slots: Vec<Option<Slot>>,
    /// One bit a slot, set where it is in use.
    used: Vec<u64>,
    /// No word of `used` before this one has a zero bit.
    first_free_word: usize,
}

/// The descriptors of a process. Numbers are given lowest first, as POSIX wants.
#[derive(Debug, Default)]
pub struct FdTable(SpinLock<Table>);

impl FdTable {
    /// Returns an empty table.
    pub const fn new() -> Self {
        Self(SpinLock::new(Table { slots: Vec::new(), used: Vec::new(), first_free_word: 0 }))
    }

    /// Returns the description that `fd` stands for.
    ///
    /// # Errors
    /// `EBADF`.
    #[inline]
    pub fn get(&self, fd: u32) -> Result<Arc<OpenFile>> {
        self.0.lock().slot(fd).map(|slot| slot.file.clone())
    }

    /// Gives `file` the lowest free number that is at least `minimum` and below `limit`
    /// (`RLIMIT_NOFILE`).
    ///
    /// # Errors
    /// `EMFILE` if there is none.
    pub fn insert(
        &self,
        file: Arc<OpenFile>,
        on_exec: OnExec,
        minimum: u32,
        limit: u32,
    ) -> Result<u32> {
        let mut table = self.0.lock();
        let index = table.lowest_free(as_index(minimum));
        let fd = u32::try_from(index).ok().filter(|&fd| fd < limit).ok_or(Errno::EMFILE)?;
        table.put(index, Slot { file, on_exec });
        Ok(fd)
    }

    /// Returns how many numbers the table has room for as Linux grows it; no greater one can be open.
    pub fn capacity(&self) -> usize {
        match self.0.lock().slots.len() {
            0..=64 => 64,
            slots => slots.next_power_of_two().max(256),
        }
    }

    /// Returns the two lowest free numbers below `limit`, which stay free.
    ///
    /// # Errors
    /// `EMFILE` if there are not two.
    pub fn next_two(&self, limit: u32) -> Result<[u32; 2]> {
        let mut table = self.0.lock();
        let mut next = |minimum| {
            let index = table.lowest_free(minimum);
            let fd = u32::try_from(index).ok().filter(|&fd| fd < limit).ok_or(Errno::EMFILE)?;
            Ok((fd, index + 1))
        };
        let (first, after) = next(0)?;
        Ok([first, next(after)?.0])
    }

    /// Gives `file` the number `fd` and returns the description that had it, `dup2(2)`.
    ///
    /// # Errors
    /// `EBADF` if `fd` is not below `limit`.
    pub fn replace(
        &self,
        fd: u32,
        file: Arc<OpenFile>,
        on_exec: OnExec,
        limit: u32,
    ) -> Result<Option<Arc<OpenFile>>> {
        if fd >= limit {
            return Err(Errno::EBADF);
        }
        let old = self.0.lock().put(as_index(fd), Slot { file, on_exec });
        Ok(old.map(|slot| slot.file))
    }

    /// Frees `fd` and returns its description, to be dropped once no lock is held.
    ///
    /// # Errors
    /// `EBADF`.
    pub fn close(&self, fd: u32) -> Result<Arc<OpenFile>> {
        self.0.lock().take(as_index(fd)).map(|slot| slot.file).ok_or(Errno::EBADF)
    }

    /// Frees all descriptors from `first` to `last` and returns their descriptions.
    pub fn close_range(&self, first: u32, last: u32) -> Vec<Arc<OpenFile>> {
        let mut table = self.0.lock();
        let end = table.slots.len().min(as_index(last).saturating_add(1));
        (as_index(first)..end).filter_map(|fd| table.take(fd)).map(|slot| slot.file).collect()
    }

    /// Frees all descriptors that are not to survive `execve(2)` and returns their descriptions.
    pub fn close_on_exec(&self) -> Vec<Arc<OpenFile>> {
        let mut table = self.0.lock();
        let mut closed = Vec::new();
        for fd in 0..table.slots.len() {
            let closes = |slot: &Slot| slot.on_exec == OnExec::Close;
            if table.slots[fd].as_ref().is_some_and(closes) {
                closed.extend(table.take(fd).map(|slot| slot.file));
            }
        }
        closed
    }

    /// Returns what `execve(2)` does with `fd`.
    ///
    /// # Errors
    /// `EBADF`.
    pub fn on_exec(&self, fd: u32) -> Result<OnExec> {
        self.0.lock().slot(fd).map(|slot| slot.on_exec)
    }

    /// Sets what `execve(2)` does with `fd`.
    ///
    /// # Errors
    /// `EBADF`.
    pub fn set_on_exec(&self, fd: u32, on_exec: OnExec) -> Result<()> {
        let mut table = self.0.lock();
        let slot = table.slots.get_mut(as_index(fd)).and_then(Option::as_mut);
        slot.ok_or(Errno::EBADF)?.on_exec = on_exec;
        Ok(())
    }

    /// Sets what `execve(2)` does with the open descriptors from `first` to `last`.
    pub fn set_on_exec_range(&self, first: u32, last: u32, on_exec: OnExec) {
        let mut table = self.0.lock();
        let end = table.slots.len().min(as_index(last).saturating_add(1));
        let range = table.slots.get_mut(as_index(first).min(end)..end);
        range.into_iter().flatten().flatten().for_each(|slot| slot.on_exec = on_exec);
    }

    /// Returns the lowest open descriptor that is at least `from`, with its description.
    pub fn next_open(&self, from: u32) -> Option<(u32, Arc<OpenFile>)> {
        let table = self.0.lock();
        let open = table.slots.iter().enumerate().skip(as_index(from));
        let (fd, slot) = open.flat_map(|(fd, slot)| slot.as_ref().map(|slot| (fd, slot))).next()?;
        Some((u32::try_from(fd).ok()?, slot.file.clone()))
    }

    /// Returns how many descriptors are open.
    pub fn open_count(&self) -> usize {
        self.0.lock().used.iter().map(|word| as_index(word.count_ones())).sum()
    }
}

impl Table {
    #[inline]
    fn slot(&self, fd: u32) -> Result<&Slot> {
        self.slots.get(as_index(fd)).and_then(Option::as_ref).ok_or(Errno::EBADF)
    }

    fn lowest_free(&mut self, minimum: usize) -> usize {
        let start = (minimum / 64).max(self.first_free_word);
        let floor = if minimum / 64 == start { minimum % 64 } else { 0 };
        for (index, word) in self.used.iter().enumerate().skip(start) {
            let below = if index == start { (1_u64 << floor) - 1 } else { 0 };
            let free = !(word | below);
            if free != 0 {
                if index > self.first_free_word && minimum <= self.first_free_word * 64 {
                    self.first_free_word = index;
                }
                return index * 64 + as_index(free.trailing_zeros());
            }
        }
        minimum.max(self.used.len() * 64)
    }

    fn put(&mut self, index: usize, slot: Slot) -> Option<Slot> {
        if index >= self.slots.len() {
            self.slots.resize_with(index + 1, || None);
            self.used.resize(index / 64 + 1, 0);
        }
        self.used[index / 64] |= 1 << (index % 64);
        self.slots[index].replace(slot)
    }

    fn take(&mut self, index: usize) -> Option<Slot> {
        let slot = self.slots.get_mut(index)?.take()?;
        self.used[index / 64] &= !(1 << (index % 64));
        self.first_free_word = self.first_free_word.min(index / 64);
        Some(slot)
    }
}

fn as_index(fd: u32) -> usize {
    usize::try_from(fd).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use abi::fcntl::OpenFlags;
    use proptest::prelude::*;

    use super::*;
    use crate::File;

    #[derive(Debug)]
    struct Nothing;

    impl File for Nothing {
        fn into_any(self: Arc<Self>) -> Arc<dyn core::any::Any + Send + Sync> {
            self
        }
    }

    fn file() -> Arc<OpenFile> {
        OpenFile::anonymous(Arc::new(Nothing), OpenFlags::RDWR)
    }

    #[test]
    fn the_limit_gives_emfile_for_new_numbers_and_ebadf_for_chosen_ones() {
        let table = FdTable::new();
        assert_eq!(table.insert(file(), OnExec::Keep, 0, 1), Ok(0));
        assert_eq!(table.insert(file(), OnExec::Keep, 0, 1), Err(Errno::EMFILE));
        assert_eq!(table.replace(1, file(), OnExec::Keep, 1).err(), Some(Errno::EBADF));
        assert_eq!(table.get(u32::MAX).err(), Some(Errno::EBADF));
    }

    #[test]
    fn exec_closes_what_is_marked() {
        let table = FdTable::new();
        for _ in 0..4 {
            table.insert(file(), OnExec::Keep, 0, 9).unwrap();
        }
        table.set_on_exec_range(1, 2, OnExec::Close);
        table.set_on_exec(2, OnExec::Keep).unwrap();
        assert_eq!(table.on_exec(1), Ok(OnExec::Close));
        assert_eq!(table.close_on_exec().len(), 1);
        assert_eq!(table.close_range(2, u32::MAX).len(), 2);
        assert_eq!(table.next_open(0).map(|(fd, _)| fd), Some(0));
        assert_eq!(table.next_open(1).map(|(fd, _)| fd), None);
    }

    proptest! {
        #[test]
        fn numbers_are_lowest_first(steps in prop::collection::vec((any::<bool>(), 0_u32..200), 1..400)) {
            let table = FdTable::new();
            let mut model = BTreeSet::new();
            for (opens, number) in steps {
                if opens {
                    let expected = (number..).find(|fd| !model.contains(fd)).unwrap();
                    prop_assert_eq!(table.insert(file(), OnExec::Keep, number, 1024), Ok(expected));
                    model.insert(expected);
                    let lowest = (0..).find(|fd| !model.contains(fd)).unwrap();
                    prop_assert_eq!(table.insert(file(), OnExec::Keep, 0, 1024), Ok(lowest));
                    model.insert(lowest);
                } else {
                    prop_assert_eq!(table.close(number).is_ok(), model.remove(&number));
                }
                prop_assert_eq!(table.open_count(), model.len());
            }
        }
    }
}
