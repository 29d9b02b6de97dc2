//! Virtio network cards, as the network stack wants them.

use alloc::boxed::Box;
use alloc::vec;
use core::time::Duration;

use mm::PAGE_SIZE;
use net::device::{
    self, Capabilities, Device, ETHERNET_HEADER, Frame, Full, Interrupts, Mac, QueuePair,
};
use virtio::net::{
    CSUM, CTRL_VQ, EVENT_IDX, GUEST_CSUM, HEADER_BYTES, HOST_TSO4, HOST_TSO6, MAC, MQ, MRG_RXBUF,
    MTU, STATUS, control_queue, receive_queue, transmit_queue,
};
use virtio::{Notify, Slots};
use virtio_drivers::transport::Transport;

use super::dma::Dma;
use super::rng;
use super::virtio::{self as device_setup, Bus, Doorbell, Error};
use crate::arch::{clock, smp};
use crate::memory::FRAMES;

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
/// The part of all memory that the queues of a card may take before processors share them.
const SHARE: u64 = 16;
/// About as many bytes a pair of queues takes: of the usual buffers to receive, and of both kinds to
/// send.
const PAIR_BYTES: u64 = 3 << 20;
/// More pairs of queues than a card may have (`VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MAX`).
const MOST_PAIRS: u16 = 0x7fff;
/// Descriptors of the control queue: for one command and its answer.
const CONTROL_QUEUE: u16 = 2;
/// Bytes for them.
const CONTROL_BYTES: usize = 64;
/// How long a card may take to answer a command.
const PATIENCE: Duration = Duration::from_secs(1);
/// A buffer for each frame of the usual size with its header, two to a page.
const LEAST_SLOT: usize = 2048;

/// Offsets in the device's configuration (virtio 1.3 §5.1.4).
const CONFIG_MAC: usize = 0;
const CONFIG_PAIRS: usize = 8;
const CONFIG_MTU: usize = 10;

/// A receiving half of a card.
struct Receiver {
    queue: virtio::Receiver<Dma, Doorbell>,
    was_broken: bool,
}

/// A sending half of a card.
struct Transmitter(virtio::Transmitter<Dma, Doorbell>);

/// The bell of a sending half.
struct Bell(Doorbell);

/// Sets a network card up and going, without interrupts: with a pair of queues for each processor,
/// if the card, its bus and memory allow.
///
/// # Errors
///
/// [`Error`] when the card cannot be used.
pub(super) fn open(mut bus: impl Bus) -> Result<Device, Error> {
    let offloads = CSUM | GUEST_CSUM | HOST_TSO4 | HOST_TSO6;
    let wanted = MAC | STATUS | MTU | MRG_RXBUF | EVENT_IDX | CTRL_VQ | MQ | offloads;
    let features = device_setup::negotiate(&mut bus, wanted)?;
    let capabilities = capabilities(&mut bus, features);
    let offered = offered_pairs(&mut bus, features);
    let mut pairs = vec![halves(&mut bus, 0, features, &capabilities)?];
    for number in 1..offered.min(affordable_pairs()) {
        match halves(&mut bus, number, features, &capabilities) {
            // What interrupts nobody would have to be polled.
            Ok(pair) if pair.has_interrupt => pairs.push(pair),
            Ok(_) | Err(_) => break,
        }
    }
    let control = if pairs.len() > 1 { control(&mut bus, offered, features) } else { None };
    device_setup::start(&mut bus);
    let uses_all = control.is_some_and(|mut control| control.set_pairs(pairs.len()));
    if pairs.len() > 1 && !uses_all {
        log::warn!("a network card uses one pair of its queues only");
        pairs.truncate(1);
    }
    device_setup::keep(bus);
    Ok(Device { capabilities, pairs: pairs.into_iter().map(Halves::go).collect() })
}

/// Returns how many pairs of queues the card has.
fn offered_pairs(bus: &mut impl Bus, features: u64) -> u16 {
    if features & MQ == 0 || features & CTRL_VQ == 0 {
        return 1;
    }
    let transport = bus.transport();
    transport.read_config_space(CONFIG_PAIRS).unwrap_or(1).clamp(1, MOST_PAIRS)
}

/// Returns how many pairs of queues the machine has processors and memory for.
fn affordable_pairs() -> u16 {
    let memory = FRAMES.statistics().total * PAGE_SIZE / SHARE;
    u16::try_from((memory / PAIR_BYTES).min(smp::count() as u64)).unwrap_or(1)
}

/// A pair of queues before the card is live.
struct Halves {
    receiver: virtio::Receiver<Dma, Doorbell>,
    transmitter: virtio::Transmitter<Dma, Doorbell>,
    bell: Doorbell,
    has_interrupt: bool,
}

impl Halves {
    /// Gives the card buffers to receive to.
    fn go(mut self) -> QueuePair {
        self.receiver.disable_interrupts();
        self.receiver.start();
        QueuePair {
            receiver: Box::new(Receiver { queue: self.receiver, was_broken: false }),
            transmitter: Box::new(Transmitter(self.transmitter)),
            bell: Box::new(Bell(self.bell)),
        }
    }
}

/// Sets up the queues of a pair, which interrupt the processor of the same number.
fn halves(
    bus: &mut impl Bus,
    pair: u16,
    features: u64,
    capabilities: &Capabilities,
) -> Result<Halves, Error> {
    let has_interrupt = bus.connect(receive_queue(pair), pair.into());
    if !has_interrupt && pair == 0 {
        log::warn!("no interrupt for a network card");
    }
    let receiver = receiver(bus, receive_queue(pair), features, capabilities)?;
    let transmitter = transmitter(bus, transmit_queue(pair), features, capabilities)?;
    let bell = bus.doorbell(transmit_queue(pair));
    Ok(Halves { receiver, transmitter, bell, has_interrupt })
}

/// The control queue.
struct Control {
    queue: virtio::Queue<Dma>,
    buffer: Slots<Dma>,
    bell: Doorbell,
}

/// Sets up the control queue of a card with so many pairs of queues.
fn control(bus: &mut impl Bus, pairs: u16, features: u64) -> Option<Control> {
    let number = control_queue(pairs);
    let mut queue = device_setup::set_up_queue(bus, number, CONTROL_QUEUE, features).ok()?;
    queue.disable_interrupts();
    let buffer = slots(1, CONTROL_BYTES).ok()?;
    Some(Control { queue, buffer, bell: bus.doorbell(number) })
}

impl Control {
    /// Has the card use so many pairs of queues; returns whether it does.
    fn set_pairs(&mut self, pairs: usize) -> bool {
        let until = clock::now() + PATIENCE;
        let is_patient = || clock::now() < until;
        u16::try_from(pairs).is_ok_and(|pairs| {
            virtio::net::set_pairs(&mut self.queue, &mut self.buffer, &self.bell, pairs, is_patient)
        })
    }
}

fn receiver(
    bus: &mut impl Bus,
    number: u16,
    features: u64,
    capabilities: &Capabilities,
) -> Result<virtio::Receiver<Dma, Doorbell>, Error> {
    let queue = device_setup::set_up_queue(bus, number, QUEUE, features)?;
    let longest = capabilities.mtu + ETHERNET_HEADER;
    let is_merged = features & MRG_RXBUF != 0;
    let slot = if is_merged { LEAST_SLOT } else { slot_for(longest) };
    let slots = slots(queue.size(), slot)?;
    let bell = bus.doorbell(number);
    virtio::Receiver::new(queue, slots, longest, is_merged, bell).map_err(|_| Error::NoMemory)
}

fn transmitter(
    bus: &mut impl Bus,
    number: u16,
    features: u64,
    capabilities: &Capabilities,
) -> Result<virtio::Transmitter<Dma, Doorbell>, Error> {
    let queue = device_setup::set_up_queue(bus, number, QUEUE, features)?;
    let does_segment = capabilities.segment_v4.max(capabilities.segment_v6) > 0;
    let large_count = if does_segment { LARGE.min(queue.size() / 2) } else { 0 };
    let small = slots(queue.size() - large_count, slot_for(capabilities.mtu + ETHERNET_HEADER))?;
    let large = match large_count {
        0 => None,
        count => Some(slots(count, slot_for(LONGEST_PACKET + ETHERNET_HEADER))?),
    };
    let bell = bus.doorbell(number);
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
        self.0.notify();
    }
}
