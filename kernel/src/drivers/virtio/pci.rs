//! Virtio devices on the PCI bus (virtio 1.3 §4.1), modern or transitional.

use core::mem;

use virtio_drivers::transport::DeviceType;
use virtio_drivers::transport::pci::bus::{DeviceFunction, DeviceFunctionInfo, PciRoot};
use virtio_drivers::transport::pci::{PciTransport, virtio_device_type};

use super::{Bus, Doorbell};
use crate::drivers::dma::Machine;
use crate::drivers::pci::{Capability, Function, MessageTable, Ports, Power};
use crate::drivers::registers::Registers;

/// Identifier of a vendor's capability, of which virtio has several.
const VENDOR: u8 = 9;
/// `VIRTIO_PCI_CAP_COMMON_CFG`.
const COMMON: u8 = 1;
/// `VIRTIO_PCI_CAP_NOTIFY_CFG`.
const NOTIFY: u8 = 2;
/// `VIRTIO_PCI_CAP_ISR_CFG`.
const ISR: u8 = 3;
/// Offsets in the common configuration (§4.1.4.3).
const CONFIG_MSIX_VECTOR: u64 = 16;
const QUEUE_SELECT: u64 = 22;
const QUEUE_MSIX_VECTOR: u64 = 26;
const QUEUE_NOTIFY_OFF: u64 = 30;
/// `VIRTIO_MSI_NO_VECTOR`.
const NO_VECTOR: u16 = 0xffff;

/// A virtio device on the PCI bus.
#[derive(Debug)]
pub(in crate::drivers) struct Pci {
    transport: PciTransport,
    function: Function,
    common: Registers,
    notify: Registers,
    /// Bytes between the door bells of queues.
    notify_multiplier: u32,
    interrupt_status: Registers,
    messages: Option<MessageTable>,
    /// All queues share the function's line, and one has it.
    has_line: bool,
}

/// Where a structure of the device is.
#[derive(Clone, Copy, Debug)]
struct Structure {
    kind: u8,
    capability: Capability,
    bar: u8,
    offset: u32,
    len: u32,
}

impl Structure {
    /// Reads a capability; `None` if it is not virtio's, or of a kind that virtio reserves.
    fn read(function: Function, capability: Capability) -> Option<Self> {
        if capability.id != VENDOR || capability.offset > 0xff - 16 {
            return None;
        }
        let [.., kind] = function.read(capability.offset).to_le_bytes();
        let [bar, ..] = function.read(capability.offset + 4).to_le_bytes();
        let offset = function.read(capability.offset + 8);
        let len = function.read(capability.offset + 12);
        Some(Self { kind, capability, bar, offset, len })
    }

    fn is_sane(&self) -> bool {
        self.bar <= 5 && self.offset.checked_add(self.len).is_some()
    }

    fn map(&self, function: Function) -> Option<Registers> {
        function.map(self.bar, self.offset.into(), self.len.into())
    }
}

/// Returns the type of the device, if it is a virtio device.
pub(in crate::drivers) fn device_type(info: &DeviceFunctionInfo) -> Option<DeviceType> {
    virtio_device_type(info)
}

impl Pci {
    /// Returns the virtio device that `at` is; `None` if it cannot be used.
    pub(in crate::drivers) fn probe(at: DeviceFunction) -> Option<Self> {
        let function = Function(at);
        function.switch(Power::Off);
        let capabilities = function.capabilities();
        let list = || capabilities.iter().filter_map(|&found| Structure::read(function, found));
        // virtio-drivers takes these numbers as they are, so the insane are refused here.
        if list().any(|found| (COMMON..=4).contains(&found.kind) && !found.is_sane()) {
            log::warn!("virtio device {at}: capabilities that make no sense");
            return None;
        }
        let find = |kind| list().find(|found| found.kind == kind);
        let (common, notify, isr) = (find(COMMON)?, find(NOTIFY)?, find(ISR)?);
        let notify_multiplier = function.read(notify.capability.offset + 16);
        let transport = PciTransport::new::<Machine, _>(&mut PciRoot::new(Ports), at)
            .inspect_err(|error| log::warn!("virtio device {at}: {error}"))
            .ok()?;
        let mapped = [common, notify, isr].map(|structure| structure.map(function));
        let messages = function.message_table();
        // Before anything else: dropping the transport waits for the device to answer.
        function.switch(Power::On);
        let [Some(common), Some(notify), Some(interrupt_status)] = mapped else { return None };
        if let Some(messages) = &messages {
            messages.enable();
        }
        Some(Self {
            transport,
            function,
            common,
            notify,
            notify_multiplier,
            interrupt_status,
            messages,
            has_line: false,
        })
    }

    /// Gives a queue the message `number`; returns whether the device took it (§4.1.5.1.2).
    fn set_vector(&self, queue: u16, number: u16) -> bool {
        self.common.write(CONFIG_MSIX_VECTOR, NO_VECTOR);
        self.common.write(QUEUE_SELECT, queue);
        self.common.write(QUEUE_MSIX_VECTOR, number);
        self.common.read::<u16>(QUEUE_MSIX_VECTOR) == number
    }
}

impl Bus for Pci {
    type Transport = PciTransport;

    fn transport(&mut self) -> &mut Self::Transport {
        &mut self.transport
    }

    fn connect(&mut self, queue: u16, processor: usize) -> bool {
        if let Some(messages) = &mut self.messages {
            let number = messages.connect(processor);
            return number.is_some_and(|number| self.set_vector(queue, number));
        }
        if mem::replace(&mut self.has_line, true) {
            return false;
        }
        let interrupt_status = self.interrupt_status;
        self.function.connect_line(move || {
            // Reading takes the interrupt back (§4.1.4.5).
            let _: u8 = interrupt_status.read(0);
        })
    }

    fn doorbell(&mut self, queue: u16) -> Doorbell {
        self.common.write(QUEUE_SELECT, queue);
        let index: u16 = self.common.read(QUEUE_NOTIFY_OFF);
        let offset = u64::from(index) * u64::from(self.notify_multiplier);
        Doorbell { queue, register: self.notify.part(offset, 4), is_wide: false }
    }
}
