//! The power button and the way to switch the machine off: ACPI's fixed hardware, ACPI 6.5 §4.8.
//!
//! Whoever presses the button (`system_powerdown` in QEMU's monitor) sends the program SIGTERM.
//! Machines without fixed hardware, such as microvm, have neither.

use core::sync::atomic::{AtomicBool, AtomicU16, Ordering};

use crate::arch::apic::Trigger;
use crate::arch::{irq, port};
use crate::boot::acpi;
use crate::boot::pvh::{u16_at, u32_at};
use crate::process::signal;

/// Flags of the FADT (§5.2.9): the button is not fixed hardware, nothing is.
const POWER_BUTTON_IS_DEVICE: u32 = 1 << 4;
const HARDWARE_REDUCED: u32 = 1 << 20;
/// The button's bit in the registers of status and of what is enabled (§4.8.3.1).
const BUTTON: u16 = 1 << 8;
/// Bits of the control register (§4.8.3.2): events interrupt; go to sleep, in the way of bits 10-12.
const EVENTS_INTERRUPT: u16 = 1;
const SLEEP: u16 = 1 << 13;
const SLEEP_WAY_SHIFT: u32 = 10;
/// How often the control register is read while firmware hands the hardware over.
const PATIENCE: usize = 10_000;

/// Set by the interrupt: the button was pressed.
static IS_PRESSED: AtomicBool = AtomicBool::new(false);
/// The port of the control register; 0 for none.
static CONTROL: AtomicU16 = AtomicU16::new(0);
/// What is written there to switch the machine off.
static OFF: AtomicU16 = AtomicU16::new(0);

/// Ports and numbers of the fixed hardware, as the FADT says.
struct Fixed {
    interrupt: u8,
    /// Where to tell the firmware, and what, that the hardware is the kernel's; port 0 for nowhere.
    firmware: (u16, u8),
    status: u16,
    enable: u16,
    control: u16,
    has_button: bool,
}

impl Fixed {
    fn read(table: &[u8]) -> Option<Self> {
        let flags = u32_at(table, 112)?;
        let port = |offset| u16::try_from(u32_at(table, offset)?).ok();
        let (status, control) = (port(56)?, port(64)?);
        if flags & HARDWARE_REDUCED != 0 || status == 0 || control == 0 {
            return None;
        }
        let half = u16::from(*table.get(88)?) / 2;
        Some(Self {
            interrupt: u8::try_from(u16_at(table, 46)?).ok()?,
            firmware: (port(48)?, *table.get(52)?),
            status,
            enable: status.checked_add(half)?,
            control,
            has_button: flags & POWER_BUTTON_IS_DEVICE == 0,
        })
    }

    /// Takes the hardware over from the firmware; returns whether it is the kernel's now.
    fn take_over(&self) -> bool {
        let is_ours = || port::read_u16(self.control) & EVENTS_INTERRUPT != 0;
        let (firmware, word) = self.firmware;
        if !is_ours() && firmware != 0 {
            port::write_u8(firmware, word);
        }
        (0..PATIENCE).any(|_| is_ours())
    }
}

/// Makes the button and the switch work, if there are any. `rsdp` is the physical address of
/// ACPI's root pointer, 0 if there is none.
pub(crate) fn start(rsdp: u64) {
    let Some(table) = acpi::table(rsdp, b"FACP") else { return };
    let Some(fixed) = Fixed::read(table).filter(Fixed::take_over) else { return };
    let description = u32_at(table, 40).and_then(|at| acpi::table_at(at.into(), b"DSDT"));
    if let Some(way) = description.and_then(way_off) {
        OFF.store(way << SLEEP_WAY_SHIFT | SLEEP | EVENTS_INTERRUPT, Ordering::Relaxed);
        CONTROL.store(fixed.control, Ordering::Relaxed);
    }
    if !fixed.has_button {
        return;
    }
    let status = fixed.status;
    port::write_u16(status, BUTTON);
    let is_registered = irq::register_line(fixed.interrupt, Trigger::Edge, move || {
        if port::read_u16(status) & BUTTON != 0 {
            port::write_u16(status, BUTTON);
            IS_PRESSED.store(true, Ordering::Relaxed);
        }
    });
    if is_registered {
        port::write_u16(fixed.enable, BUTTON);
    }
}

/// Returns the way to sleep from which nothing wakes, as the package `_S5` says (§7.4.2): the first
/// of its numbers. The table is bytecode, in which the package is looked for by its name.
fn way_off(table: &[u8]) -> Option<u16> {
    /// `NameOp`, the name and `PackageOp` (§20.2).
    const HEAD: &[u8] = b"\x08_S5_\x12";
    const BYTE_PREFIX: u8 = 0x0a;
    let at = table.windows(HEAD.len()).position(|window| window == HEAD)? + HEAD.len();
    // The two upper bits of a package's length say by how many bytes it is longer than one.
    let length = usize::from(*table.get(at)? >> 6) + 1;
    let first = table.get(at + length + 1..)?;
    let ([BYTE_PREFIX, way, ..] | [way @ (0 | 1), ..]) = *first else { return None };
    (way < 8).then_some(way.into())
}

/// Asks the program to end if the button was pressed.
pub(crate) fn serve() {
    if IS_PRESSED.swap(false, Ordering::Relaxed) {
        log::info!("the power button was pressed");
        signal::terminate();
    }
}

/// Switches the machine off; returns if it cannot.
pub(crate) fn switch_off() {
    let control = CONTROL.load(Ordering::Relaxed);
    if control != 0 {
        port::write_u16(control, OFF.load(Ordering::Relaxed));
    }
}
