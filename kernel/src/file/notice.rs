//! Signals that tell of descriptors: what `O_ASYNC` sends, `fcntl(2)`.

use alloc::sync::{Arc, Weak};
use alloc::task::Wake;
use core::task::Waker;

use abi::poll::Events;
use abi::signal::{POLL_IN, POLL_OUT, SigInfo, Signal};
use vfs::OpenFile;
use vfs::notice::{Addressee, Owner};

use crate::process::{PID, Process, signal};

/// One kind of notice of a description.
#[derive(Debug)]
struct Notice {
    open: Weak<OpenFile>,
    /// The descriptor by which the notices were asked for.
    fd: u32,
    code: i32,
    band: Events,
}

impl Wake for Notice {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let Some(open) = self.open.upgrade() else { return };
        self.send(open.addressee());
    }
}

impl Notice {
    fn send(&self, to: Addressee) {
        let Some(owner) = to.owner else { return };
        let info = match to.signal {
            Some(signal) => SigInfo::from_descriptor(signal, self.code, self.band.bits(), self.fd),
            None => SigInfo::from_kernel(Signal::SIGIO),
        };
        // Where a queue is full, SIGIO says that something was lost.
        if send(owner, info).is_err() {
            let _ = send(owner, SigInfo::from_kernel(Signal::SIGIO));
        }
    }
}

fn send(owner: Owner, info: SigInfo) -> abi::Result<bool> {
    match owner {
        Owner::Thread(tid) => match Process::current().thread(tid) {
            Some(thread) => signal::send_to_thread(&thread, info),
            None => Ok(false),
        },
        Owner::Process(PID) | Owner::Group(PID) => signal::send_to_process(info),
        Owner::Process(_) | Owner::Group(_) => Ok(false),
    }
}

/// Returns the wakers that send the signals of a description.
fn wakers(open: &Arc<OpenFile>, fd: u32) -> [Waker; 2] {
    let readable = (POLL_IN, Events::READABLE);
    let writable = (POLL_OUT, Events::WRITABLE_BAND);
    [readable, writable].map(|(code, band)| {
        Waker::from(Arc::new(Notice { open: Arc::downgrade(open), fd, code, band }))
    })
}

/// Lets a description tell by signal from now on or no more; `fd` is the descriptor that the
/// signals name. Returns false if its kind of file never tells.
pub(crate) fn set(open: &Arc<OpenFile>, fd: u32, is_on: bool) -> bool {
    let wakers = is_on.then(|| wakers(open, fd));
    open.set_notices(wakers.as_ref())
}
