//! Virtio devices: finding them, agreeing on features, setting up queues.
//!
//! A device is reached through its registers in memory ([`mmio`]) or through PCI ([`pci`]), by
//! virtio-drivers' [`Transport`]. What that lacks, door bells that need no selector and interrupts
//! of a queue's own, is [`Bus`].

pub(super) mod mmio;
pub(super) mod pci;

use alloc::boxed::Box;

use virtio::{Notify, Queue};
use virtio_drivers::transport::{DeviceStatus, Transport};

use super::dma::Dma;
use super::registers::Registers;

/// `VIRTIO_F_VERSION_1`, without which a device is a legacy one (virtio 1.3 §6).
const VERSION_1: u64 = virtio::net::VERSION_1;
/// `VIRTIO_F_ACCESS_PLATFORM`: the device's addresses are the platform's, as any device's. That is
/// what they are here: no IOMMU is ever switched on.
const ACCESS_PLATFORM: u64 = 1 << 33;

/// Longest queue that is set up: more would only make latency under load longer.
const LONGEST_QUEUE: u16 = 256;

/// How a virtio device is reached.
pub(super) trait Bus: Send + Sync + 'static {
    /// What virtio-drivers knows of it.
    type Transport: Transport;

    /// Returns what virtio-drivers knows of it.
    fn transport(&mut self) -> &mut Self::Transport;

    /// Gives `queue` an interrupt of its own at a processor, before it is set up. What the interrupt
    /// is about is found by looking at the queue; the interrupt only makes the processor do so,
    /// wherever it is at. Returns false when there is no interrupt left, and where all queues of the
    /// device share one, which the first that is connected gets: the queue has to be polled.
    fn connect(&mut self, queue: u16, processor: usize) -> bool;

    /// Returns the door bell of `queue`, once it is set up.
    fn doorbell(&mut self, queue: u16) -> Doorbell;
}

/// Where a queue's notifications are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doorbell {
    queue: u16,
    register: Registers,
    /// Whether the register is 32 bits wide, not 16.
    is_wide: bool,
}

impl Notify for Doorbell {
    fn notify(&self) {
        if self.is_wide {
            self.register.write(0, u32::from(self.queue));
        } else {
            self.register.write(0, self.queue);
        }
    }
}

/// Why a device cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Error {
    /// It is a legacy device (virtio 0.9).
    Legacy,
    /// It refused the features it had offered.
    FeaturesRefused,
    /// It has no such queue.
    NoQueue,
    /// There is no memory for its queues.
    NoMemory,
}

/// Resets a device and agrees with it on those of the features `wanted` that it offers
/// (virtio 1.3 §3.1.1, steps 1 to 6). Returns them.
///
/// # Errors
///
/// [`Error::Legacy`], [`Error::FeaturesRefused`].
pub(super) fn negotiate(bus: &mut impl Bus, wanted: u64) -> Result<u64, Error> {
    let bus = bus.transport();
    bus.set_status(DeviceStatus::empty());
    let mut status = DeviceStatus::ACKNOWLEDGE | DeviceStatus::DRIVER;
    bus.set_status(status);
    let features = bus.read_device_features() & (wanted | VERSION_1 | ACCESS_PLATFORM);
    if features & VERSION_1 == 0 {
        return Err(Error::Legacy);
    }
    bus.write_driver_features(features);
    status |= DeviceStatus::FEATURES_OK;
    bus.set_status(status);
    if bus.get_status().contains(DeviceStatus::FEATURES_OK) {
        Ok(features)
    } else {
        Err(Error::FeaturesRefused)
    }
}

/// Sets up queue number `index` with as many descriptors as the device has, but at most `longest`.
///
/// # Errors
///
/// [`Error::NoQueue`], [`Error::NoMemory`].
pub(super) fn set_up_queue(
    bus: &mut impl Bus,
    index: u16,
    longest: u16,
    features: u64,
) -> Result<Queue<Dma>, Error> {
    let bus = bus.transport();
    let largest = u16::try_from(bus.max_queue_size(index)).unwrap_or(LONGEST_QUEUE);
    let size = match largest.min(longest).min(LONGEST_QUEUE) {
        0 => return Err(Error::NoQueue),
        size => 1 << size.ilog2(),
    };
    let memory = Dma::new(Queue::<Dma>::bytes(size)).ok_or(Error::NoMemory)?;
    let has_event_index = features & virtio::net::EVENT_IDX != 0;
    let queue = Queue::new(memory, size, has_event_index).map_err(|_| Error::NoMemory)?;
    let at = queue.addresses();
    bus.queue_set(index, size.into(), at.descriptors, at.driver, at.device);
    Ok(queue)
}

/// Sets the device going.
pub(super) fn start(bus: &mut impl Bus) {
    bus.transport().finish_init();
}

/// Keeps a device going for good: virtio-drivers resets one whose transport is dropped.
pub(super) fn keep(bus: impl Bus) {
    Box::leak(Box::new(bus));
}
