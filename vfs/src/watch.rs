//! Watches on files: who is told of what happens to them, `inotify(7)`.
//!
//! The calls on paths and on open files tell [`notify`] what they did; while nobody watches
//! anything that costs one load. An [`Inotify`] queues what it hears until it is read.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use abi::inotify::{InotifyEvent, WatchMask};
use abi::io::Sink;
use abi::poll::Events;
use abi::stat::FileType;
use abi::{Errno, Result};
use sync::{SpinLock, Waiters};
use zerocopy::IntoBytes;

use crate::lock::{self, FileKey};
use crate::{File, Found, Inode, Place};

/// The most events that wait; when more come they are lost (`max_queued_events`).
const MOST_QUEUED: usize = 16_384;
/// Names are padded to multiples of this many bytes.
const NAME_UNIT: usize = 16;

/// One that watches a file, and the number that it has for the watch.
type Watcher = (Weak<Inotify>, i32);

/// Who watches which file. Locked before an [`Inotify`]'s own state.
static WATCHERS: SpinLock<BTreeMap<FileKey, Vec<Watcher>>> = SpinLock::new(BTreeMap::new());
/// How many watches there are.
static WATCH_COUNT: AtomicUsize = AtomicUsize::new(0);
static NEXT_COOKIE: AtomicU32 = AtomicU32::new(1);

#[derive(Clone, PartialEq, Eq, Debug)]
struct Happening {
    wd: i32,
    mask: WatchMask,
    cookie: u32,
    name: Box<[u8]>,
}

impl Happening {
    /// Returns the length of the name's field: NULs make it a multiple of 16.
    fn name_len(&self) -> usize {
        if self.name.is_empty() { 0 } else { (self.name.len() + 1).next_multiple_of(NAME_UNIT) }
    }

    fn len(&self) -> usize {
        size_of::<InotifyEvent>() + self.name_len()
    }
}

#[derive(Debug, Default)]
struct State {
    watches: BTreeMap<i32, (FileKey, WatchMask)>,
    last_wd: i32,
    queue: VecDeque<Happening>,
}

/// A queue of what happened to the files it watches.
#[derive(Debug)]
pub struct Inotify {
    this: Weak<Self>,
    state: SpinLock<State>,
    waiters: Waiters,
}

/// Returns whether anybody watches anything.
#[inline]
pub fn is_active() -> bool {
    WATCH_COUNT.load(Ordering::Relaxed) != 0
}

/// Returns a number that joins the two events of a renaming.
pub fn new_cookie() -> u32 {
    NEXT_COOKIE.fetch_add(1, Ordering::Relaxed)
}

/// Tells the watchers of `inode` what happened to it, or to the name in it.
pub fn notify(inode: &dyn Inode, mask: WatchMask, name: &[u8], cookie: u32) {
    if !is_active() {
        return;
    }
    let key = lock::key(&inode.metadata());
    let watchers = WATCHERS.lock().get(&key).cloned().unwrap_or_default();
    for (inotify, wd) in watchers {
        if let Some(inotify) = inotify.upgrade() {
            inotify.hear(wd, mask, name, cookie);
        }
    }
}

/// Tells of what happened to a file: its own watchers, and those of the directory it is in.
pub fn notify_file(found: &Found, mask: WatchMask) {
    if !is_active() {
        return;
    }
    let is_directory = found.location.is_directory();
    let mask = if is_directory { mask | WatchMask::ISDIR } else { mask };
    if let Place::Name(directory, name) = &found.place {
        notify(&*directory.inode, mask, name, 0);
    }
    notify(&*found.location.inode, mask, b"", 0);
}

/// Tells of a name that came to, went from or changed in `directory`.
pub fn notify_name(directory: &dyn Inode, name: &[u8], kind: FileType, mask: WatchMask) {
    let is_directory = kind == FileType::Directory;
    let mask = if is_directory { mask | WatchMask::ISDIR } else { mask };
    notify(directory, mask, name, 0);
}

/// Tells of a file that lost a name.
pub fn notify_removed(inode: &dyn Inode) {
    if is_active() && inode.kind() != FileType::Directory {
        notify(inode, WatchMask::ATTRIB, b"", 0);
    }
}

/// Tells of a file that has no name, nor anything that holds it any more, and ends its watches.
///
/// Linux looks at names rather than files: there it is told when nothing holds the last name,
/// even if the file is held as another name of it.
pub fn notify_gone(key: FileKey) {
    if !is_active() {
        return;
    }
    let watchers = WATCHERS.lock().remove(&key).unwrap_or_default();
    WATCH_COUNT.fetch_sub(watchers.len(), Ordering::Relaxed);
    for (inotify, wd) in watchers {
        if let Some(inotify) = inotify.upgrade() {
            inotify.hear(wd, WatchMask::DELETE_SELF, b"", 0);
            inotify.end(wd);
        }
    }
}

impl Inotify {
    /// Returns a queue that watches nothing.
    pub fn new() -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: this.clone(),
            state: SpinLock::default(),
            waiters: Waiters::new(),
        })
    }

    /// Watches a file, or changes what is watched of it, and returns the number of the watch.
    ///
    /// # Errors
    /// `EEXIST` if it is watched and `MASK_CREATE` is given; `ENOSPC` if there is no number left.
    pub fn watch(&self, inode: &dyn Inode, mask: WatchMask) -> Result<i32> {
        let key = lock::key(&inode.metadata());
        let kept = mask & (WatchMask::ALL_EVENTS | WatchMask::ONESHOT);
        let mut watchers = WATCHERS.lock();
        let of_file = watchers.entry(key).or_default();
        let own = of_file.iter().find(|(other, _)| other.ptr_eq(&self.this)).map(|(_, wd)| *wd);
        let mut state = self.state.lock();
        if let Some(wd) = own
            && let Some((_, old)) = state.watches.get_mut(&wd)
        {
            if mask.contains(WatchMask::MASK_CREATE) {
                return Err(Errno::EEXIST);
            }
            *old = if mask.contains(WatchMask::MASK_ADD) { *old | kept } else { kept };
            return Ok(wd);
        }
        let wd = state.last_wd.checked_add(1).ok_or(Errno::ENOSPC)?;
        state.last_wd = wd;
        state.watches.insert(wd, (key, kept));
        of_file.push((self.this.clone(), wd));
        WATCH_COUNT.fetch_add(1, Ordering::Relaxed);
        Ok(wd)
    }

    /// Ends a watch.
    ///
    /// # Errors
    /// `EINVAL` if there is none with this number.
    pub fn unwatch(&self, wd: i32) -> Result<()> {
        let mut watchers = WATCHERS.lock();
        let (key, _) = *self.state.lock().watches.get(&wd).ok_or(Errno::EINVAL)?;
        self.leave(&mut watchers, key, wd);
        drop(watchers);
        self.end(wd);
        Ok(())
    }

    /// Takes a watch out of the table of all.
    fn leave(&self, watchers: &mut BTreeMap<FileKey, Vec<Watcher>>, key: FileKey, wd: i32) {
        let Some(of_file) = watchers.get_mut(&key) else { return };
        let before = of_file.len();
        of_file.retain(|(other, number)| *number != wd || !other.ptr_eq(&self.this));
        WATCH_COUNT.fetch_sub(before - of_file.len(), Ordering::Relaxed);
        if of_file.is_empty() {
            watchers.remove(&key);
        }
    }

    /// Queues what happened, if the watch is for it.
    fn hear(&self, wd: i32, mask: WatchMask, name: &[u8], cookie: u32) {
        let mut state = self.state.lock();
        let Some((_, wanted)) = state.watches.get(&wd).copied() else { return };
        if !wanted.intersects(mask & WatchMask::ALL_EVENTS) {
            return;
        }
        state.push(Happening { wd, mask, cookie, name: name.into() });
        drop(state);
        if wanted.contains(WatchMask::ONESHOT) {
            // Another may have ended it just now.
            let _ = self.unwatch(wd);
        }
        self.waiters.wake(Events::READABLE);
    }

    /// Forgets a watch and says so.
    fn end(&self, wd: i32) {
        let mut state = self.state.lock();
        state.watches.remove(&wd);
        state.push(Happening { wd, mask: WatchMask::IGNORED, cookie: 0, name: Box::default() });
        drop(state);
        self.waiters.wake(Events::READABLE);
    }
}

impl State {
    fn push(&mut self, happening: Happening) {
        if self.queue.len() > MOST_QUEUED || self.queue.back() == Some(&happening) {
            return;
        }
        if self.queue.len() == MOST_QUEUED {
            let mask = WatchMask::Q_OVERFLOW;
            self.queue.push_back(Happening { wd: -1, mask, cookie: 0, name: Box::default() });
            return;
        }
        self.queue.push_back(happening);
    }
}

impl Drop for Inotify {
    fn drop(&mut self) {
        let watches = core::mem::take(&mut self.state.get_mut().watches);
        let mut watchers = WATCHERS.lock();
        for (wd, (key, _)) in watches {
            self.leave(&mut watchers, key, wd);
        }
    }
}

impl File for Inotify {
    fn can_be_written(&self) -> bool {
        false
    }

    fn read(&self, _at: u64, sink: &mut dyn Sink) -> Result<usize> {
        let mut state = self.state.lock();
        let mut total = 0;
        if state.queue.is_empty() {
            return Err(Errno::EAGAIN);
        }
        while let Some(first) = state.queue.front()
            && sink.room() >= first.len()
        {
            let header = InotifyEvent {
                wd: first.wd,
                mask: first.mask.bits(),
                cookie: first.cookie,
                len: u32::try_from(first.name_len()).unwrap_or(0),
            };
            let mut bytes = [header.as_bytes(), &first.name].concat();
            bytes.resize(first.len(), 0);
            if sink.put(&bytes)? < bytes.len() {
                return Err(Errno::EFAULT);
            }
            total += bytes.len();
            state.queue.pop_front();
        }
        if total == 0 { Err(Errno::EINVAL) } else { Ok(total) }
    }

    fn ignores_seeks(&self) -> bool {
        true
    }

    fn poll(&self) -> Events {
        let is_empty = self.state.lock().queue.is_empty();
        if is_empty { Events::empty() } else { Events::READABLE }
    }

    fn tells_by_signal(&self) -> bool {
        true
    }

    fn waiters(&self) -> Option<&Waiters> {
        Some(&self.waiters)
    }

    fn readable_bytes(&self) -> Result<usize> {
        Ok(self.state.lock().queue.iter().map(Happening::len).sum())
    }

    fn label(&self) -> Vec<u8> {
        b"anon_inode:inotify".to_vec()
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

#[cfg(test)]
mod tests {
    use abi::fcntl::{OpenFlags, RenameFlags};
    use zerocopy::FromBytes;

    use super::*;
    use crate::fs::conformance::{Noon, Tree};
    use crate::fs::ramfs::RamFs;

    /// Returns the masks and names of all that waits.
    fn read(inotify: &Inotify) -> Vec<(u32, Vec<u8>)> {
        let mut bytes = [0; 4096];
        let Ok(count) = inotify.read(0, &mut bytes.as_mut_slice()) else { return Vec::new() };
        let mut rest = &bytes[..count];
        let mut events = Vec::new();
        while !rest.is_empty() {
            let (event, tail) = InotifyEvent::read_from_prefix(rest).unwrap();
            let (name, tail) = tail.split_at(usize::try_from(event.len).unwrap());
            let end = name.iter().position(|&b| b == 0).unwrap_or(name.len());
            events.push((event.mask, name[..end].to_vec()));
            rest = tail;
        }
        events
    }

    #[test]
    fn a_watched_directory_tells_of_its_files() {
        let tree = Tree::new(RamFs::new(77, Arc::new(Noon), 100));
        let inotify = Inotify::new();
        let wd = inotify.watch(&*tree.here.inode, WatchMask::ALL_EVENTS).unwrap();
        let file = tree.create("/f");
        file.write(&mut b"x".as_slice()).unwrap();
        file.write(&mut b"x".as_slice()).unwrap();
        drop(file);
        let f = || b"f".to_vec();
        assert_eq!(read(&inotify), [(0x100, f()), (0x20, f()), (0x2, f()), (0x8, f())]);
        tree.mkdir("/d").unwrap();
        let parent = |path| tree.names.parent(&tree.here, path).unwrap();
        tree.names.rename(parent(b"f"), parent(b"d/g"), RenameFlags::empty()).unwrap();
        tree.names.remove_directory(&tree.here, b"d").unwrap_err();
        assert_eq!(read(&inotify), [(0x4000_0100, b"d".to_vec()), (0x40, f())]);
        assert_eq!(inotify.unwatch(wd), Ok(()));
        assert_eq!(read(&inotify), [(0x8000, Vec::new())]);
        tree.open("/new", OpenFlags::CREAT).unwrap();
        assert_eq!(read(&inotify), []);
        assert_eq!(inotify.unwatch(wd), Err(Errno::EINVAL));
    }

    #[test]
    fn a_removed_file_ends_its_watch() {
        let tree = Tree::new(RamFs::new(78, Arc::new(Noon), 100));
        let file = tree.create("/f");
        let inotify = Inotify::new();
        let inode = &file.found().unwrap().location.inode;
        inotify.watch(&**inode, WatchMask::DELETE_SELF).unwrap();
        tree.names.unlink(&tree.here, b"f").unwrap();
        assert_eq!(read(&inotify), []);
        drop(file);
        assert_eq!(read(&inotify), [(0x400, Vec::new()), (0x8000, Vec::new())]);
    }
}
