//! A thread's processor state while another runs: kernel stack pointer, vector state, FS base.

use alloc::alloc::{alloc_zeroed, dealloc, handle_alloc_error};
use core::alloc::Layout;
use core::arch::asm;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::cpu;
use super::frame::TrapFrame;
use crate::arch::index;

unsafe extern "C" {
    fn context_switch(save: *mut u64, load: u64);
    fn thread_entry();
}

/// Bytes of an FXSAVE image, which is also the legacy part of an XSAVE image.
const FXSAVE_SIZE: u32 = 512;
const FCW_DEFAULT: u16 = 0x37f;
const MXCSR_DEFAULT: u32 = 0x1f80;

static XSAVE_SIZE: AtomicU32 = AtomicU32::new(FXSAVE_SIZE);
static HAS_XSAVE: AtomicBool = AtomicBool::new(false);

/// Finds out how this processor saves extended state. Called once, after `cpu::start`.
pub(crate) fn initialize() {
    if cpu::cpuid(1, 0).ecx & 1 << 26 != 0 {
        XSAVE_SIZE.store(cpu::cpuid(0xd, 0).ebx, Ordering::Relaxed);
        HAS_XSAVE.store(true, Ordering::Relaxed);
    }
}

/// Returns the bytes of an extended-state image, 512 without XSAVE.
pub(crate) fn extended_state_size() -> usize {
    XSAVE_SIZE.load(Ordering::Relaxed) as usize
}

/// Returns the features that an XSAVE image holds (XCR0), 3 (x87 and SSE) without XSAVE.
pub(crate) fn extended_state_features() -> u64 {
    if HAS_XSAVE.load(Ordering::Relaxed) { u64::from(cpu::cpuid(0xd, 0).eax & 0xe7) } else { 3 }
}

/// An image of x87, SSE and AVX state in the format of XSAVE, or FXSAVE where that is all there is.
#[derive(Debug)]
pub(crate) struct ExtendedState(NonNull<u8>);

// SAFETY: the image is plain memory owned by this value.
unsafe impl Send for ExtendedState {}
// SAFETY: as above; it is written through exclusive access only.
unsafe impl Sync for ExtendedState {}

impl ExtendedState {
    fn layout() -> Layout {
        let size = extended_state_size().next_multiple_of(64);
        Layout::from_size_align(size, 64).unwrap_or(Layout::new::<[u64; 64]>())
    }

    /// Returns the state a program starts with.
    pub(crate) fn new() -> Self {
        let layout = Self::layout();
        // SAFETY: the size is at least 512.
        let memory = unsafe { alloc_zeroed(layout) };
        let Some(image) = NonNull::new(memory) else { handle_alloc_error(layout) };
        let mut state = Self(image);
        state.as_bytes_mut()[..2].copy_from_slice(&FCW_DEFAULT.to_le_bytes());
        state.as_bytes_mut()[24..28].copy_from_slice(&MXCSR_DEFAULT.to_le_bytes());
        // XSTATE_BV: x87 and SSE are in the image.
        if HAS_XSAVE.load(Ordering::Relaxed) {
            state.as_bytes_mut()[512] = 3;
        }
        state
    }

    /// Returns the image.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        // SAFETY: the allocation has this size and lives as long as `self`.
        unsafe { core::slice::from_raw_parts(self.0.as_ptr(), extended_state_size()) }
    }

    /// Returns the image for change. What is not a valid image must not be restored.
    pub(crate) fn as_bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in as_bytes, and access is exclusive.
        unsafe { core::slice::from_raw_parts_mut(self.0.as_ptr(), extended_state_size()) }
    }

    /// Takes the processor's state into the image. The lower halves of the vector registers are
    /// the kernel's by now: the application's are in its [`TrapFrame`].
    pub(crate) fn save(&mut self) {
        let image = self.0.as_ptr();
        if HAS_XSAVE.load(Ordering::Relaxed) {
            // SAFETY: the image is large enough and aligned for XSAVE.
            unsafe {
                asm!("xsave64 [{}]", in(reg) image, in("eax") u32::MAX, in("edx") u32::MAX,
                    options(nostack, preserves_flags));
            }
        } else {
            // SAFETY: the image has 512 bytes, aligned to 64.
            unsafe { asm!("fxsave64 [{}]", in(reg) image, options(nostack, preserves_flags)) };
        }
    }

    /// Puts the image into the processor. The kernel's vector registers are lost, so this is only
    /// for code that keeps nothing in them: callers are compiled to treat them as clobbered.
    pub(crate) fn restore(&self) {
        let image = self.0.as_ptr();
        if HAS_XSAVE.load(Ordering::Relaxed) {
            // SAFETY: the image was made by `new` or `save`, or checked before it was written.
            unsafe {
                asm!("xrstor64 [{}]", in(reg) image, in("eax") u32::MAX, in("edx") u32::MAX,
                    clobber_abi("sysv64"), options(nostack));
            }
        } else {
            // SAFETY: as above.
            unsafe {
                asm!("fxrstor64 [{}]", in(reg) image, clobber_abi("sysv64"), options(nostack));
            };
        }
    }
}

impl Clone for ExtendedState {
    fn clone(&self) -> Self {
        let mut copy = Self::new();
        copy.as_bytes_mut().copy_from_slice(self.as_bytes());
        copy
    }
}

impl Drop for ExtendedState {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with the same layout.
        unsafe { dealloc(self.0.as_ptr(), Self::layout()) };
    }
}

/// What is kept of a thread while it does not run.
#[derive(Debug)]
pub(crate) struct Context {
    stack_pointer: u64,
    pub(crate) fs_base: u64,
    pub(crate) extended: ExtendedState,
}

impl Context {
    /// Makes the context of a thread that begins by returning to the application with `frame`.
    ///
    /// The frame is written to the top of its kernel stack, at `stack_top`.
    pub(crate) fn new(
        stack_top: u64,
        frame: TrapFrame,
        fs_base: u64,
        extended: ExtendedState,
    ) -> Self {
        let frame_at = index(stack_top) - size_of::<TrapFrame>();
        // Six registers of context_switch and its return address lie below the frame.
        let switch_at = frame_at - 7 * 8;
        // SAFETY: `stack_top` is the end of a mapped kernel stack that nothing runs on yet.
        unsafe { (frame_at as *mut TrapFrame).write(frame) };
        // SAFETY: as above.
        unsafe {
            (switch_at as *mut [u64; 7]).write([
                0,
                0,
                0,
                0,
                0,
                0,
                thread_entry as *const () as u64,
            ]);
        };
        Self { stack_pointer: switch_at as u64, fs_base, extended }
    }

    /// Returns the context of the code that is running, to be filled by the first switch away.
    pub(crate) fn of_running() -> Self {
        Self { stack_pointer: 0, fs_base: 0, extended: ExtendedState::new() }
    }
}

/// Parks the running thread in `from` and continues `to`; returns when something switches back.
///
/// # Safety
/// Both contexts stay where they are until then, and `to` is parked.
pub(crate) unsafe fn switch(from: *mut Context, to: *const Context) {
    // SAFETY: the caller keeps both alive, and nobody else uses them during the switch.
    let parked = unsafe { &mut *from };
    // SAFETY: as above.
    let next = unsafe { &*to };
    parked.fs_base = cpu::fs_base();
    parked.extended.save();
    next.extended.restore();
    cpu::set_fs_base(next.fs_base);
    let load = next.stack_pointer;
    // SAFETY: `load` was left by Context::new or by a switch away from that thread.
    unsafe { context_switch(&raw mut parked.stack_pointer, load) };
}
