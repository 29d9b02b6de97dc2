//! One processor: its per-CPU area, its registers, its features.

use alloc::boxed::Box;
use core::arch::asm;
use core::arch::x86_64::{__cpuid_count, _rdtsc};
use core::cell::UnsafeCell;
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU64, Ordering};

use super::table::{self, Tables};

/// How many processors the kernel can use.
pub(crate) const MAX_CPUS: usize = 64;

const MSR_STAR: u32 = 0xc000_0081;
const MSR_LSTAR: u32 = 0xc000_0082;
const MSR_FMASK: u32 = 0xc000_0084;
const MSR_FS_BASE: u32 = 0xc000_0100;
const MSR_GS_BASE: u32 = 0xc000_0101;
/// RFLAGS bits that `syscall` clears: TF, IF, DF, NT, AC.
const SYSCALL_MASK: u64 = 0x4_4700;

/// What the way back to the application has to see to, besides restoring all registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Attention {
    /// Another thread's turn, and signals.
    Threads = 1,
    /// Devices and timers as well.
    Work = 3,
}

/// The per-CPU area that GS base points to. trap.S knows the offsets of the first six fields.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Cpu {
    this: *const Self,
    kernel_stack_top: u64,
    kernel_stack_bottom: u64,
    scratch: u64,
    /// What the last page fault was about that was not a kernel stack's growth.
    fault_address: AtomicU64,
    /// Set by whatever wants the application interrupted for: see [`Cpu::take_attention`].
    attention: AtomicU8,
    /// The processor's number, from 0.
    pub(crate) id: usize,
    /// The thread that runs, null before the first; its type is the kernel's.
    thread: AtomicPtr<()>,
    /// The local APIC timer's next shot, in nanoseconds since the start; `u64::MAX` if none.
    pub(crate) timer_deadline: AtomicU64,
    /// While set, a fault in an access to the application's memory is not resolved.
    pub(crate) is_access_atomic: AtomicBool,
    pub(super) tables: Tables,
}

const _: () = assert!(
    offset_of!(Cpu, kernel_stack_top) == 8
        && offset_of!(Cpu, kernel_stack_bottom) == 16
        && offset_of!(Cpu, scratch) == 24
        && offset_of!(Cpu, fault_address) == 32
        && offset_of!(Cpu, attention) == 40
);

/// Where in its area a processor's number is, in bytes.
pub(crate) const ID_OFFSET: usize = offset_of!(Cpu, id);

struct BootCpu(UnsafeCell<Cpu>);

// SAFETY: the boot processor alone touches it until `start` has made a shared reference of it.
unsafe impl Sync for BootCpu {}

/// The area of the first processor, which is needed before there is a heap.
static BOOT_CPU: BootCpu = BootCpu(UnsafeCell::new(Cpu::new(0)));

impl Cpu {
    const fn new(id: usize) -> Self {
        Self {
            this: ptr::null(),
            kernel_stack_top: 0,
            kernel_stack_bottom: 0,
            scratch: 0,
            fault_address: AtomicU64::new(0),
            attention: AtomicU8::new(0),
            id,
            thread: AtomicPtr::new(ptr::null_mut()),
            timer_deadline: AtomicU64::new(u64::MAX),
            is_access_atomic: AtomicBool::new(false),
            tables: Tables::new(),
        }
    }

    /// Returns the area of the processor this runs on, until the thread is switched from.
    #[inline]
    pub(crate) fn current() -> &'static Self {
        let this: *const Self;
        // SAFETY: GS base points to a Cpu, whose first field is its own address, since `start`.
        unsafe {
            asm!("mov {}, gs:[0]", out(reg) this, options(nostack, preserves_flags, pure, readonly));
        };
        // SAFETY: the areas are static; all fields used through this reference are atomics or
        // constant after start.
        unsafe { &*this }
    }

    /// Returns the thread that runs here, null before the first.
    #[inline]
    pub(crate) fn thread(&self) -> *mut () {
        self.thread.load(Ordering::Relaxed)
    }

    /// Says which thread runs here from now on.
    pub(crate) fn set_thread(&self, thread: *mut ()) {
        self.thread.store(thread, Ordering::Relaxed);
    }

    /// Asks that the way back to the application see to something first. A processor that is in the
    /// application already does not hear of it.
    pub(crate) fn call_attention(&self, to: Attention) {
        self.attention.fetch_or(to as u8, Ordering::Release);
    }

    /// Returns what attention was called to since the last time this was asked.
    #[inline]
    pub(crate) fn take_attention(&self) -> Option<Attention> {
        if self.attention.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let called = self.attention.swap(0, Ordering::Acquire);
        Some(if called == Attention::Threads as u8 { Attention::Threads } else { Attention::Work })
    }
}

/// Gives the first processor its per-CPU area, tables and system call entry.
pub(crate) fn start_first(stack_bottom: u64, stack_top: u64) {
    start(BOOT_CPU.0.get(), stack_bottom, stack_top);
}

/// Makes the area of processor `id`, which is never given back.
pub(super) fn new_area(id: usize) -> *mut Cpu {
    Box::into_raw(Box::new(Cpu::new(id)))
}

/// As [`start_first`] for another processor, in an area for it that [`new_area`] made.
pub(super) fn start(area: *mut Cpu, stack_bottom: u64, stack_top: u64) {
    // SAFETY: the area is this processor's, and nothing else refers to it yet.
    let cpu = unsafe { &mut *area };
    cpu.this = area;
    cpu.kernel_stack_top = stack_top;
    cpu.kernel_stack_bottom = stack_bottom;
    write_msr(MSR_GS_BASE, area as u64);
    table::load(cpu);
    unsafe extern "C" {
        fn syscall_entry();
    }
    write_msr(MSR_STAR, 0x08 << 32);
    write_msr(MSR_LSTAR, syscall_entry as *const () as u64);
    write_msr(MSR_FMASK, SYSCALL_MASK);
    enable_extended_state();
}

/// Says which kernel stack entries from the application use from now on.
pub(crate) fn set_kernel_stack(bottom: u64, top: u64) {
    // SAFETY: the two fields at these offsets of this processor's area are written here only.
    unsafe {
        asm!("mov gs:[8], {}", "mov gs:[16], {}", in(reg) top, in(reg) bottom,
            options(nostack, preserves_flags));
    }
}

/// Writes a model-specific register.
pub(crate) fn write_msr(register: u32, value: u64) {
    let (high, low) = ((value >> 32), value & u64::from(u32::MAX));
    // SAFETY: callers write registers whose effect they own: bases, entry points, APIC.
    unsafe {
        asm!("wrmsr", in("ecx") register, in("rax") low, in("rdx") high,
            options(nostack, preserves_flags));
    }
}

/// Reads a model-specific register.
pub(crate) fn read_msr(register: u32) -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: reading a register that exists has no effect on memory.
    unsafe {
        asm!("rdmsr", in("ecx") register, out("eax") low, out("edx") high,
            options(nomem, nostack, preserves_flags));
    }
    u64::from(high) << 32 | u64::from(low)
}

/// Returns the application's FS base, its thread pointer.
pub(crate) fn fs_base() -> u64 {
    read_msr(MSR_FS_BASE)
}

/// Sets the application's FS base.
pub(crate) fn set_fs_base(base: u64) {
    write_msr(MSR_FS_BASE, base);
}

/// Returns the time stamp counter.
#[inline]
pub(crate) fn time_stamp() -> u64 {
    // SAFETY: rdtsc exists on every x86-64.
    unsafe { _rdtsc() }
}

/// Waits for an interrupt with interrupts on, and returns with interrupts off.
pub(crate) fn wait_for_interrupt() {
    // SAFETY: `sti` takes effect after `hlt`, so an interrupt that is pending ends the halt;
    // handlers take no lock.
    unsafe { asm!("sti", "hlt", "cli", options(nostack)) };
}

/// Stops this processor for ever.
pub(crate) fn halt() -> ! {
    loop {
        // SAFETY: halting with interrupts off touches nothing.
        unsafe { asm!("cli", "hlt", options(nostack, nomem)) };
    }
}

/// Returns the address that the last page fault here was about.
pub(crate) fn fault_address() -> u64 {
    Cpu::current().fault_address.load(Ordering::Relaxed)
}

/// Returns 64 bits from the processor's generator, `None` where it has none or it fails.
pub(crate) fn random() -> Option<u64> {
    let features = cpuid(1, 0);
    if features.ecx & 1 << 30 == 0 {
        return None;
    }
    (0..10).find_map(|_| {
        let (value, ok): (u64, u8);
        // SAFETY: CPUID says that rdrand exists.
        unsafe {
            asm!("rdrand {}", "setc {}", out(reg) value, out(reg_byte) ok, options(nomem, nostack));
        };
        (ok != 0).then_some(value)
    })
}

/// CPUID's four registers.
pub(crate) type Cpuid = core::arch::x86_64::CpuidResult;

/// Executes CPUID.
pub(crate) fn cpuid(leaf: u32, subleaf: u32) -> Cpuid {
    __cpuid_count(leaf, subleaf)
}

/// Returns HWCAP as Linux gives it in the auxiliary vector: CPUID.1:EDX.
pub(crate) fn hwcap() -> u64 {
    u64::from(cpuid(1, 0).edx)
}

fn enable_extended_state() {
    if cpuid(1, 0).ecx & 1 << 26 == 0 {
        return;
    }
    let supported = cpuid(0xd, 0).eax & 0xe7;
    // SAFETY: CPUID says that XSAVE exists, and the mask is within what it supports: x87, SSE,
    // AVX, AVX-512.
    unsafe {
        asm!(
            "mov {scratch}, cr4", "bts {scratch}, 18", "mov cr4, {scratch}", "xsetbv",
            scratch = out(reg) _, in("ecx") 0, in("eax") supported, in("edx") 0,
            options(nostack)
        );
    }
}
