//! Waiting for several descriptors: `poll(2)`, `select(2)`, `epoll_wait(2)`.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use abi::epoll::{EpollEvent, EpollOp};
use abi::fcntl::OpenFlags;
use abi::poll::Events;
use abi::signal::SignalSet;
use abi::time::{Instant, Timespec, Timeval};
use abi::{Errno, Result};
use sync::{Every, Waiting};
use vfs::anon::Epoll;
use vfs::{File, OnExec, OpenFile};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::Context;
use crate::arch::clock;
use crate::file::{self, descriptor_limit};
use crate::memory::check_room;
use crate::memory::user::{self, UserPtr};
use crate::process::thread::Thread;
use crate::wait::{self, RESTART, RESTART_UNLESS_HANDLED, Wakeup};

/// When a call gives up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Limit {
    /// At once.
    Now,
    /// At this point.
    At(Instant),
    /// Never.
    Never,
}

impl Limit {
    fn after(length: Option<Duration>) -> Self {
        match length {
            None => Self::Never,
            Some(length) if length.is_zero() => Self::Now,
            Some(length) => Self::At(clock::now() + length),
        }
    }

    fn after_millis(millis: i32) -> Self {
        Self::after(u64::try_from(millis).ok().map(Duration::from_millis))
    }

    const fn deadline(self) -> Option<Instant> {
        match self {
            Self::At(instant) => Some(instant),
            Self::Now | Self::Never => None,
        }
    }

    fn left(self) -> Duration {
        self.deadline().map_or(Duration::ZERO, |deadline| deadline.since(clock::now()))
    }
}

/// A file that is waited for.
#[derive(Debug)]
struct Watched {
    file: Arc<OpenFile>,
    interest: Events,
    waiting: Option<Waiting>,
}

impl Watched {
    fn new(file: Arc<OpenFile>, interest: Events) -> Self {
        Self { file, interest, waiting: None }
    }

    /// Returns what of the interest the file is ready for.
    fn ready(&self) -> Events {
        let interest = self.interest | Events::ALWAYS;
        self.file.file().map_or(Events::NVAL, |file| file.poll() & interest)
    }

    fn register(&mut self, waker: &core::task::Waker) {
        let waiters = self.file.file().ok().and_then(|file| file.waiters());
        self.waiting = waiters.map(|w| w.register(self.interest, Every::Once, waker));
    }

    fn deregister(&mut self) {
        if let (Some(waiting), Ok(file)) = (self.waiting.take(), self.file.file())
            && let Some(waiters) = file.waiters()
        {
            waiters.remove(waiting);
        }
    }
}

/// Waits until any of the files is ready; returns once one is or the limit is reached.
///
/// # Errors
/// [`RESTART_UNLESS_HANDLED`] after a signal.
fn wait_for_any(files: &mut [Watched], limit: Limit) -> Result<()> {
    let is_ready = |files: &[Watched]| files.iter().any(|file| !file.ready().is_empty());
    if limit == Limit::Now {
        return Ok(());
    }
    let waker = Thread::current().waker();
    while !is_ready(files) {
        files.iter_mut().for_each(|file| file.register(&waker));
        let wakeup = if is_ready(files) { Wakeup::Woken } else { wait::sleep(limit.deadline()) };
        files.iter_mut().for_each(Watched::deregister);
        match wakeup {
            Wakeup::Woken => {}
            Wakeup::TimedOut => return Ok(()),
            Wakeup::Interrupted if is_ready(files) => return Ok(()),
            Wakeup::Interrupted => return Err(RESTART_UNLESS_HANDLED),
        }
    }
    Ok(())
}

/// `struct pollfd`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub(super) struct PollFd {
    fd: i32,
    events: u16,
    revents: u16,
}

fn poll_until(fds: UserPtr<PollFd>, count: usize, limit: Limit) -> Result<usize> {
    if u32::try_from(count).is_ok_and(|count| count > descriptor_limit()) || count > MOST_POLLED {
        return Err(Errno::EINVAL);
    }
    let mut entries = fds.read_array(count)?;
    let files = file::current();
    let mut watched = Vec::new();
    watched.try_reserve_exact(count).map_err(|_| Errno::ENOMEM)?;
    let mut is_bad = false;
    for entry in &entries {
        let file = match u32::try_from(entry.fd) {
            Ok(fd) => files.get(fd).ok(),
            Err(_) => continue,
        };
        is_bad |= file.is_none();
        let interest = Events::from_bits_truncate(u32::from(entry.events));
        watched.extend(file.map(|file| Watched::new(file, interest)));
    }
    wait_for_any(&mut watched, if is_bad { Limit::Now } else { limit })?;
    let mut results = watched.iter();
    let mut ready = 0;
    for entry in &mut entries {
        let is_open = u32::try_from(entry.fd).is_ok_and(|fd| files.get(fd).is_ok());
        let events = match results.as_slice().first() {
            _ if entry.fd < 0 => Events::empty(),
            Some(_) if is_open => results.next().map_or(Events::NVAL, Watched::ready),
            _ => Events::NVAL,
        };
        entry.revents = u16::try_from(events.bits()).unwrap_or(0);
        ready += usize::from(!events.is_empty());
    }
    fds.write_array(&entries)?;
    Ok(ready)
}

/// More descriptors than this there never are.
const MOST_POLLED: usize = 1 << 20;

/// `poll(2)`.
pub(super) fn poll(
    _cx: &mut Context<'_>,
    fds: UserPtr<PollFd>,
    count: u32,
    timeout_ms: i32,
) -> Result<usize> {
    poll_until(fds, count as usize, Limit::after_millis(timeout_ms))
}

/// `ppoll(2)`.
pub(super) fn ppoll(
    cx: &mut Context<'_>,
    fds: UserPtr<PollFd>,
    count: u32,
    timeout: UserPtr<Timespec>,
    mask: UserPtr<SignalSet>,
    mask_size: usize,
) -> Result<usize> {
    let limit = timespec_limit(timeout)?;
    let mask = read_mask(mask, mask_size)?;
    let result = with_mask(cx, mask, || poll_until(fds, count as usize, limit));
    write_left(timeout, limit);
    result
}

fn timespec_limit(timeout: UserPtr<Timespec>) -> Result<Limit> {
    let length = match timeout.non_null() {
        Some(timeout) => Some(timeout.read()?.to_duration()?),
        None => None,
    };
    Ok(Limit::after(length))
}

/// Tells the program what is left of its timeout, which it may have put where nothing can be
/// written.
fn write_left(timeout: UserPtr<Timespec>, limit: Limit) {
    if let Some(timeout) = timeout.non_null() {
        let nanos = u64::try_from(limit.left().as_nanos()).unwrap_or(u64::MAX);
        let _ = timeout.write(&Timespec::from_nanos(nanos));
    }
}

fn read_mask(mask: UserPtr<SignalSet>, size: usize) -> Result<Option<SignalSet>> {
    match mask.non_null() {
        Some(_) if size != size_of::<SignalSet>() => Err(Errno::EINVAL),
        Some(mask) => mask.read().map(Some),
        None => Ok(None),
    }
}

/// Runs a call with `mask` blocked. After a signal the mask before comes back only when that is
/// delivered.
fn with_mask<T>(
    cx: &Context<'_>,
    mask: Option<SignalSet>,
    call: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let Some(mask) = mask else { return call() };
    cx.thread.signals.set_mask_for_call(mask);
    let result = call();
    if !matches!(result, Err(RESTART_UNLESS_HANDLED | RESTART | Errno::EINTR)) {
        cx.thread.signals.restore_mask();
    }
    result
}

/// The three sets of `select(2)`, each as words of 64 descriptors.
#[derive(Debug)]
struct FdSets {
    count: usize,
    places: [UserPtr<u64>; 3],
    words: [Vec<u64>; 3],
}

impl FdSets {
    /// What each set asks for, and what counts as its answer: for reading, writing, exceptions.
    const MEANING: [(Events, Events); 3] = [
        (
            Events::READABLE.union(Events::RDBAND),
            Events::READABLE.union(Events::RDBAND).union(Events::ALWAYS),
        ),
        (Events::WRITABLE_BAND, Events::WRITABLE_BAND.union(Events::ERR)),
        (Events::PRI, Events::PRI),
    ];

    fn read(count: i32, places: [UserPtr<u64>; 3]) -> Result<Self> {
        let count = usize::try_from(count).map_err(|_| Errno::EINVAL)?;
        let count = count.min(file::current().descriptors.capacity());
        let mut words = [const { Vec::new() }; 3];
        for (place, words) in places.iter().zip(&mut words) {
            let length = count.div_ceil(64);
            *words = match place.non_null() {
                Some(place) => place.read_array(length)?,
                None => alloc::vec![0; length],
            };
        }
        Ok(Self { count, places, words })
    }

    /// Returns which sets a descriptor is in.
    fn membership(&self, fd: usize) -> [bool; 3] {
        self.words.each_ref().map(|words| words[fd / 64] >> (fd % 64) & 1 != 0)
    }

    /// Returns the descriptors in any of the sets with their files.
    fn watched(&self) -> Result<Vec<(usize, Watched)>> {
        let files = file::current();
        let mut watched = Vec::new();
        for fd in 0..self.count {
            let membership = self.membership(fd);
            if membership == [false; 3] {
                continue;
            }
            let file = files.get(u32::try_from(fd).map_err(|_| Errno::EBADF)?)?;
            let asked = membership.into_iter().zip(Self::MEANING);
            let interest = asked
                .filter(|(is_member, _)| *is_member)
                .fold(Events::empty(), |all, (_, (asked, _))| all | asked);
            watched.push((fd, Watched::new(file, interest)));
        }
        Ok(watched)
    }

    /// Leaves those in the sets that are ready, and returns how many.
    fn answer(&mut self, ready: &[(usize, Events)]) -> Result<usize> {
        let before: Vec<_> = ready.iter().map(|(fd, _)| self.membership(*fd)).collect();
        self.words.iter_mut().flatten().for_each(|word| *word = 0);
        let mut total = 0;
        for ((fd, events), membership) in ready.iter().zip(before) {
            for (set, (_, answer)) in Self::MEANING.into_iter().enumerate() {
                if membership[set] && events.intersects(answer) {
                    self.words[set][fd / 64] |= 1 << (fd % 64);
                    total += 1;
                }
            }
        }
        for (place, words) in self.places.iter().zip(&self.words) {
            if let Some(place) = place.non_null() {
                place.write_array(words)?;
            }
        }
        Ok(total)
    }
}

fn select_until(count: i32, places: [UserPtr<u64>; 3], limit: Limit) -> Result<usize> {
    let mut sets = FdSets::read(count, places)?;
    let (numbers, mut watched): (Vec<_>, Vec<_>) = sets.watched()?.into_iter().unzip();
    loop {
        wait_for_any(&mut watched, limit)?;
        let states = watched.iter().map(Watched::ready);
        let ready: Vec<_> = numbers.iter().copied().zip(states).collect();
        // A hang-up is no answer to who waits to write: such a file is left out from now on.
        let answers = |events: Events| {
            FdSets::MEANING.into_iter().any(|(_, answer)| events.intersects(answer))
        };
        let is_answered = ready.iter().any(|(_, events)| answers(*events));
        let is_over = limit == Limit::Now
            || limit.deadline().is_some_and(|deadline| clock::now() >= deadline);
        if is_answered || is_over {
            return sets.answer(&ready);
        }
    }
}

/// `select(2)`.
pub(super) fn select(
    _cx: &mut Context<'_>,
    count: i32,
    read: UserPtr<u64>,
    write: UserPtr<u64>,
    except: UserPtr<u64>,
    timeout: UserPtr<Timeval>,
) -> Result<usize> {
    let length = match timeout.non_null() {
        Some(timeout) => {
            let Timeval { tv_sec, tv_usec } = timeout.read()?;
            // More than a second of microseconds is carried over.
            let seconds = tv_sec.saturating_add(tv_usec / 1_000_000);
            Some(Timeval { tv_sec: seconds, tv_usec: tv_usec % 1_000_000 }.to_duration()?)
        }
        None => None,
    };
    let limit = Limit::after(length);
    let result = select_until(count, [read, write, except], limit);
    if let Some(timeout) = timeout.non_null() {
        let nanos = u64::try_from(limit.left().as_nanos()).unwrap_or(u64::MAX);
        let _ = timeout.write(&Timeval::from_nanos(nanos));
    }
    result
}

/// `pselect6(2)`; `mask` points to the mask's address and size.
pub(super) fn pselect6(
    cx: &mut Context<'_>,
    count: i32,
    read: UserPtr<u64>,
    write: UserPtr<u64>,
    except: UserPtr<u64>,
    timeout: UserPtr<Timespec>,
    mask: UserPtr<[u64; 2]>,
) -> Result<usize> {
    let mask = mask.non_null().map(UserPtr::read).transpose()?;
    let limit = timespec_limit(timeout)?;
    let mask = match mask {
        Some([address, size]) => {
            read_mask(UserPtr::new(address), usize::try_from(size).unwrap_or(usize::MAX))?
        }
        None => None,
    };
    let result = with_mask(cx, mask, || select_until(count, [read, write, except], limit));
    write_left(timeout, limit);
    result
}

/// `epoll_create(2)`.
pub(super) fn epoll_create(_cx: &mut Context<'_>, size: i32) -> Result<u32> {
    if size <= 0 { Err(Errno::EINVAL) } else { new_epoll(OnExec::Keep) }
}

/// `epoll_create1(2)`.
pub(super) fn epoll_create1(_cx: &mut Context<'_>, flags: u32) -> Result<u32> {
    match OpenFlags::from_bits_retain(flags) {
        OpenFlags::CLOEXEC => new_epoll(OnExec::Close),
        flags if flags.is_empty() => new_epoll(OnExec::Keep),
        _ => Err(Errno::EINVAL),
    }
}

fn new_epoll(on_exec: OnExec) -> Result<u32> {
    file::current().install(OpenFile::anonymous(Epoll::new(), OpenFlags::RDWR), on_exec)
}

/// `epoll_ctl(2)`.
pub(super) fn epoll_ctl(
    _cx: &mut Context<'_>,
    epfd: u32,
    op: u32,
    fd: i32,
    event: UserPtr<EpollEvent>,
) -> Result<()> {
    let op = EpollOp::from_raw(op);
    let event = match op {
        Some(EpollOp::Delete) => EpollEvent::default(),
        _ => event.read()?,
    };
    let files = file::current();
    let epoll_file = files.get(epfd)?;
    let target = files.get(u32::try_from(fd).map_err(|_| Errno::EBADF)?)?;
    if target.file()?.waiters().is_none() {
        return Err(Errno::EPERM);
    }
    let epoll: Arc<Epoll> = epoll_file.downcast().ok_or(Errno::EINVAL)?;
    match op {
        Some(EpollOp::Add) => {
            check_room()?;
            epoll.add(fd, &target, event)
        }
        Some(EpollOp::Delete) => epoll.delete(fd, &target),
        Some(EpollOp::Modify) => epoll.modify(fd, &target, event),
        None => Err(Errno::EINVAL),
    }
}

fn epoll_until(epfd: u32, events: UserPtr<EpollEvent>, max: i32, limit: Limit) -> Result<usize> {
    let file = file::current().get(epfd)?;
    let max = usize::try_from(max).ok().filter(|max| (1..=i32_events()).contains(max));
    let max = max.ok_or(Errno::EINVAL)?;
    user::check(events.address(), max * size_of::<EpollEvent>())?;
    let epoll: &Epoll = file.downcast_ref().ok_or(Errno::EINVAL)?;
    let mut put = |index, event| events.at(index).write(&event);
    let mut collect = || match epoll.collect(max, &mut put)? {
        0 => Err(Errno::EAGAIN),
        count => Ok(count),
    };
    let result = match (limit, epoll.waiters()) {
        (Limit::Now, _) | (_, None) => collect(),
        (_, Some(waiters)) => wait::until(waiters, Events::IN, limit.deadline(), collect),
    };
    match result {
        Err(Errno::EAGAIN) => Ok(0),
        Err(RESTART) => Err(Errno::EINTR),
        result => result,
    }
}

/// How many events a call may ask for, so that their bytes can be counted in an `int`.
const fn i32_events() -> usize {
    i32::MAX as usize / size_of::<EpollEvent>()
}

/// `epoll_wait(2)`.
pub(super) fn epoll_wait(
    _cx: &mut Context<'_>,
    epfd: u32,
    events: UserPtr<EpollEvent>,
    max: i32,
    timeout_ms: i32,
) -> Result<usize> {
    epoll_until(epfd, events, max, Limit::after_millis(timeout_ms))
}

/// `epoll_pwait(2)`.
pub(super) fn epoll_pwait(
    cx: &mut Context<'_>,
    epfd: u32,
    events: UserPtr<EpollEvent>,
    max: i32,
    timeout_ms: i32,
    mask: UserPtr<SignalSet>,
    mask_size: usize,
) -> Result<usize> {
    let mask = read_mask(mask, mask_size)?;
    with_mask(cx, mask, || epoll_until(epfd, events, max, Limit::after_millis(timeout_ms)))
}

/// `epoll_pwait2(2)`.
pub(super) fn epoll_pwait2(
    cx: &mut Context<'_>,
    epfd: u32,
    events: UserPtr<EpollEvent>,
    max: i32,
    timeout: UserPtr<Timespec>,
    mask: UserPtr<SignalSet>,
    mask_size: usize,
) -> Result<usize> {
    let limit = timespec_limit(timeout)?;
    let mask = read_mask(mask, mask_size)?;
    with_mask(cx, mask, || epoll_until(epfd, events, max, limit))
}
