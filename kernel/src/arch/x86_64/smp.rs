//! The other processors: starting them, and interrupting them.

use core::hint;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;

use super::cpu::{self, Cpu, MAX_CPUS};
use super::paging::{self, direct};
use super::{apic, clock};
use crate::boot::topology;
use crate::process::stack::KernelStack;
use crate::schedule;

/// The page below 1 MiB in which another processor begins; memory.rs keeps all of that free.
const TRAMPOLINE_PAGE: u8 = 8;
/// How long a processor may take to come up before it is asked once more, and given up after that.
const PATIENCE: Duration = Duration::from_millis(100);

/// Asks a processor to look for what is new: a thread to run, a signal.
pub(crate) const KICK_VECTOR: u8 = 0x21;
/// Asks a processor to serve [`memory::tlb`](crate::memory::tlb).
pub(crate) const SHOOTDOWN_VECTOR: u8 = 0x22;

/// How many processors run, the numbers of which are below.
static COUNT: AtomicUsize = AtomicUsize::new(1);
/// The APIC ids of the processors.
static APIC_IDS: [AtomicU8; MAX_CPUS] = [const { AtomicU8::new(0) }; MAX_CPUS];
/// The area of the processor that is being started.
static STARTING: AtomicPtr<Cpu> = AtomicPtr::new(ptr::null_mut());
/// Bottom of the stack of the processor that is being started.
static STACK_BOTTOM: AtomicU64 = AtomicU64::new(0);

unsafe extern "C" {
    static ap_trampoline: u8;
    static ap_trampoline_end: u8;
    static ap_root: AtomicU64;
    static ap_stack_top: AtomicU64;
}

/// Returns how many processors run; their numbers are those below.
#[inline]
pub(crate) fn count() -> usize {
    COUNT.load(Ordering::Relaxed)
}

/// Returns the APIC id of a processor that runs.
pub(crate) fn apic_id(cpu: usize) -> u8 {
    APIC_IDS.get(cpu).map_or(0, |id| id.load(Ordering::Relaxed))
}

/// Returns the mask of all processors but this one.
pub(crate) fn others() -> u64 {
    (u64::MAX >> (MAX_CPUS - count())) & !(1 << Cpu::current().id)
}

/// Interrupts another processor.
pub(crate) fn interrupt(cpu: usize, vector: u8) {
    if let Some(id) = APIC_IDS.get(cpu) {
        apic::send(id.load(Ordering::Relaxed), vector);
    }
}

/// Stops all other processors, wherever they are: the kernel has given up.
pub(crate) fn stop_others() {
    if others() != 0 {
        apic::send_nmi_to_others();
    }
}

/// Starts the other processors that the firmware's tables name. Those that do not come up are
/// left out, and said so.
pub(crate) fn start(rsdp: u64) {
    let own = apic::id();
    APIC_IDS[0].store(own, Ordering::Relaxed);
    let found = topology::processors(rsdp);
    let others = found.iter().copied().filter(|&id| id != own).take(MAX_CPUS - 1);
    if found.len() <= 1 {
        return;
    }
    copy_trampoline();
    for target in others {
        if !start_one(target) {
            // Late, it would run on the next one's stack.
            log::error!("the processor with APIC id {target} does not start");
            break;
        }
    }
    log::info!("{} processors", count());
}

fn copy_trampoline() {
    let (from, end) = (&raw const ap_trampoline, &raw const ap_trampoline_end);
    let length = end as usize - from as usize;
    let page = direct(u64::from(TRAMPOLINE_PAGE) << 12) as *mut u8;
    // SAFETY: the code lies in the kernel's image, and nothing else uses the page it is copied to;
    // the low end of the direct map is writable.
    unsafe { ptr::copy_nonoverlapping(low(from), page, length) };
}

/// Returns where in the direct map something of the boot code is, which is linked low.
fn low(boot: *const u8) -> *const u8 {
    direct(boot as u64) as *const u8
}

/// Starts one processor, and returns whether it runs.
fn start_one(target: u8) -> bool {
    let id = count();
    let Ok(stack) = KernelStack::whole() else { return false };
    let (bottom, top) = (stack.bottom(), stack.top());
    // It runs on this stack until the machine ends.
    let _stack = core::mem::ManuallyDrop::new(stack);
    // SAFETY: boot.S defines both as eight aligned bytes of data.
    let (root, stack_top) = unsafe { (&ap_root, &ap_stack_top) };
    root.store(paging::root().as_u64(), Ordering::Relaxed);
    stack_top.store(top, Ordering::Relaxed);
    STACK_BOTTOM.store(bottom, Ordering::Relaxed);
    APIC_IDS[id].store(target, Ordering::Relaxed);
    STARTING.store(cpu::new_area(id), Ordering::Release);
    apic::send_init(target);
    for _ in 0..2 {
        apic::send_startup(target, TRAMPOLINE_PAGE);
        let until = clock::now() + PATIENCE;
        while clock::now() < until {
            if count() > id {
                return true;
            }
            hint::spin_loop();
        }
    }
    false
}

/// First Rust code of another processor, called by boot.S on its stack.
#[unsafe(no_mangle)]
extern "C" fn ap_main() -> ! {
    let area = STARTING.swap(ptr::null_mut(), Ordering::Acquire);
    if area.is_null() {
        cpu::halt();
    }
    let bottom = STACK_BOTTOM.load(Ordering::Relaxed);
    // SAFETY: as in `start_one`.
    let top = unsafe { &ap_stack_top }.load(Ordering::Relaxed);
    cpu::start(area, bottom, top);
    apic::start();
    COUNT.fetch_add(1, Ordering::Release);
    schedule::run(bottom, top)
}
