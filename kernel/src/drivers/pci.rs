//! The PCI bus: configuration space by ports 0xcf8 and 0xcfc, and MSI-X.
//!
//! The firmware has assigned addresses (boot loaders that do not are not supported): what is left
//! is to find functions, switch them on and connect their interrupts.

use alloc::vec;
use alloc::vec::Vec;

use virtio_drivers::transport::pci::bus::{
    Command, ConfigurationAccess, DeviceFunction, DeviceFunctionInfo, HeaderType, PciRoot,
};

use super::registers::Registers;
use crate::arch::apic::Trigger;
use crate::arch::{apic, irq, port, smp};

/// Port of the configuration address.
const ADDRESS: u16 = 0xcf8;
/// Port of the configuration data.
const DATA: u16 = 0xcfc;
/// Configuration register of a bridge: primary, secondary and subordinate bus.
const BRIDGE_BUSES: u8 = 0x18;
/// Configuration register: interrupt line and pin.
const INTERRUPT: u8 = 0x3c;
/// Identifier of the MSI-X capability.
const MSIX: u8 = 0x11;
/// Bits of the MSI-X capability's first word: enable, mask all, number of vectors less one.
const MSIX_ENABLE: u32 = 1 << 31;
const MSIX_MASK_ALL: u32 = 1 << 30;
/// Bytes of an entry of the MSI-X table.
const MSIX_ENTRY: u64 = 16;
/// A list of capabilities has no more than fit into configuration space; a longer one is a loop.
const MOST_CAPABILITIES: usize = 48;

/// Configuration space as the ports reach it: one word after another, so not by two processors at
/// once. Devices are set up by the first processor alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports;

impl Ports {
    fn select(function: DeviceFunction, register: u8) {
        let place = u32::from(function.bus) << 16
            | u32::from(function.device) << 11
            | u32::from(function.function) << 8
            | u32::from(register & !3);
        port::write_u32(ADDRESS, 1 << 31 | place);
    }
}

#[expect(unsafe_code, reason = "the trait has an unsafe method")]
impl ConfigurationAccess for Ports {
    fn read_word(&self, device_function: DeviceFunction, register_offset: u8) -> u32 {
        Self::select(device_function, register_offset);
        port::read_u32(DATA)
    }

    fn write_word(&mut self, device_function: DeviceFunction, register_offset: u8, data: u32) {
        Self::select(device_function, register_offset);
        port::write_u32(DATA, data);
    }

    unsafe fn unsafe_clone(&self) -> Self {
        *self
    }
}

/// Returns every function on every bus; none on a machine without PCI.
pub(super) fn functions() -> Vec<(DeviceFunction, DeviceFunctionInfo)> {
    let host_bridge = DeviceFunction { bus: 0, device: 0, function: 0 };
    if Ports.read_word(host_bridge, 0) == u32::MAX {
        return Vec::new();
    }
    let root = PciRoot::new(Ports);
    let mut buses = vec![0];
    let mut functions = Vec::new();
    let mut next = 0;
    while let Some(&bus) = buses.get(next) {
        next += 1;
        for (function, info) in root.enumerate_bus(bus) {
            if info.header_type == HeaderType::PciPciBridge {
                let [_, secondary, ..] = Ports.read_word(function, BRIDGE_BUSES).to_le_bytes();
                if !buses.contains(&secondary) {
                    buses.push(secondary);
                }
            }
            functions.push((function, info));
        }
    }
    functions
}

/// A capability in configuration space.
#[derive(Clone, Copy, Debug)]
pub(super) struct Capability {
    /// What it is.
    pub(super) id: u8,
    /// Where it is.
    pub(super) offset: u8,
}

/// Whether a function answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Power {
    /// It does.
    On,
    /// It answers to configuration only.
    Off,
}

/// A function that is being set up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Function(pub(super) DeviceFunction);

impl Function {
    /// Lets the function be reached, and reach memory itself, or neither.
    ///
    /// Finding out the sizes of its base addresses changes them, and a hypervisor then rebuilds
    /// its picture of the address space, which takes a millisecond or more; not so while the
    /// function is off.
    pub(super) fn switch(self, to: Power) {
        let mut root = PciRoot::new(Ports);
        let (_, command) = root.get_status_command(self.0);
        let bits = Command::IO_SPACE | Command::MEMORY_SPACE | Command::BUS_MASTER;
        root.set_command(self.0, if to == Power::On { command | bits } else { command - bits });
    }

    /// Reads a word of the function's configuration space.
    pub(super) fn read(self, register: u8) -> u32 {
        Ports.read_word(self.0, register)
    }

    /// Returns the function's capabilities; none if their list is a loop.
    pub(super) fn capabilities(self) -> Vec<Capability> {
        let root = PciRoot::new(Ports);
        let list = root.capabilities(self.0).take(MOST_CAPABILITIES + 1);
        let list: Vec<_> =
            list.map(|found| Capability { id: found.id, offset: found.offset }).collect();
        if list.len() > MOST_CAPABILITIES { Vec::new() } else { list }
    }

    /// Maps `len` bytes from `offset` on of base address `index`; `None` where that is no memory,
    /// was given no address, or is smaller.
    pub(super) fn map(self, index: u8, offset: u64, len: u64) -> Option<Registers> {
        if index > 5 {
            return None;
        }
        let info = PciRoot::new(Ports).bar_info(self.0, index).ok()??;
        let (start, size) = info.memory_address_size()?;
        if start == 0 || offset.checked_add(len)? > size {
            return None;
        }
        #[expect(unsafe_code, reason = "vouches for the bus")]
        // SAFETY: the firmware gave this range of addresses to the function's registers.
        unsafe {
            Registers::map(start.checked_add(offset)?, len)
        }
    }

    /// Maps the function's MSI-X table; `None` if it has none.
    pub(super) fn message_table(self) -> Option<MessageTable> {
        let capability = self.capabilities().into_iter().find(|found| found.id == MSIX)?.offset;
        let count = u64::from(self.read(capability) >> 16 & 0x7ff) + 1;
        let place = self.read(capability.checked_add(4)?);
        let index = u8::try_from(place & 7).ok()?;
        let entries = self.map(index, u64::from(place & !7), count * MSIX_ENTRY)?;
        Some(MessageTable { function: self, capability, entries, used: 0 })
    }

    /// Calls `handler` for the function's line; false if it has none. The line is as the firmware
    /// routed it for the old controller, whose lines the I/O APIC has as well.
    pub(super) fn connect_line(self, handler: impl Fn() + Send + Sync + 'static) -> bool {
        let [line, pin, ..] = self.read(INTERRUPT).to_le_bytes();
        pin != 0 && line < 16 && irq::register_line(line, Trigger::Level, handler)
    }
}

/// A function's MSI-X table.
#[derive(Debug)]
pub(super) struct MessageTable {
    function: Function,
    capability: u8,
    entries: Registers,
    used: u16,
}

impl MessageTable {
    /// Switches MSI-X on, every message masked. The function must be switched on.
    pub(super) fn enable(&self) {
        for entry in 0..self.entries.len() / MSIX_ENTRY {
            self.entries.write(entry * MSIX_ENTRY + 12, 1u32);
        }
        let control = (self.function.read(self.capability) | MSIX_ENABLE) & !MSIX_MASK_ALL;
        Ports.write_word(self.function.0, self.capability, control);
    }

    /// Gives a message a vector of its own at a processor and returns its number in the table;
    /// `None` when there is no message or no vector left.
    pub(super) fn connect(&mut self, processor: usize) -> Option<u16> {
        let number = self.used;
        let entry = u64::from(number) * MSIX_ENTRY;
        if entry + MSIX_ENTRY > self.entries.len() {
            return None;
        }
        let vector = irq::register(|| ())?;
        let (address, data) = apic::message(smp::apic_id(processor), vector);
        self.used += 1;
        self.entries.write_halves(entry, address);
        self.entries.write(entry + 8, data);
        self.entries.write(entry + 12, 0u32);
        Some(number)
    }
}
