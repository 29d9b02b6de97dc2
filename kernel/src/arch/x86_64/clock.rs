//! The clock: the time stamp counter, calibrated once, and the one-shot timer.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use abi::time::Instant;

use super::apic;
use super::cpu::{self, Cpu};
use super::port;

/// Nanoseconds = ticks * MULTIPLIER >> SHIFT.
const SHIFT: u32 = 32;
const CALIBRATION_NANOS: u32 = 4_000_000;
/// The local APIC timer's rate where the hypervisor emulates it: QEMU and KVM count nanoseconds.
const HYPERVISOR_TIMER_HZ: u64 = 1_000_000_000;
const PIT_HZ: u64 = 1_193_182;

static ORIGIN: AtomicU64 = AtomicU64::new(0);
static MULTIPLIER: AtomicU64 = AtomicU64::new(0);
/// Timer ticks a second.
static TIMER_HZ: AtomicU64 = AtomicU64::new(HYPERVISOR_TIMER_HZ);

/// A reading of the time stamp counter beside another counter, from the closest of a few tries.
fn sandwich(read: impl Fn() -> u32) -> (u64, u32) {
    let mut best = (u64::MAX, 0, 0);
    for _ in 0..8 {
        let before = cpu::time_stamp();
        let value = read();
        let after = cpu::time_stamp();
        if after - before < best.0 {
            best = (after - before, before + (after - before) / 2, value);
        }
    }
    (best.1, best.2)
}

fn is_virtual() -> bool {
    cpu::cpuid(1, 0).ecx & 1 << 31 != 0
}

/// Returns timer ticks a second, measured against the PIT's channel 2.
fn measure_timer() -> u64 {
    const COUNT: u16 = 11_932;
    port::write_u8(0x61, port::read_u8(0x61) & !0x02 | 0x01);
    port::write_u8(0x43, 0xb0);
    let [low, high] = COUNT.to_le_bytes();
    port::write_u8(0x42, low);
    port::write_u8(0x42, high);
    apic::timer_count();
    let start = apic::timer_left();
    let mut patience = 10_000_000_u32;
    while port::read_u8(0x61) & 0x20 == 0 && patience > 0 {
        patience -= 1;
    }
    let ticks = u64::from(start - apic::timer_left());
    (ticks * PIT_HZ / u64::from(COUNT)).max(1)
}

/// Calibrates the clock; `entry` is the time stamp at the kernel's first instruction, time zero.
pub(crate) fn calibrate(entry: u64) {
    if !is_virtual() {
        TIMER_HZ.store(measure_timer(), Ordering::Relaxed);
    }
    let hz = TIMER_HZ.load(Ordering::Relaxed);
    apic::timer_count();
    let (start_stamp, start_left) = sandwich(apic::timer_left);
    let wanted = u64::from(CALIBRATION_NANOS) * hz / 1_000_000_000;
    while u64::from(start_left - apic::timer_left()) < wanted {
        core::hint::spin_loop();
    }
    let (end_stamp, end_left) = sandwich(apic::timer_left);
    let nanos = u128::from(start_left - end_left) * 1_000_000_000 / u128::from(hz);
    let stamps = u128::from((end_stamp - start_stamp).max(1));
    MULTIPLIER
        .store(u64::try_from((nanos << SHIFT) / stamps).unwrap_or(u64::MAX), Ordering::Relaxed);
    ORIGIN.store(entry, Ordering::Relaxed);
}

/// How time stamps become nanoseconds: `(stamp - origin) * multiplier >> shift`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// The time stamp at time zero.
    pub(crate) origin: u64,
    /// The factor.
    pub(crate) multiplier: u64,
    /// The shift, in bits.
    pub(crate) shift: u32,
}

/// Returns the scale, for the vDSO's data page.
pub(crate) fn scale() -> Scale {
    Scale {
        origin: ORIGIN.load(Ordering::Relaxed),
        multiplier: MULTIPLIER.load(Ordering::Relaxed),
        shift: SHIFT,
    }
}

/// Returns the time since the kernel's first instruction.
#[inline]
pub(crate) fn now() -> Instant {
    let ticks = cpu::time_stamp().saturating_sub(ORIGIN.load(Ordering::Relaxed));
    let nanos = (u128::from(ticks) * u128::from(MULTIPLIER.load(Ordering::Relaxed))) >> SHIFT;
    #[expect(clippy::cast_possible_truncation, reason = "2^64 nanoseconds are 584 years")]
    Instant::from_nanos(nanos as u64)
}

/// Makes the timer of this processor interrupt at `deadline` unless it will before.
pub(crate) fn wake_at(deadline: Instant) {
    let cpu = Cpu::current();
    if deadline.as_nanos() >= cpu.timer_deadline.load(Ordering::Relaxed) {
        return;
    }
    arm(cpu, deadline);
}

fn arm(cpu: &Cpu, deadline: Instant) {
    /// Longer waits are made of several shots.
    const LONGEST: Duration = Duration::from_secs(1);
    let wait = deadline.since(now()).min(LONGEST);
    cpu.timer_deadline.store(deadline.as_nanos(), Ordering::Relaxed);
    let ticks = wait.as_nanos() * u128::from(TIMER_HZ.load(Ordering::Relaxed)) / 1_000_000_000;
    apic::timer_arm(u32::try_from(ticks).unwrap_or(u32::MAX));
}
