//! The names in a directory in memory.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};

use abi::{Errno, Result};
use hashbrown::HashMap;

use super::RamInode;
use crate::Inode;
use crate::inode::{DirectoryEntry, FIRST_ENTRY};

#[derive(Debug)]
struct Entry {
    place: u64,
    inode: Arc<RamInode>,
}

/// A directory: its names by hash, and in the order of their making for readers.
#[derive(Debug)]
pub(super) struct Directory {
    /// The directory that this one is in.
    pub(super) parent: Weak<RamInode>,
    /// What this one is called there.
    pub(super) name: Arc<[u8]>,
    is_removed: bool,
    entries: HashMap<Arc<[u8]>, Entry>,
    order: BTreeMap<u64, Arc<[u8]>>,
    next_place: u64,
}

impl Directory {
    pub(super) fn new(parent: Weak<RamInode>, name: &[u8]) -> Self {
        Self {
            parent,
            name: name.into(),
            is_removed: false,
            entries: HashMap::new(),
            order: BTreeMap::new(),
            next_place: FIRST_ENTRY,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, name: &[u8]) -> Result<Arc<RamInode>> {
        self.entries.get(name).map(|entry| entry.inode.clone()).ok_or(Errno::ENOENT)
    }

    pub(super) fn contains(&self, name: &[u8]) -> bool {
        self.entries.contains_key(name)
    }

    /// Fails with `ENOENT` if the directory was removed.
    pub(super) fn check_exists(&self) -> Result<()> {
        if self.is_removed { Err(Errno::ENOENT) } else { Ok(()) }
    }

    /// Marks the directory removed if it is empty.
    pub(super) fn remove_if_empty(&mut self) -> Result<()> {
        if !self.entries.is_empty() {
            return Err(Errno::ENOTEMPTY);
        }
        self.is_removed = true;
        Ok(())
    }

    /// Adds a name or lets it stand for another file, which keeps its place.
    ///
    /// # Errors
    /// `ENOSPC` if there is no memory for a larger directory.
    pub(super) fn put(&mut self, name: &[u8], inode: Arc<RamInode>) -> Result<()> {
        if let Some(entry) = self.entries.get_mut(name) {
            entry.inode = inode;
            return Ok(());
        }
        self.entries.try_reserve(1).map_err(|_| Errno::ENOSPC)?;
        let name: Arc<[u8]> = name.into();
        let place = self.next_place;
        self.next_place += 1;
        self.order.insert(place, name.clone());
        self.entries.insert(name, Entry { place, inode });
        Ok(())
    }

    pub(super) fn remove(&mut self, name: &[u8]) {
        if let Some(entry) = self.entries.remove(name) {
            self.order.remove(&entry.place);
        }
    }

    pub(super) fn visit(
        &self,
        from: u64,
        visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool,
    ) -> Result<()> {
        self.check_exists()?;
        for (place, name) in self.order.range(from..) {
            let Some(entry) = self.entries.get(name) else { continue };
            let (ino, kind) = (entry.inode.ino(), entry.inode.kind());
            if !visit(&DirectoryEntry { name, ino, kind, next: place + 1 }) {
                break;
            }
        }
        Ok(())
    }
}
