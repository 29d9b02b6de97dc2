//! Files that are made to be waited for: `pipe(2)`, `eventfd(2)`, `timerfd_create(2)`.

use alloc::boxed::Box;
use alloc::sync::Arc;

use abi::fcntl::OpenFlags;
use abi::timer::{ClockId, Itimerspec, TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET, TimerSetting};
use abi::{Errno, Result};
use vfs::anon::{EventFd, EventMode, Pipe, Setting, TimerFd};
use vfs::{File, OpenFile};

use super::Context;
use super::descriptor::on_exec;
use super::timer::first_deadline;
use crate::file;
use crate::memory::user::UserPtr;
use crate::process::timers::Base;
use crate::timer::Alarm;

/// The flags that all of these calls take.
const COMMON: OpenFlags = OpenFlags::CLOEXEC.union(OpenFlags::NONBLOCK);

/// Gives a file a descriptor, with `access` and what `flags` ask for.
fn install(file: Arc<dyn File>, access: OpenFlags, flags: OpenFlags) -> Result<u32> {
    let open = OpenFile::anonymous(file, access | flags & OpenFlags::NONBLOCK);
    file::current().install(open, on_exec(flags))
}

/// `pipe(2)`.
pub(super) fn pipe(cx: &mut Context<'_>, fds: UserPtr<[u32; 2]>) -> Result<()> {
    pipe2(cx, fds, 0)
}

/// `pipe2(2)`.
pub(super) fn pipe2(_cx: &mut Context<'_>, fds: UserPtr<[u32; 2]>, flags: u32) -> Result<()> {
    let flags = OpenFlags::from_bits_retain(flags);
    if !(COMMON | OpenFlags::DIRECT).contains(flags) {
        return Err(Errno::EINVAL);
    }
    let (reader, writer) = Pipe::pair();
    let reader = install(reader, OpenFlags::RDONLY, flags)?;
    let descriptors = &file::current().descriptors;
    let close = |fd: u32| drop(descriptors.close(fd));
    let writer = install(writer, OpenFlags::WRONLY | flags & OpenFlags::DIRECT, flags)
        .inspect_err(|_| close(reader))?;
    fds.write(&[reader, writer]).inspect_err(|_| {
        close(reader);
        close(writer);
    })
}

/// `EFD_SEMAPHORE`.
const SEMAPHORE: u32 = 1;

/// `eventfd(2)` without flags.
pub(super) fn eventfd(cx: &mut Context<'_>, initial: u32) -> Result<u32> {
    eventfd2(cx, initial, 0)
}

/// `eventfd(2)`.
pub(super) fn eventfd2(_cx: &mut Context<'_>, initial: u32, flags: u32) -> Result<u32> {
    let mode = match flags & SEMAPHORE {
        0 => EventMode::Counter,
        _ => EventMode::Semaphore,
    };
    let flags = OpenFlags::from_bits_retain(flags & !SEMAPHORE);
    if !COMMON.contains(flags) {
        return Err(Errno::EINVAL);
    }
    install(EventFd::new(initial, mode), OpenFlags::RDWR, flags)
}

/// The clocks that such timers have: `CLOCK_REALTIME`, `CLOCK_MONOTONIC`, `CLOCK_BOOTTIME`,
/// `CLOCK_REALTIME_ALARM`, `CLOCK_BOOTTIME_ALARM`. The machine never sleeps, so an alarm's clock
/// is as another.
const TIMER_CLOCKS: [i32; 5] = [0, 1, 7, 8, 9];

/// `timerfd_create(2)`.
pub(super) fn timerfd_create(_cx: &mut Context<'_>, clock: i32, flags: u32) -> Result<u32> {
    let flags = OpenFlags::from_bits_retain(flags);
    if !COMMON.contains(flags) || !TIMER_CLOCKS.contains(&clock) {
        return Err(Errno::EINVAL);
    }
    let clock = ClockId::from_raw(clock)?;
    install(TimerFd::new(clock, Box::new(Alarm::new())), OpenFlags::RDWR, flags)
}

fn timer(fd: u32) -> Result<Arc<TimerFd>> {
    file::current().get(fd)?.downcast().ok_or(Errno::EINVAL)
}

/// `timerfd_settime(2)`; the clock is never set, so `TFD_TIMER_CANCEL_ON_SET` changes nothing.
pub(super) fn timerfd_settime(
    _cx: &mut Context<'_>,
    fd: u32,
    flags: u32,
    new: UserPtr<Itimerspec>,
    old: UserPtr<Itimerspec>,
) -> Result<()> {
    let new = new.read()?;
    if flags & !(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET) != 0 {
        return Err(Errno::EINVAL);
    }
    let new = new.to_setting()?;
    let timer = timer(fd)?;
    let base = match timer.clock() {
        ClockId::Realtime => Base::Realtime,
        _ => Base::Monotonic,
    };
    let deadline = first_deadline(new, flags & TFD_TIMER_ABSTIME != 0, base);
    let before = timer.set(deadline, new.interval);
    old.non_null().map_or(Ok(()), |old| old.write(&shown(before)))
}

/// `timerfd_gettime(2)`.
pub(super) fn timerfd_gettime(
    _cx: &mut Context<'_>,
    fd: u32,
    current: UserPtr<Itimerspec>,
) -> Result<()> {
    current.write(&shown(timer(fd)?.get()))
}

fn shown(setting: Setting) -> Itimerspec {
    let value = setting.remaining.unwrap_or_default();
    Itimerspec::from_setting(TimerSetting { value, interval: setting.interval })
}
