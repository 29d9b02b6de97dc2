//! The frame that a handler finds on its stack, and the way back from it.
//!
//! Layout from the top: the extended state, aligned to 64 bytes, then [`SignalFrame`], whose
//! first word is the return address, so that the handler starts as a called function does.

use core::mem::offset_of;

use abi::signal::{
    ActionFlags, FP_XSTATE_MAGIC1, FP_XSTATE_MAGIC2, FPX_SW_OFFSET, FpxSwBytes, SS_AUTODISARM,
    SS_DISABLE, SS_ONSTACK, SigAction, SigContext, SigInfo, SigStack, SignalFrame, SignalSet,
    UC_FP_XSTATE, UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS, UserContext,
};
use abi::{Errno, Result};
use zerocopy::{FromBytes, IntoBytes};

use super::ThreadSignals;
use crate::arch::frame::{INTERRUPTS_ON, TrapFrame};
use crate::arch::thread::{ExtendedState, extended_state_features, extended_state_size};
use crate::memory::user::{self, UserPtr};

/// The bytes below a stack pointer that belong to the running function (x86-64 psABI §3.2.2).
const RED_ZONE: u64 = 128;
/// Linux's selectors, which programs may look at; the real ones never change.
const USER_CODE: u16 = 0x33;
const USER_STACK: u16 = 0x2b;
/// What a handler may leave in RFLAGS: AC, OF, DF, TF, SF, ZF, AF, PF, CF, RF.
const CHANGEABLE_FLAGS: u64 = 0x5_0dd5;
/// DF, TF and RF are clear when a handler starts.
const FLAGS_CLEARED: u64 = 0x1_0500;
const FLAG_ALWAYS: u64 = 0x2;

/// Where things are in an extended state (Intel SDM vol. 1 §13.4).
const MXCSR: usize = 24;
const XMM: usize = 160;
const XSTATE_BV: usize = 512;
const XCOMP_BV: usize = 520;
const HEADER_END: usize = 576;
const LEGACY_SIZE: usize = 512;
/// The bits of MXCSR that may be set.
const MXCSR_MASK: u32 = 0xffff;
/// The part of the state with the XMM registers.
const FEATURE_SSE: u64 = 2;

/// Makes the application continue in the handler of `action`; when that returns, what `frame`
/// says now is continued, with `mask` blocked.
///
/// # Errors
/// `EFAULT` if the stack cannot take the frame or there is nowhere to return to.
pub(super) fn enter_handler(
    frame: &mut TrapFrame,
    signals: &ThreadSignals,
    action: &SigAction,
    info: &SigInfo,
    mask: SignalSet,
) -> Result<()> {
    let flags = action.flags();
    if !flags.contains(ActionFlags::RESTORER) {
        return Err(Errno::EFAULT);
    }
    let stack = signals.stack();
    let uses_stack =
        flags.contains(ActionFlags::ONSTACK) && stack.size > 0 && !is_on_stack(&stack, frame.rsp);
    let top = if uses_stack { stack.sp + stack.size } else { frame.rsp.wrapping_sub(RED_ZONE) };
    let state = saved_state(frame);
    let state_at = (top.wrapping_sub(state.len() as u64)) & !63;
    let frame_at = (state_at.wrapping_sub(size_of::<SignalFrame>() as u64) & !15).wrapping_sub(8);
    if uses_stack && frame_at < stack.sp {
        return Err(Errno::EFAULT);
    }
    let exception = signals.exception();
    let context = UserContext {
        flags: UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS,
        link: 0,
        stack: shown_stack(&stack, frame.rsp),
        registers: SigContext {
            error: exception.error,
            trap: exception.vector,
            cr2: exception.address,
            old_mask: mask.bits(),
            extended_state: state_at,
            ..registers(frame)
        },
        mask,
    };
    let content = SignalFrame { return_address: action.restorer, context, info: *info };
    user::write_bytes(state_at, &state)?;
    UserPtr::new(frame_at).write(&content)?;
    if stack.flags & SS_AUTODISARM != 0 {
        signals.set_stack(SigStack::disabled());
    }
    frame.rdi = u64::try_from(info.signo).unwrap_or(0);
    frame.rsi = frame_at + offset_of!(SignalFrame, info) as u64;
    frame.rdx = frame_at + offset_of!(SignalFrame, context) as u64;
    frame.rax = 0;
    frame.rsp = frame_at;
    frame.rip = action.handler;
    frame.rflags &= !FLAGS_CLEARED;
    if frame.rip >= user::END { Err(Errno::EFAULT) } else { Ok(()) }
}

/// Returns whether a stack pointer is on the alternate stack, as far as its owner wants to know.
pub(crate) const fn is_on_stack(stack: &SigStack, pointer: u64) -> bool {
    stack.flags & SS_AUTODISARM == 0 && stack.holds(pointer)
}

/// Returns the alternate stack as `sigaltstack(2)` shows it to a thread with this stack pointer.
pub(crate) const fn shown_stack(stack: &SigStack, pointer: u64) -> SigStack {
    let state = if stack.size == 0 {
        SS_DISABLE
    } else if is_on_stack(stack, pointer) {
        SS_ONSTACK
    } else {
        0
    };
    SigStack::new(stack.sp, state | (stack.flags & SS_AUTODISARM), stack.size)
}

fn registers(frame: &TrapFrame) -> SigContext {
    SigContext {
        r8: frame.r8,
        r9: frame.r9,
        r10: frame.r10,
        r11: frame.r11,
        r12: frame.r12,
        r13: frame.r13,
        r14: frame.r14,
        r15: frame.r15,
        rdi: frame.rdi,
        rsi: frame.rsi,
        rbp: frame.rbp,
        rbx: frame.rbx,
        rdx: frame.rdx,
        rax: frame.rax,
        rcx: frame.rcx,
        rsp: frame.rsp,
        rip: frame.rip,
        rflags: frame.rflags,
        cs: USER_CODE,
        ss: USER_STACK,
        ..SigContext::default()
    }
}

/// Returns the processor's extended state with the registers that `frame` holds, in the form in
/// which it lies on a stack.
fn saved_state(frame: &TrapFrame) -> alloc::vec::Vec<u8> {
    let mut state = ExtendedState::new();
    state.save();
    let mut bytes = state.as_bytes().to_vec();
    bytes[XMM..XMM + 256].copy_from_slice(frame.xmm.as_bytes());
    if bytes.len() > LEGACY_SIZE {
        let features = u64::read_from_bytes(&bytes[XSTATE_BV..XCOMP_BV]).unwrap_or(0);
        bytes[XSTATE_BV..XCOMP_BV].copy_from_slice((features | FEATURE_SSE).as_bytes());
        let size = u32::try_from(bytes.len()).unwrap_or(0);
        let description = FpxSwBytes::new(size, extended_state_features());
        bytes[FPX_SW_OFFSET..LEGACY_SIZE].copy_from_slice(description.as_bytes());
        bytes.extend_from_slice(FP_XSTATE_MAGIC2.as_bytes());
    }
    bytes
}

/// Returns the address of the mask that `sigreturn(2)` would restore; `frame` is that of the call.
pub(crate) const fn mask_place(frame: &TrapFrame) -> u64 {
    frame.rsp.wrapping_add(core::mem::offset_of!(UserContext, mask) as u64)
}

/// Continues what a handler's frame says, `sigreturn(2)`; `frame` is that of the call.
///
/// # Errors
/// `EFAULT` if the frame is not there or says what cannot be.
pub(crate) fn return_from_handler(frame: &mut TrapFrame, signals: &ThreadSignals) -> Result<()> {
    // The handler's return took the first word off the stack.
    let context = UserPtr::<UserContext>::new(frame.rsp).read()?;
    let saved = &context.registers;
    if saved.rip >= user::END {
        return Err(Errno::EFAULT);
    }
    let state = restored_state(saved.extended_state)?;
    let stack = context.stack;
    frame.r8 = saved.r8;
    frame.r9 = saved.r9;
    frame.r10 = saved.r10;
    frame.r11 = saved.r11;
    frame.r12 = saved.r12;
    frame.r13 = saved.r13;
    frame.r14 = saved.r14;
    frame.r15 = saved.r15;
    frame.rdi = saved.rdi;
    frame.rsi = saved.rsi;
    frame.rbp = saved.rbp;
    frame.rbx = saved.rbx;
    frame.rdx = saved.rdx;
    frame.rax = saved.rax;
    frame.rcx = saved.rcx;
    frame.rsp = saved.rsp;
    frame.rip = saved.rip;
    frame.rflags = saved.rflags & CHANGEABLE_FLAGS | INTERRUPTS_ON | FLAG_ALWAYS;
    // Not the way back from a call any more, whatever RAX holds.
    frame.vector = 0;
    load_state(frame, &state);
    if stack.flags & SS_AUTODISARM != 0 || !is_on_stack(&signals.stack(), frame.rsp) {
        signals.set_stack(SigStack::new(stack.sp, stack.flags & SS_AUTODISARM, stack.size));
    }
    signals.set_mask(context.mask);
    Ok(())
}

/// Reads an extended state from the stack and makes sure that the processor takes it; the initial
/// state if `address` is 0.
fn restored_state(address: u64) -> Result<ExtendedState> {
    let mut state = ExtendedState::new();
    if address == 0 {
        return Ok(state);
    }
    let bytes = state.as_bytes_mut();
    user::read_bytes(address, &mut bytes[..LEGACY_SIZE])?;
    if bytes.len() > LEGACY_SIZE {
        let description = FpxSwBytes::read_from_bytes(&bytes[FPX_SW_OFFSET..LEGACY_SIZE]);
        let size = extended_state_size();
        let is_whole = description.is_ok_and(|description| {
            description.magic1 == FP_XSTATE_MAGIC1
                && usize::try_from(description.xstate_size).is_ok_and(|there| there >= size)
        });
        if is_whole {
            user::read_bytes(address + LEGACY_SIZE as u64, &mut bytes[LEGACY_SIZE..])?;
        }
        let features = u64::read_from_bytes(&bytes[XSTATE_BV..XCOMP_BV]).unwrap_or(0);
        let features = if is_whole { features & extended_state_features() } else { 3 };
        bytes[XSTATE_BV..XCOMP_BV].copy_from_slice(features.as_bytes());
        bytes[XCOMP_BV..HEADER_END].fill(0);
    }
    let mxcsr = u32::read_from_bytes(&bytes[MXCSR..MXCSR + 4]).unwrap_or(0);
    bytes[MXCSR..MXCSR + 4].copy_from_slice((mxcsr & MXCSR_MASK).as_bytes());
    Ok(state)
}

/// Puts an extended state into the processor and the registers that the kernel uses into `frame`.
fn load_state(frame: &mut TrapFrame, state: &ExtendedState) {
    let bytes = state.as_bytes();
    let has_sse = bytes.len() == LEGACY_SIZE || u64::from(bytes[XSTATE_BV]) & FEATURE_SSE != 0;
    if has_sse {
        frame.xmm.as_mut_bytes().copy_from_slice(&bytes[XMM..XMM + 256]);
    } else {
        frame.xmm = Default::default();
    }
    state.restore();
}
