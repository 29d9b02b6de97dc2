//! Virtio network cards, as the network stack wants them.

use alloc::boxed::Box;

use net::device::{self, Capabilities, Device, ETHERNET_HEADER, Frame, Full, Interrupts, Mac};
use virtio::net::{
    CSUM, EVENT_IDX, GUEST_CSUM, HEADER_BYTES, HOST_TSO4, HOST_TSO6, MAC, MRG_RXBUF, MTU,
    RECEIVE_QUEUE, STATUS, TRANSMIT_QUEUE,
};
use virtio::{Notify, Slots};
use virtio_drivers::transport::Transport;

use super::dma::Dma;
use super::rng;
use super::virtio::{self as device_setup, Bus, Doorbell, Error};

/// Descriptors of each queue, and as many buffers.
const QUEUE: u16 = 256;
/// Of the sending buffers, how many hold frames that the card cuts into segments.
const LARGE: u16 = 32;
/// The longest packet to be cut: what the length field of IPv4 can say.
const LONGEST_PACKET: usize = 65_535;
/// Most bytes of buffers a queue: with a large MTU there are fewer of them.
const MOST_BYTES: usize = 2 << 20;
/// The largest packet where the device names none.
const DEFAULT_MTU: u16 = 1500;
/// The smallest that IPv6 can live with (RFC 8200 §5); a device that says less is wrong.
const LEAST_MTU: u16 = 1280;
/// A buffer for each frame of the usual size with its header, two to a page.
const LEAST_SLOT: usize = 2048;

/// Offsets in the device's configuration (virtio 1.3 §5.1.4).
const CONFIG_MAC: usize = 0;
const CONFIG_MTU: usize = 10;

/// The receiving half of a card.
struct Receiver {
    queue: virtio::Receiver<Dma, Doorbell>,
    was_broken: bool,
}

/// The sending half of a card.
struct Transmitter(virtio::Transmitter<Dma, Doorbell>);

/// The bell of the sending half.
struct Bell(Doorbell);

/// Sets a network card up and going, without interrupts.
///
/// # Errors
///
/// [`Error`] when the card cannot be used.
pub(super) fn open(mut bus: impl Bus) -> Result<Device, Error> {
    let offloads = CSUM | GUEST_CSUM | HOST_TSO4 | HOST_TSO6;
    let wanted = MAC | STATUS | MTU | MRG_RXBUF | EVENT_IDX | offloads;
    let features = device_setup::negotiate(&mut bus, wanted)?;
    let capabilities = capabilities(&mut bus, features);
    if !bus.connect(RECEIVE_QUEUE) {
        log::warn!("no interrupt for a network card");
    }
    let mut receiver = receiver(&mut bus, features, &capabilities)?;
    let transmitter = transmitter(&mut bus, features, &capabilities)?;
    let bell = bus.doorbell(TRANSMIT_QUEUE);
    device_setup::start(&mut bus);
    receiver.disable_interrupts();
    receiver.start();
    device_setup::keep(bus);
    Ok(Device {
        capabilities,
        receiver: Box::new(Receiver { queue: receiver, was_broken: false }),
        transmitter: Box::new(Transmitter(transmitter)),
        bell: Box::new(Bell(bell)),
    })
}

fn receiver(
    bus: &mut impl Bus,
    features: u64,
    capabilities: &Capabilities,
) -> Result<virtio::Receiver<Dma, Doorbell>, Error> {
    let queue = device_setup::set_up_queue(bus, RECEIVE_QUEUE, QUEUE, features)?;
    let longest = capabilities.mtu + ETHERNET_HEADER;
    let is_merged = features & MRG_RXBUF != 0;
    let slot = if is_merged { LEAST_SLOT } else { slot_for(longest) };
    let slots = slots(queue.size(), slot)?;
    let bell = bus.doorbell(RECEIVE_QUEUE);
    virtio::Receiver::new(queue, slots, longest, is_merged, bell).map_err(|_| Error::NoMemory)
}

fn transmitter(
    bus: &mut impl Bus,
    features: u64,
    capabilities: &Capabilities,
) -> Result<virtio::Transmitter<Dma, Doorbell>, Error> {
    let queue = device_setup::set_up_queue(bus, TRANSMIT_QUEUE, QUEUE, features)?;
    let does_segment = capabilities.segment_v4.max(capabilities.segment_v6) > 0;
    let large_count = if does_segment { LARGE.min(queue.size() / 2) } else { 0 };
    let small = slots(queue.size() - large_count, slot_for(capabilities.mtu + ETHERNET_HEADER))?;
    let large = match large_count {
        0 => None,
        count => Some(slots(count, slot_for(LONGEST_PACKET + ETHERNET_HEADER))?),
    };
    let bell = bus.doorbell(TRANSMIT_QUEUE);
    virtio::Transmitter::new(queue, small, large, bell).map_err(|_| Error::NoMemory)
}

/// Returns the size of buffers for frames of this length.
const fn slot_for(longest: usize) -> usize {
    (longest + HEADER_BYTES).next_multiple_of(LEAST_SLOT)
}

/// Returns at most `most` buffers.
fn slots(most: u16, bytes: usize) -> Result<Slots<Dma>, Error> {
    let count = most.min(u16::try_from(MOST_BYTES / bytes).unwrap_or(most)).max(1);
    let memory = Dma::new(bytes * usize::from(count)).ok_or(Error::NoMemory)?;
    Slots::new(memory, count, bytes).map_err(|_| Error::NoMemory)
}

fn capabilities(bus: &mut impl Bus, features: u64) -> Capabilities {
    let transport = bus.transport();
    let read_mac = || transport.read_config_space::<Mac>(CONFIG_MAC);
    let mac = if features & MAC != 0 { transport.read_consistent(read_mac).ok() } else { None };
    let mtu = if features & MTU != 0 {
        transport.read_config_space::<u16>(CONFIG_MTU).unwrap_or(DEFAULT_MTU)
    } else {
        DEFAULT_MTU
    };
    let has = |feature| features & feature != 0;
    let segment = |feature| if has(CSUM) && has(feature) { LONGEST_PACKET } else { 0 };
    Capabilities {
        mac: mac.unwrap_or_else(random_mac),
        mtu: mtu.max(LEAST_MTU).into(),
        checksum_transmit: has(CSUM),
        segment_v4: segment(HOST_TSO4),
        segment_v6: segment(HOST_TSO6),
    }
}

/// Returns an address that is locally administered and not a group's (IEEE 802 §8.2).
fn random_mac() -> Mac {
    let mut mac = Mac::default();
    rng::fill(&mut mac);
    mac[0] = mac[0] & !1 | 2;
    mac
}

impl device::Receiver for Receiver {
    fn receive(&mut self, budget: usize, handle: &mut dyn FnMut(Frame<'_>)) -> usize {
        let count = self.queue.receive(budget, |frame| {
            handle(Frame { bytes: frame.bytes, is_checksum_good: frame.is_checksum_good });
        });
        if self.queue.is_broken() && !self.was_broken {
            self.was_broken = true;
            log::error!("a network card broke the virtio protocol and is used no more");
        }
        count
    }

    fn is_pending(&mut self) -> bool {
        self.queue.is_pending()
    }

    fn set_interrupts(&mut self, wanted: Interrupts) -> bool {
        match wanted {
            Interrupts::Enabled => self.queue.enable_interrupts(),
            Interrupts::Disabled => {
                self.queue.disable_interrupts();
                self.queue.is_pending()
            }
        }
    }
}

impl device::Transmitter for Transmitter {
    fn room(&mut self) -> usize {
        self.0.room()
    }

    fn is_sending(&self) -> bool {
        self.0.is_sending()
    }

    fn transmit(
        &mut self,
        length: usize,
        offload: device::Offload,
        fill: &mut dyn FnMut(&mut [u8]),
    ) -> Result<(), Full> {
        let offload = virtio::net::Offload {
            checksum: offload.checksum.map(|partial| (partial.start, partial.offset)),
            segment: offload.segment.map(|segment| virtio::net::Segment {
                is_ipv6: segment.is_ipv6,
                header_length: segment.header_length,
                payload_size: segment.payload_size,
            }),
        };
        self.0.transmit(length, offload, fill).map_err(|virtio::net::Full| Full)
    }

    fn publish(&mut self) -> bool {
        self.0.publish()
    }

    fn is_ringing_missed(&mut self) -> bool {
        self.0.is_ringing_missed()
    }
}

impl device::Bell for Bell {
    fn ring(&self) {
        self.0.notify(TRANSMIT_QUEUE);
    }
}
