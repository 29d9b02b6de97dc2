//! Entropy: the processor's generator and virtio's entropy device (virtio 1.3 §5.4).
//!
//! Sources are combined by exclusive or, so that the result is as good as the best of them. It is
//! meant to seed generators at boot: a request to the device takes its time.

use core::sync::atomic::{Ordering, fence};
use core::time::Duration;

use sync::SpinLock;
use virtio::{Direction, Notify, Queue, Segment, Slots};

use super::dma::Dma;
use super::virtio::{self as device_setup, Bus, Doorbell, Error};
use crate::arch::{clock, cpu};

/// The device's only queue.
const QUEUE: u16 = 0;
/// Most bytes asked of the device at once.
const REQUEST: usize = 256;
/// How long the device may take: QEMU's limits itself to what its user said, which may be nothing.
const PATIENCE: Duration = Duration::from_millis(50);

/// The first entropy device found.
static DEVICE: SpinLock<Option<EntropyDevice>> = SpinLock::new(None);

#[derive(Debug)]
struct EntropyDevice {
    queue: Queue<Dma>,
    buffer: Slots<Dma>,
    bell: Doorbell,
    is_asked: bool,
}

/// Fills `bytes` from all sources there are. Without any, what is left is the time stamp counter's
/// low bits, of which nothing should be expected.
pub(crate) fn fill(bytes: &mut [u8]) {
    for chunk in bytes.chunks_mut(8) {
        let word = cpu::random().unwrap_or_else(jitter).to_le_bytes();
        chunk.iter_mut().zip(word).for_each(|(byte, random)| *byte = random);
    }
    if let Some(device) = DEVICE.lock().as_mut() {
        device.mix_into(bytes);
    }
}

/// Returns 64 bits of how long things take.
fn jitter() -> u64 {
    (0..64).fold(0, |bits: u64, _| {
        fence(Ordering::SeqCst);
        // The multiplier is 2^64 divided by the golden ratio, odd: it spreads the low bits.
        (bits.rotate_left(7) ^ cpu::time_stamp()).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    })
}

/// Sets an entropy device up, to be used from now on if it is the first.
///
/// # Errors
///
/// [`Error`] when it cannot be used.
pub(super) fn open(mut bus: impl Bus) -> Result<(), Error> {
    let features = device_setup::negotiate(&mut bus, 0)?;
    let mut queue = device_setup::set_up_queue(&mut bus, QUEUE, 2, features)?;
    queue.disable_interrupts();
    let memory = Dma::new(REQUEST).ok_or(Error::NoMemory)?;
    let buffer = Slots::new(memory, 1, REQUEST).map_err(|_| Error::NoMemory)?;
    let bell = bus.doorbell(QUEUE);
    device_setup::start(&mut bus);
    device_setup::keep(bus);
    DEVICE.lock().get_or_insert(EntropyDevice { queue, buffer, bell, is_asked: false });
    Ok(())
}

impl EntropyDevice {
    /// Adds the device's entropy to `bytes`, or to as many as it gives in time.
    fn mix_into(&mut self, bytes: &mut [u8]) {
        let deadline = clock::now() + PATIENCE;
        let mut left = bytes;
        while !left.is_empty() && clock::now() < deadline {
            if !self.is_asked {
                self.ask();
            }
            let Some(used) = self.queue.take_used() else { continue };
            self.is_asked = false;
            let count = left.len().min(used.len as usize);
            let (now, later) = left.split_at_mut(count);
            now.iter_mut().zip(self.buffer.bytes(0)).for_each(|(byte, random)| *byte ^= random);
            // What was given out is nobody else's to see.
            self.buffer.bytes_mut(0).fill(0);
            left = later;
        }
    }

    fn ask(&mut self) {
        let len = u32::try_from(REQUEST).unwrap_or(u32::MAX);
        let address = self.buffer.device_address(0);
        self.is_asked =
            self.queue.add(&[Segment { address, len, direction: Direction::FromDevice }], 0);
        if self.queue.publish() {
            self.bell.notify();
        }
    }
}
