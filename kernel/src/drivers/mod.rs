//! Drivers: what is in the machine, and how to use it.

pub(crate) mod channel;
mod dma;
mod nic;
mod pci;
pub(crate) mod power;
mod registers;
pub(crate) mod rng;
mod virtio;

use alloc::vec::Vec;

use net::device::Device;
use virtio_drivers::transport::{DeviceType, Transport};

use self::virtio::mmio::{Mmio, Place};
use self::virtio::pci::{Pci, device_type};
use self::virtio::{Bus, Error};

/// Finds the machine's devices and sets them up. `virtio_mmio` are the values of the words
/// `virtio_mmio.device=` of the command line. Returns the network cards, without interrupts.
pub(crate) fn probe<'a>(virtio_mmio: impl IntoIterator<Item = &'a [u8]>) -> Vec<Device> {
    let mut cards = Vec::new();
    for word in virtio_mmio {
        match Place::parse(word) {
            Some(place) => {
                if let Some(mut bus) = Mmio::probe(place) {
                    let kind = bus.transport().device_type();
                    open(kind, bus, &mut cards);
                }
            }
            None => log::warn!("virtio_mmio.device={}: not understood", word.escape_ascii()),
        }
    }
    for (at, info) in pci::functions() {
        if let Some(kind) = device_type(&info).filter(|kind| is_driven(*kind))
            && let Some(bus) = Pci::probe(at)
        {
            open(kind, bus, &mut cards);
        }
    }
    cards
}

/// Returns whether there is a driver.
const fn is_driven(kind: DeviceType) -> bool {
    matches!(kind, DeviceType::Network | DeviceType::EntropySource | DeviceType::Console)
}

fn open(kind: DeviceType, bus: impl Bus, cards: &mut Vec<Device>) {
    let opened: Result<(), Error> = match kind {
        DeviceType::Network => nic::open(bus).map(|card| cards.push(card)),
        DeviceType::EntropySource => rng::open(bus),
        DeviceType::Console => channel::open(bus),
        _ => Ok(()),
    };
    if let Err(error) = opened {
        log::warn!("virtio device {kind:?} cannot be used: {error:?}");
    }
}
