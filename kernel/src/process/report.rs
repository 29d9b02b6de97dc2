//! What the threads were doing: told when the program or the kernel dies.

use core::fmt;

use super::Process;
use super::thread::Thread;
use crate::arch::frame::SYSCALL;
use crate::trace::recent::{self, Shown};

/// Most threads that are told of.
const MOST: usize = 16;

/// Passes lines on each thread to `line`: the call that it is in, and the last ones before it as
/// far as calls are traced.
pub(crate) fn threads(mut line: impl FnMut(fmt::Arguments<'_>)) {
    let mut count = 0;
    let is_known = Process::current().try_each_thread(|thread| {
        count += 1;
        if count <= MOST {
            one(thread, &mut line);
        }
    });
    if !is_known {
        line(format_args!("the list of threads is locked"));
    }
    if count > MOST {
        line(format_args!("and {} threads more", count - MOST));
    }
}

fn one(thread: &Thread, line: &mut impl FnMut(fmt::Arguments<'_>)) {
    let frame = thread.entry_frame();
    let tid = thread.tid;
    if frame.vector == SYSCALL {
        let call = Shown { number: frame.error, arguments: frame.arguments() };
        line(format_args!("thread {tid}: in {call}"));
    } else {
        line(format_args!("thread {tid}: in the program at {:#x}", frame.rip));
    }
    recent::each(tid, |call, result| {
        line(format_args!("thread {tid}: before that {call} = {result:#x}"));
    });
}
