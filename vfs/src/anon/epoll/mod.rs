//! Readiness of many files at once, `epoll(7)`.
//!
//! Every watched file has a [`Watch`] registered with its wait queue for good. A change puts the
//! watch on the ready list and wakes whoever waits for the epoll, so [`Epoll::collect`] looks at
//! the files on that list only, however many are watched. A watch of a level-triggered file stays
//! on the list, at its end, for as long as the file is ready.
//!
//! A watch belongs to a descriptor number and an open file description, and ends with the latter.
//!
//! Lock order: [`NESTING`], then the table of watches, then a watch, then the ready list. No lock
//! is held while a file is polled.

use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};
use alloc::task::Wake;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Waker;

use abi::epoll::{EpollEvent, WatchFlags};
use abi::poll::Events;
use abi::{Errno, Result};
use hashbrown::HashMap;
use sync::{Every, SpinLock, Waiters, Waiting};

use crate::{File, OpenFile};

/// How deep epolls may watch epolls.
const MOST_NESTED: usize = 5;

/// Serialises what changes which epoll watches which, so that no cycle slips in.
static NESTING: SpinLock<()> = SpinLock::new(());

/// What a watch looks for at present.
#[derive(Debug)]
struct Interest {
    /// Nothing after a one-shot report.
    events: Events,
    flags: WatchFlags,
    data: u64,
    registration: Option<Waiting>,
}

/// A watched file.
#[derive(Debug)]
struct Watch {
    epoll: Weak<Shared>,
    open: Weak<OpenFile>,
    /// May outlive the description, where several share a file.
    file: Weak<dyn File>,
    interest: SpinLock<Interest>,
    /// On the ready list, or just taken from it to be looked at.
    is_listed: AtomicBool,
}

impl Watch {
    fn is_alive(&self) -> bool {
        self.open.strong_count() > 0
    }

    fn is_of(&self, open: &Arc<OpenFile>) -> bool {
        core::ptr::eq(self.open.as_ptr(), Arc::as_ptr(open))
    }

    /// Registers with the file's wait queue, in place of an earlier registration.
    fn register(self: &Arc<Self>, file: &dyn File, event: EpollEvent) {
        let every = match event.flags().contains(WatchFlags::EXCLUSIVE) {
            true => Every::Exclusive,
            false => Every::Change,
        };
        let Some(waiters) = file.waiters() else { return };
        let waker = Waker::from(self.clone());
        let registration = waiters.register(event.interest(), every, &waker);
        let mut interest = self.interest.lock();
        interest.events = event.interest() | Events::ALWAYS;
        interest.flags = event.flags();
        interest.data = event.data;
        let earlier = interest.registration.replace(registration);
        drop(interest);
        if let Some(earlier) = earlier {
            waiters.remove(earlier);
        }
    }

    /// Ends the watch. It may still be on the ready list, where it is silent.
    fn end(&self) {
        let mut interest = self.interest.lock();
        interest.events = Events::empty();
        let registration = interest.registration.take();
        drop(interest);
        if let (Some(registration), Some(file)) = (registration, self.file.upgrade())
            && let Some(waiters) = file.waiters()
        {
            waiters.remove(registration);
        }
    }

    /// Returns what of the interest the file is ready for.
    fn ready(&self) -> Events {
        let interest = self.interest.lock().events;
        self.ready_for(interest)
    }

    fn ready_for(&self, interest: Events) -> Events {
        if interest.is_empty() || !self.is_alive() {
            return Events::empty();
        }
        self.file.upgrade().map_or(Events::empty(), |file| file.poll() & interest)
    }

    /// Gives what there is to report to `put`; returns whether to go on looking at the file, or
    /// nothing if it is not ready.
    ///
    /// # Errors
    /// Those of `put`; nothing counts as reported then.
    fn report(&self, put: &mut dyn FnMut(EpollEvent) -> Result<()>) -> Result<Option<bool>> {
        let interest = self.interest.lock();
        let (asked, flags, data) = (interest.events, interest.flags, interest.data);
        drop(interest);
        let ready = self.ready_for(asked);
        if ready.is_empty() {
            return Ok(None);
        }
        if flags.contains(WatchFlags::ONESHOT) {
            return self.report_once(ready, put);
        }
        put(EpollEvent { events: ready.bits(), data })?;
        Ok(Some(!flags.contains(WatchFlags::EDGE)))
    }

    /// Reports what of `ready` is still asked for, and looks for nothing more.
    fn report_once(
        &self,
        ready: Events,
        put: &mut dyn FnMut(EpollEvent) -> Result<()>,
    ) -> Result<Option<bool>> {
        let mut interest = self.interest.lock();
        let (asked, data) = (interest.events, interest.data);
        let ready = ready & asked;
        if ready.is_empty() {
            return Ok(None);
        }
        interest.events = Events::empty();
        drop(interest);
        put(EpollEvent { events: ready.bits(), data }).inspect_err(|_| {
            let mut interest = self.interest.lock();
            // Unless it was armed anew meanwhile.
            if interest.events.is_empty() {
                interest.events = asked;
            }
        })?;
        Ok(Some(false))
    }
}

impl Wake for Watch {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_alive() {
            self.end();
            return;
        }
        if self.interest.lock().events.is_empty() {
            return;
        }
        if let Some(shared) = self.epoll.upgrade()
            && shared.list(self.clone())
        {
            shared.waiters.wake(Events::READABLE);
        }
    }
}

/// What an epoll and its watches share.
#[derive(Debug, Default)]
struct Shared {
    /// By descriptor. More than one watch a descriptor is rare: it takes a file that was closed
    /// under this number while a duplicate stays open.
    watches: SpinLock<HashMap<i32, Vec<Arc<Watch>>>>,
    ready: SpinLock<VecDeque<Arc<Watch>>>,
    waiters: Waiters,
    /// The epolls that watch this one.
    parents: SpinLock<Vec<Weak<Self>>>,
}

impl Shared {
    /// Puts a watch at the end of the ready list; returns false if it is there already.
    fn list(&self, watch: Arc<Watch>) -> bool {
        let is_new = !watch.is_listed.swap(true, Ordering::AcqRel);
        if is_new {
            self.ready.lock().push_back(watch);
        }
        is_new
    }

    /// Puts a watch back at the front of the ready list.
    fn list_first(&self, watch: Arc<Watch>) {
        if !watch.is_listed.swap(true, Ordering::AcqRel) {
            self.ready.lock().push_front(watch);
        }
    }

    /// Takes the first watch off the ready list. From here on a change lists it again.
    fn unlist(&self) -> Option<Arc<Watch>> {
        let watch = self.ready.lock().pop_front()?;
        watch.is_listed.store(false, Ordering::Release);
        Some(watch)
    }

    /// Lists a watch and tells waiters if its file is ready.
    fn look_at(&self, watch: &Arc<Watch>) {
        if !watch.ready().is_empty() && self.list(watch.clone()) {
            self.waiters.wake(Events::READABLE);
        }
    }

    /// Returns the epolls that this one watches.
    fn children(&self) -> Vec<Arc<Epoll>> {
        let files: Vec<_> = self
            .watches
            .lock()
            .values()
            .flatten()
            .filter(|watch| watch.is_alive())
            .filter_map(|watch| watch.file.upgrade())
            .collect();
        files.into_iter().filter_map(Epoll::from_file).collect()
    }

    /// Returns how many levels of epolls there are from here down, 1 if this one watches none.
    ///
    /// # Errors
    /// `ELOOP` if `above` is among them, or more than [`MOST_NESTED`].
    fn depth_below(&self, above: &Self, level: usize) -> Result<usize> {
        if core::ptr::eq(self, above) || level > MOST_NESTED {
            return Err(Errno::ELOOP);
        }
        let mut depth = 1;
        for child in self.children() {
            depth = depth.max(1 + child.shared.depth_below(above, level + 1)?);
        }
        Ok(depth)
    }

    /// Returns how many levels of epolls there are from here up, 1 if nobody watches this one.
    fn height_above(&self) -> usize {
        let parents: Vec<_> = self.parents.lock().iter().filter_map(Weak::upgrade).collect();
        1 + parents.iter().map(|parent| parent.height_above()).max().unwrap_or(0)
    }
}

/// A set of watched files with the list of those that are ready.
#[derive(Debug)]
pub struct Epoll {
    shared: Arc<Shared>,
}

impl Epoll {
    /// Returns an epoll that watches nothing.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { shared: Arc::default() })
    }

    /// Returns a file as an epoll if it is one.
    pub fn from_file(file: Arc<dyn File>) -> Option<Arc<Self>> {
        file.into_any().downcast().ok()
    }

    /// Watches descriptor `fd`, which stands for `open`: `EPOLL_CTL_ADD`.
    ///
    /// # Errors
    /// `EBADF` for a description that allows nothing (`O_PATH`), `EPERM` for a file that is always ready, `EINVAL` for the epoll itself or flags that do not
    /// go together, `EEXIST`, `ELOOP`.
    pub fn add(&self, fd: i32, open: &Arc<OpenFile>, event: EpollEvent) -> Result<()> {
        let file = open.file()?;
        let child = self.check_target(file)?;
        let flags = event.flags();
        if flags.contains(WatchFlags::EXCLUSIVE) {
            check_exclusive(event)?;
            if child.is_some() {
                return Err(Errno::EINVAL);
            }
        }
        let nesting = child.is_some().then(|| NESTING.lock());
        if let Some(child) = &child {
            let below = child.shared.depth_below(&self.shared, 1)?;
            if below + self.shared.height_above() > MOST_NESTED {
                return Err(Errno::ELOOP);
            }
        }
        let watch = self.insert(fd, open, file, event)?;
        if let Some(child) = &child {
            let mut parents = child.shared.parents.lock();
            parents.retain(|parent| parent.strong_count() > 0);
            parents.push(Arc::downgrade(&self.shared));
        }
        drop(nesting);
        watch.register(&**file, event);
        self.shared.look_at(&watch);
        Ok(())
    }

    /// Changes what a descriptor is watched for: `EPOLL_CTL_MOD`.
    ///
    /// # Errors
    /// `EBADF`, `EPERM` and `EINVAL` as [`add`](Self::add), also `EINVAL` where `EPOLLEXCLUSIVE` is or was
    /// set; `ENOENT`.
    pub fn modify(&self, fd: i32, open: &Arc<OpenFile>, event: EpollEvent) -> Result<()> {
        let file = open.file()?;
        self.check_target(file)?;
        if event.flags().contains(WatchFlags::EXCLUSIVE) {
            return Err(Errno::EINVAL);
        }
        let watch = self.find(fd, open).ok_or(Errno::ENOENT)?;
        if watch.interest.lock().flags.contains(WatchFlags::EXCLUSIVE) {
            return Err(Errno::EINVAL);
        }
        watch.register(&**file, event);
        self.shared.look_at(&watch);
        Ok(())
    }

    /// Watches a descriptor no more: `EPOLL_CTL_DEL`.
    ///
    /// # Errors
    /// `EBADF`, `EPERM` and `EINVAL` as [`add`](Self::add), `ENOENT`.
    pub fn delete(&self, fd: i32, open: &Arc<OpenFile>) -> Result<()> {
        let child = self.check_target(open.file()?)?;
        let mut watches = self.shared.watches.lock();
        let of_fd = watches.get_mut(&fd).ok_or(Errno::ENOENT)?;
        let index = of_fd.iter().position(|watch| watch.is_of(open));
        let watch = of_fd.swap_remove(index.ok_or(Errno::ENOENT)?);
        if of_fd.is_empty() {
            watches.remove(&fd);
        }
        drop(watches);
        watch.end();
        if let Some(child) = child {
            let mut parents = child.shared.parents.lock();
            let index = parents.iter().position(|p| p.as_ptr() == Arc::as_ptr(&self.shared));
            index.map(|index| parents.swap_remove(index));
        }
        Ok(())
    }

    /// Gives up to `most` files that are ready to `put`, those first that have waited longest, and
    /// returns how many: `epoll_wait(2)`. None where it would wait.
    ///
    /// # Errors
    /// Those of `put`, if it took nothing before.
    pub fn collect(
        &self,
        most: usize,
        put: &mut dyn FnMut(usize, EpollEvent) -> Result<()>,
    ) -> Result<usize> {
        let listed = self.shared.ready.lock().len();
        let mut count = 0;
        let mut result = Ok(());
        for _ in 0..listed {
            if count == most {
                break;
            }
            let Some(watch) = self.shared.unlist() else { break };
            match watch.report(&mut |event| put(count, event)) {
                Ok(None) => {}
                Ok(Some(stays)) => {
                    if stays {
                        self.shared.list(watch);
                    }
                    count += 1;
                }
                Err(errno) => {
                    self.shared.list_first(watch);
                    result = Err(errno);
                    break;
                }
            }
        }
        // Another thread may wait for what this one leaves.
        if count > 0 && !self.shared.ready.lock().is_empty() {
            self.shared.waiters.wake(Events::READABLE);
        }
        if count == 0 { result.map(|()| 0) } else { Ok(count) }
    }

    /// Checks what `epoll_ctl(2)` checks of every target; returns it as an epoll if it is one.
    fn check_target(&self, file: &Arc<dyn File>) -> Result<Option<Arc<Self>>> {
        if file.waiters().is_none() {
            return Err(Errno::EPERM);
        }
        let child = Self::from_file(file.clone());
        match &child {
            Some(child) if Arc::ptr_eq(&child.shared, &self.shared) => Err(Errno::EINVAL),
            _ => Ok(child),
        }
    }

    fn find(&self, fd: i32, open: &Arc<OpenFile>) -> Option<Arc<Watch>> {
        let watches = self.shared.watches.lock();
        watches.get(&fd)?.iter().find(|watch| watch.is_of(open)).cloned()
    }

    /// Enters a new watch that is not registered yet, and forgets dead ones of its descriptor.
    fn insert(
        &self,
        fd: i32,
        open: &Arc<OpenFile>,
        file: &Arc<dyn File>,
        event: EpollEvent,
    ) -> Result<Arc<Watch>> {
        let mut watches = self.shared.watches.lock();
        let of_fd = watches.entry(fd).or_default();
        if of_fd.iter().any(|watch| watch.is_of(open)) {
            return Err(Errno::EEXIST);
        }
        let interest = Interest {
            events: Events::empty(),
            flags: event.flags(),
            data: event.data,
            registration: None,
        };
        let watch = Arc::new(Watch {
            epoll: Arc::downgrade(&self.shared),
            open: Arc::downgrade(open),
            file: Arc::downgrade(file),
            interest: SpinLock::new(interest),
            is_listed: AtomicBool::new(false),
        });
        let dead: Vec<_> = of_fd.extract_if(.., |watch| !watch.is_alive()).collect();
        of_fd.push(watch.clone());
        drop(watches);
        dead.iter().for_each(|watch| watch.end());
        Ok(watch)
    }
}

/// Checks what `EPOLLEXCLUSIVE` goes together with.
fn check_exclusive(event: EpollEvent) -> Result<()> {
    let events = Events::IN | Events::OUT | Events::ERR | Events::HUP;
    let flags = WatchFlags::EXCLUSIVE | WatchFlags::WAKEUP | WatchFlags::EDGE;
    let allowed = events.bits() | flags.bits();
    if event.events & !allowed == 0 { Ok(()) } else { Err(Errno::EINVAL) }
}

impl File for Epoll {
    fn can_be_read(&self) -> bool {
        false
    }

    fn can_be_written(&self) -> bool {
        false
    }

    fn ignores_seeks(&self) -> bool {
        true
    }

    fn poll(&self) -> Events {
        let listed = self.shared.ready.lock().len();
        for _ in 0..listed {
            let Some(watch) = self.shared.unlist() else { break };
            if !watch.ready().is_empty() {
                self.shared.list_first(watch);
                return Events::READABLE;
            }
        }
        Events::empty()
    }

    fn waiters(&self) -> Option<&Waiters> {
        Some(&self.shared.waiters)
    }

    fn label(&self) -> Vec<u8> {
        b"anon_inode:[eventpoll]".to_vec()
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

impl Drop for Epoll {
    fn drop(&mut self) {
        let watches = core::mem::take(&mut *self.shared.watches.lock());
        watches.values().flatten().for_each(|watch| watch.end());
        self.shared.ready.lock().clear();
    }
}

#[cfg(test)]
mod tests;
