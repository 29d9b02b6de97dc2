//! Virtio devices whose registers are in memory (virtio 1.3 §4.2), named on the command line.

#![expect(unsafe_code, reason = "hands the registers' address to virtio-drivers")]

use core::mem;
use core::ptr::NonNull;

use virtio_drivers::transport::mmio::{MmioTransport, MmioVersion};

use super::{Bus, Doorbell};
use crate::arch::apic::Trigger;
use crate::arch::{irq, paging};
use crate::drivers::registers::Registers;
use crate::memory;

/// Offset of the register `QueueNotify`.
const QUEUE_NOTIFY: u64 = 0x50;
/// Offset of the register `InterruptStatus`.
const INTERRUPT_STATUS: u64 = 0x60;
/// Offset of the register `InterruptACK`.
const INTERRUPT_ACK: u64 = 0x64;
/// Where the device's own configuration begins.
const CONFIGURATION: u64 = 0x100;

/// A device named on the command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::drivers) struct Place {
    /// Bytes of registers.
    len: u64,
    /// Physical address of the registers.
    start: u64,
    /// Line of the I/O APIC.
    line: u8,
}

impl Place {
    /// Reads `SIZE@ADDRESS:LINE`, the value of a word `virtio_mmio.device=` as Linux has it
    /// (kernel-parameters.txt); numbers are decimal or, behind `0x`, hexadecimal, and SIZE may end
    /// in `K`, `M` or `G`.
    pub(in crate::drivers) fn parse(word: &[u8]) -> Option<Self> {
        let word = core::str::from_utf8(word).ok()?;
        let (len, rest) = word.split_once('@')?;
        // Linux takes a fourth part, an id, which means nothing here.
        let mut parts = rest.split(':');
        let start = number(parts.next()?)?;
        let line = u8::try_from(number(parts.next()?)?).ok()?;
        let len = size(len)?;
        let is_sane = len >= CONFIGURATION
            && start.is_multiple_of(8)
            && start.checked_add(len).is_some_and(|end| end <= 1 << 52);
        is_sane.then_some(Self { len, start, line })
    }
}

fn number(digits: &str) -> Option<u64> {
    match digits.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => digits.parse().ok(),
    }
}

fn size(digits: &str) -> Option<u64> {
    let (digits, shift) = match digits.as_bytes().last()? {
        b'K' | b'k' => (&digits[..digits.len() - 1], 10),
        b'M' | b'm' => (&digits[..digits.len() - 1], 20),
        b'G' | b'g' => (&digits[..digits.len() - 1], 30),
        _ => (digits, 0),
    };
    number(digits)?.checked_mul(1 << shift)
}

/// A virtio device with registers in memory.
#[derive(Debug)]
pub(in crate::drivers) struct Mmio {
    transport: MmioTransport<'static>,
    registers: Registers,
    line: u8,
    is_connected: bool,
}

impl Mmio {
    /// Returns the device at `place`; `None` if there is none, or none that can be used.
    pub(in crate::drivers) fn probe(place: Place) -> Option<Self> {
        let len = usize::try_from(place.len).ok()?;
        let base = paging::map_device(&memory::FRAMES, place.start, place.len)?;
        let header = NonNull::new(base as *mut _)?;
        // SAFETY: the machine's maker says on the command line that there are registers; they are
        // mapped for good.
        let transport = unsafe { MmioTransport::new(header, len) }.ok()?;
        if transport.version() == MmioVersion::Legacy {
            log::warn!(
                "virtio-mmio device at {:#x} is a legacy one; QEMU makes it a modern one with \
                 -global virtio-mmio.force-legacy=false",
                place.start
            );
            return None;
        }
        // SAFETY: as above; these are other registers than the transport uses.
        let registers = unsafe { Registers::map(place.start, place.len) }?;
        Some(Self { transport, registers, line: place.line, is_connected: false })
    }
}

impl Bus for Mmio {
    type Transport = MmioTransport<'static>;

    fn transport(&mut self) -> &mut Self::Transport {
        &mut self.transport
    }

    /// All queues share the device's line, which is the first processor's.
    fn connect(&mut self, _queue: u16, _processor: usize) -> bool {
        if mem::replace(&mut self.is_connected, true) {
            return false;
        }
        let registers = self.registers;
        irq::register_line(self.line, Trigger::Edge, move || {
            // Acknowledged before the queues are looked at: what comes later raises the line again.
            let status = registers.read::<u32>(INTERRUPT_STATUS);
            registers.write(INTERRUPT_ACK, status);
        })
    }

    fn doorbell(&mut self, queue: u16) -> Doorbell {
        Doorbell { queue, register: self.registers.part(QUEUE_NOTIFY, 4), is_wide: true }
    }
}
