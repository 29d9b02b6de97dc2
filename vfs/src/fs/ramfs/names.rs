//! Changes of names in memory: making, linking, removing, renaming.

use alloc::sync::{Arc, Weak};

use abi::fcntl::RenameFlags;
use abi::stat::{FileType, S_ISGID};
use abi::{Errno, Result};

use super::{Body, RamInode};
use crate::{Creation, Inode};

impl RamInode {
    /// Makes a file called `name` in this directory.
    pub(super) fn make(
        &self,
        name: &[u8],
        creation: &Creation,
        body: impl FnOnce(&Weak<Self>) -> Body,
    ) -> Result<Arc<dyn Inode>> {
        let directory = self.directory()?;
        let _names = self.volume.names.lock();
        let locked = directory.lock();
        locked.check_exists()?;
        if locked.contains(name) {
            return Err(Errno::EEXIST);
        }
        drop(locked);
        let inode = Self::new(&self.volume, &self.inherit(creation), body);
        self.add(name, &inode)?;
        Ok(inode)
    }

    /// Returns `creation` with what this directory's set-group-ID bit hands down.
    pub(super) fn inherit(&self, creation: &Creation) -> Creation {
        let attributes = self.attributes.lock();
        let mut creation = *creation;
        if attributes.permissions & S_ISGID != 0 {
            creation.gid = attributes.gid;
            if creation.kind == FileType::Directory {
                creation.permissions |= S_ISGID;
            }
        }
        creation
    }

    /// Gives `inode` another name in this directory.
    pub(super) fn add_link(&self, name: &[u8], inode: Arc<Self>) -> Result<()> {
        if inode.kind == FileType::Directory {
            return Err(Errno::EPERM);
        }
        if !Arc::ptr_eq(&self.volume, &inode.volume) {
            return Err(Errno::EXDEV);
        }
        let _names = self.volume.names.lock();
        let locked = self.directory()?.lock();
        locked.check_exists()?;
        if locked.contains(name) {
            return Err(Errno::EEXIST);
        }
        drop(locked);
        let mut attributes = inode.attributes.lock();
        if attributes.nlink == 0 && !attributes.may_be_named {
            return Err(Errno::ENOENT);
        }
        attributes.nlink = attributes.nlink.checked_add(1).ok_or(Errno::EMLINK)?;
        attributes.may_be_named = false;
        drop(attributes);
        inode.touch_metadata();
        self.add(name, &inode)
    }

    /// Removes the name of what is no directory.
    pub(super) fn remove_file(&self, name: &[u8]) -> Result<()> {
        let _names = self.volume.names.lock();
        let inode = self.directory()?.lock().get(name)?;
        if inode.kind == FileType::Directory {
            return Err(Errno::EISDIR);
        }
        self.take(name, &inode)?;
        inode.lose_name();
        Ok(())
    }

    /// Removes an empty directory.
    pub(super) fn remove_empty(&self, name: &[u8]) -> Result<()> {
        let _names = self.volume.names.lock();
        let inode = self.directory()?.lock().get(name)?;
        inode.directory()?.lock().remove_if_empty()?;
        self.take(name, &inode)?;
        inode.lose_name();
        Ok(())
    }

    /// Gives what is called `from` here the name `to` in `target`.
    pub(super) fn move_name(
        &self,
        from: &[u8],
        target: &Arc<Self>,
        to: &[u8],
        flags: RenameFlags,
    ) -> Result<()> {
        if !Arc::ptr_eq(&self.volume, &target.volume) {
            return Err(Errno::EXDEV);
        }
        let _names = self.volume.names.lock();
        let inode = self.directory()?.lock().get(from)?;
        let directory = target.directory()?.lock();
        directory.check_exists()?;
        let old = directory.get(to).ok();
        drop(directory);
        if flags.contains(RenameFlags::NOREPLACE) && old.is_some() {
            return Err(Errno::EEXIST);
        }
        target.check_not_within(&inode)?;
        if let Some(old) = &old
            && Arc::ptr_eq(old, &inode)
        {
            return Ok(());
        }
        if flags.contains(RenameFlags::EXCHANGE) {
            let old = old.ok_or(Errno::ENOENT)?;
            self.check_not_within(&old)?;
            return self.exchange(from, &inode, target, to, &old);
        }
        if let Some(old) = old {
            inode.check_replaces(&old)?;
            target.take(to, &old)?;
            old.lose_name();
        }
        // The new name first, so that the file is never without one.
        target.add(to, &inode)?;
        self.take(from, &inode)?;
        if flags.contains(RenameFlags::WHITEOUT) {
            let whiteout = Creation::new(FileType::CharDevice, 0);
            self.add(from, &Self::new(&self.volume, &whiteout, |_| Body::Special))?;
        }
        inode.now_lies_in(target, to);
        inode.touch_metadata();
        Ok(())
    }

    fn exchange(
        &self,
        from: &[u8],
        inode: &Arc<Self>,
        target: &Arc<Self>,
        to: &[u8],
        old: &Arc<Self>,
    ) -> Result<()> {
        let this = self.this.upgrade().ok_or(Errno::ENOENT)?;
        target.swap(to, old, inode)?;
        this.swap(from, inode, old)?;
        inode.now_lies_in(target, to);
        old.now_lies_in(&this, from);
        inode.touch_metadata();
        old.touch_metadata();
        Ok(())
    }

    fn swap(&self, name: &[u8], old: &Arc<Self>, new: &Arc<Self>) -> Result<()> {
        self.take_count(old);
        self.add(name, new)
    }

    /// Adds the name and counts it.
    fn add(&self, name: &[u8], inode: &Arc<Self>) -> Result<()> {
        self.directory()?.lock().put(name, inode.clone())?;
        if inode.kind == FileType::Directory {
            self.attributes.lock().nlink += 1;
        }
        self.touch();
        Ok(())
    }

    /// Removes the name of `inode` and counts it.
    fn take(&self, name: &[u8], inode: &Self) -> Result<()> {
        self.directory()?.lock().remove(name);
        self.take_count(inode);
        self.touch();
        Ok(())
    }

    fn take_count(&self, inode: &Self) {
        if inode.kind == FileType::Directory {
            let mut attributes = self.attributes.lock();
            attributes.nlink = attributes.nlink.saturating_sub(1);
        }
    }

    fn lose_name(&self) {
        let lost = if self.kind == FileType::Directory { 2 } else { 1 };
        let mut attributes = self.attributes.lock();
        attributes.nlink = attributes.nlink.saturating_sub(lost);
        drop(attributes);
        self.touch_metadata();
    }

    fn now_lies_in(&self, parent: &Arc<Self>, name: &[u8]) {
        if let Body::Directory(directory) = &self.body {
            let mut directory = directory.lock();
            directory.parent = Arc::downgrade(parent);
            directory.name = name.into();
        }
    }

    /// Fails with `EINVAL` if this directory is `other` or lies somewhere in it.
    fn check_not_within(&self, other: &Arc<Self>) -> Result<()> {
        let mut here = self.this.upgrade().ok_or(Errno::ENOENT)?;
        loop {
            if Arc::ptr_eq(&here, other) {
                return Err(Errno::EINVAL);
            }
            let parent = here.directory()?.lock().parent.upgrade().ok_or(Errno::ENOENT)?;
            if Arc::ptr_eq(&parent, &here) {
                return Ok(());
            }
            here = parent;
        }
    }

    /// Fails unless this file can take the place of `old`, which is then ready to go.
    fn check_replaces(&self, old: &Self) -> Result<()> {
        match (&self.body, &old.body) {
            (Body::Directory(_), Body::Directory(old)) => old.lock().remove_if_empty(),
            (Body::Directory(_), _) => Err(Errno::ENOTDIR),
            (_, Body::Directory(_)) => Err(Errno::EISDIR),
            _ => Ok(()),
        }
    }
}
