//! The table: one row a system call.
//!
//! A row names the call, its handler and its arguments as the man page does; the handler's
//! signature gives their types. A row's doc comment says what is partial about it.

use abi::{Result, Sysno};

use super::argument::{FromRegister, IntoRegister};
use super::{Context, process, thread, unknown};

macro_rules! syscalls {
    ($($(#[doc = $partial:literal])* $call:ident => $family:ident::$handler:ident($($argument:ident),*);)*) => {
        /// Carries a call out.
        pub(super) fn dispatch(cx: &mut Context<'_>, call: Sysno, registers: &[u64; 6]) -> Result<u64> {
            match call {
                $($(#[doc = $partial])* Sysno::$call => {
                    let [$($argument,)* ..] = *registers;
                    $family::$handler(cx, $(FromRegister::from_register($argument)),*)
                        .map(IntoRegister::into_register)
                })*
                _ => unknown(call),
            }
        }
    };
}

syscalls! {
    // processes
    arch_prctl => process::arch_prctl(op, addr);
    exit => process::exit(status);
    exit_group => process::exit_group(status);
    getpid => process::getpid();
    // threads
    gettid => thread::gettid();
    set_tid_address => thread::set_tid_address(tidptr);
    sched_yield => thread::sched_yield();
    clone => thread::clone(flags, stack, parent_tid, child_tid, tls);
    clone3 => thread::clone3(cl_args, size);
}
