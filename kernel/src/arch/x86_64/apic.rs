//! Interrupt controllers: the local APIC with its timer, and the I/O APIC.
//!
//! Both are reached through the direct map, where paging.rs maps the device area uncached.

use core::ptr;

use super::paging::direct;
use super::port;

const LOCAL: u64 = 0xfee0_0000;
const IO: u64 = 0xfec0_0000;

const LOCAL_ID: u64 = 0x20;
const LOCAL_EOI: u64 = 0xb0;
const LOCAL_SPURIOUS: u64 = 0xf0;
const LOCAL_COMMAND: u64 = 0x300;
const LOCAL_COMMAND_TARGET: u64 = 0x310;
const LOCAL_TIMER: u64 = 0x320;
const LOCAL_TIMER_INITIAL: u64 = 0x380;
const LOCAL_TIMER_CURRENT: u64 = 0x390;
const LOCAL_TIMER_DIVIDE: u64 = 0x3e0;
const MASKED: u32 = 1 << 16;
const ENABLED: u32 = 1 << 8;
const DIVIDE_BY_1: u32 = 0xb;

/// Delivery modes and flags of interrupts between processors (Intel SDM vol. 3 §11.6.1).
const MODE_NMI: u32 = 4 << 8;
const MODE_INIT: u32 = 5 << 8;
const MODE_STARTUP: u32 = 6 << 8;
const PENDING: u32 = 1 << 12;
const ASSERT: u32 = 1 << 14;
const ALL_OTHERS: u32 = 3 << 18;

/// The vector of the local timer.
pub(crate) const TIMER_VECTOR: u8 = 0x20;
/// The vector of spurious interrupts, which need no end-of-interrupt.
pub(crate) const SPURIOUS_VECTOR: u8 = 0xff;

fn local_read(register: u64) -> u32 {
    // SAFETY: the local APIC's page is mapped, uncached, for the kernel's whole life.
    unsafe { ptr::read_volatile((direct(LOCAL) + register) as *const u32) }
}

fn local_write(register: u64, value: u32) {
    // SAFETY: as in local_read; the registers written here do not touch memory.
    unsafe { ptr::write_volatile((direct(LOCAL) + register) as *mut u32, value) };
}

/// Switches the legacy controller off, which all processors share.
pub(crate) fn stop_legacy() {
    port::write_u8(0x21, 0xff);
    port::write_u8(0xa1, 0xff);
}

/// Switches this processor's local APIC on, its timer masked.
pub(crate) fn start() {
    local_write(LOCAL_SPURIOUS, ENABLED | u32::from(SPURIOUS_VECTOR));
    local_write(LOCAL_TIMER_DIVIDE, DIVIDE_BY_1);
    local_write(LOCAL_TIMER, MASKED | u32::from(TIMER_VECTOR));
}

/// Returns this processor's local APIC id.
pub(crate) fn id() -> u8 {
    (local_read(LOCAL_ID) >> 24) as u8
}

fn command(target: u8, command: u32) {
    while local_read(LOCAL_COMMAND) & PENDING != 0 {
        core::hint::spin_loop();
    }
    local_write(LOCAL_COMMAND_TARGET, u32::from(target) << 24);
    local_write(LOCAL_COMMAND, command | ASSERT);
}

/// Interrupts the processor with this APIC id.
pub(crate) fn send(target: u8, vector: u8) {
    command(target, u32::from(vector));
}

/// Resets the processor with this APIC id, which then waits for [`send_startup`].
pub(crate) fn send_init(target: u8) {
    command(target, MODE_INIT);
}

/// Lets a processor that was reset begin in real mode, at the start of this page below 1 MiB.
pub(crate) fn send_startup(target: u8, page: u8) {
    command(target, MODE_STARTUP | u32::from(page));
}

/// Interrupts all other processors wherever they are.
pub(crate) fn send_nmi_to_others() {
    command(0, MODE_NMI | ALL_OTHERS);
}

/// Ends the interrupt being served.
pub(crate) fn end_of_interrupt() {
    local_write(LOCAL_EOI, 0);
}

/// Starts the timer for one shot after `ticks` (at least 1) of its clock.
pub(crate) fn timer_arm(ticks: u32) {
    local_write(LOCAL_TIMER, u32::from(TIMER_VECTOR));
    local_write(LOCAL_TIMER_INITIAL, ticks.max(1));
}

/// Starts the timer counting down from its largest value without interrupting.
pub(crate) fn timer_count() {
    local_write(LOCAL_TIMER, MASKED | u32::from(TIMER_VECTOR));
    local_write(LOCAL_TIMER_INITIAL, u32::MAX);
}

/// Returns the ticks left of the timer's count.
pub(crate) fn timer_left() -> u32 {
    local_read(LOCAL_TIMER_CURRENT)
}

/// How a line of the I/O APIC signals.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trigger {
    /// Edge, active high: ISA lines.
    Edge,
    /// Level, active low: PCI lines.
    Level,
}

fn io_write(register: u32, value: u32) {
    // SAFETY: the I/O APIC's page is mapped, uncached.
    unsafe { ptr::write_volatile(direct(IO) as *mut u32, register) };
    // SAFETY: as above.
    unsafe { ptr::write_volatile((direct(IO) + 0x10) as *mut u32, value) };
}

/// Delivers a line (global system interrupt 0 to 23) to this processor as `vector`.
pub(crate) fn route(line: u8, vector: u8, trigger: Trigger) {
    let level = if trigger == Trigger::Level { 1 << 15 | 1 << 13 } else { 0 };
    let register = 0x10 + 2 * u32::from(line);
    io_write(register + 1, u32::from(id()) << 24);
    io_write(register, u32::from(vector) | level);
}

/// Returns the address and the data of a message-signalled interrupt that arrives at the processor
/// with this APIC id as `vector`.
pub(crate) fn message(target: u8, vector: u8) -> (u64, u32) {
    (LOCAL | u64::from(target) << 12, u32::from(vector))
}
