//! The trace's way out: virtio's console device (virtio 1.3 §5.3), written to only.
//!
//! Bytes gather in one buffer while the device has the other: one notification for many records.

use core::time::Duration;

use sync::SpinLock;
use virtio::{Direction, Notify, Queue, Segment, Slots};

use super::dma::Dma;
use super::virtio::{self as device_setup, Bus, Doorbell, Error};
use crate::arch::clock;
use crate::panic;

/// The queue to the host of port 0.
const QUEUE: u16 = 1;
/// Buffers.
const SLOTS: u16 = 2;
/// Bytes of a buffer.
const SLOT_BYTES: usize = 64 << 10;
/// How long the host may take to read a buffer: one that is slow must lose nothing, one that is
/// stuck must not hang the machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// The first console device found. A leaf lock.
static CHANNEL: SpinLock<Option<Channel>> = SpinLock::new(None);

#[derive(Debug)]
struct Channel {
    queue: Queue<Dma>,
    buffers: Slots<Dma>,
    bell: Doorbell,
    /// The buffer that is being filled, and how much of it is.
    slot: u16,
    filled: usize,
    /// How many buffers the device has.
    sent: u16,
}

/// Sets a console device up, to be the channel if it is the first.
///
/// # Errors
///
/// [`Error`] when it cannot be used.
pub(super) fn open(mut bus: impl Bus) -> Result<(), Error> {
    let features = device_setup::negotiate(&mut bus, 0)?;
    let mut queue = device_setup::set_up_queue(&mut bus, QUEUE, SLOTS, features)?;
    queue.disable_interrupts();
    let memory = Dma::new(usize::from(SLOTS) * SLOT_BYTES).ok_or(Error::NoMemory)?;
    let buffers = Slots::new(memory, SLOTS, SLOT_BYTES).map_err(|_| Error::NoMemory)?;
    let bell = bus.doorbell(QUEUE);
    device_setup::start(&mut bus);
    device_setup::keep(bus);
    let channel = Channel { queue, buffers, bell, slot: 0, filled: 0, sent: 0 };
    CHANNEL.lock().get_or_insert(channel);
    Ok(())
}

/// Returns whether there is a channel.
pub(crate) fn is_there() -> bool {
    CHANNEL.lock().is_some()
}

/// Writes bytes; they reach the host with the next [`flush`] at the latest.
pub(crate) fn write(bytes: &[u8]) {
    with_channel(|channel| channel.write(bytes));
}

/// Hands what was written to the host.
pub(crate) fn flush() {
    with_channel(Channel::flush);
}

/// Waits until the host has read all that was handed to it.
pub(crate) fn drain() {
    with_channel(|channel| channel.wait_for(0));
}

/// Calls `act`, and gives the channel up where it says that the host reads no more. Whoever holds
/// the lock while the kernel gives up loses nothing but the rest of a trace.
fn with_channel(act: impl FnOnce(&mut Channel) -> bool) {
    let place = if panic::is_panicking() { CHANNEL.try_lock() } else { Some(CHANNEL.lock()) };
    let Some(mut place) = place else { return };
    if let Some(channel) = place.as_mut()
        && !act(channel)
    {
        *place = None;
    }
}

impl Channel {
    fn write(&mut self, mut bytes: &[u8]) -> bool {
        loop {
            let room = &mut self.buffers.bytes_mut(self.slot)[self.filled..];
            let (now, later) = bytes.split_at(bytes.len().min(room.len()));
            room[..now.len()].copy_from_slice(now);
            self.filled += now.len();
            bytes = later;
            if bytes.is_empty() {
                return true;
            }
            if !self.flush() {
                return false;
            }
        }
    }

    fn flush(&mut self) -> bool {
        if self.filled == 0 {
            return true;
        }
        let len = u32::try_from(self.filled).unwrap_or(u32::MAX);
        let address = self.buffers.device_address(self.slot);
        let segment = Segment { address, len, direction: Direction::ToDevice };
        if !self.queue.add(&[segment], self.slot) {
            return false;
        }
        if self.queue.publish() {
            self.bell.notify();
        }
        self.sent += 1;
        self.slot = (self.slot + 1) % SLOTS;
        self.filled = 0;
        self.wait_for(SLOTS - 1)
    }

    /// Waits until the device has at most `count` buffers; returns whether it came to that.
    fn wait_for(&mut self, count: u16) -> bool {
        let deadline = clock::now() + PATIENCE;
        while self.sent > count {
            if self.queue.take_used().is_some() {
                self.sent -= 1;
            } else if self.queue.is_broken() || clock::now() > deadline {
                return false;
            }
        }
        true
    }
}
