//! The Scull kernel: one Linux program and the kernel in one address space, in ring 0.
//!
//! [`start`] is the order of start-up. After it everything happens on behalf of something: a call
//! of the program (`syscall`), a fault (`memory::fault`, `process::fault`), or a device or timer
//! (`work`).

#![no_std]
#![no_main]

extern crate alloc;

mod arch;
mod backtrace;
mod boot;
mod control;
mod drivers;
mod file;
mod logger;
mod memory;
mod network;
mod panic;
mod process;
mod random;
mod schedule;
mod syscall;
mod time;
mod timer;
mod trace;
mod vdso;
mod wait;
mod work;

use alloc::vec::Vec;

use boot::cmdline::Options;
use boot::pvh::StartInfo;

/// Starts the kernel. `start_info` is a physical address, `entry_stamp` the time stamp counter at
/// the kernel's first instruction.
fn start(start_info: u64, entry_stamp: u64) -> ! {
    let (stack_bottom, stack_top) = arch::boot::boot_stack();
    arch::cpu::start_first(stack_bottom, stack_top);
    let Some(info) = StartInfo::read(start_info) else {
        panic::give_up(format_args!("no PVH start info"));
    };
    if memory::start(&info).is_none() {
        panic::give_up(format_args!("too little memory to start"));
    }
    arch::thread::initialize();
    arch::apic::stop_legacy();
    arch::apic::start();
    arch::clock::calibrate(entry_stamp);
    time::start();
    vdso::update(arch::clock::scale(), time::start_nanos());
    logger::start();
    arch::serial::start();
    control::start();
    let Ok(options) = Options::parse(info.command_line) else {
        panic::give_up(format_args!("the command line names no program (init=)"));
    };
    syscall::set_host_name(&options.hostname);
    let image = memory::image(&info);
    for word in &options.unknown {
        log::warn!("unknown on the kernel's command line: {}", word.escape_ascii());
    }
    sync::set_while_waiting(memory::tlb::serve);
    arch::smp::start(info.rsdp);
    let cards = drivers::probe(options.virtio_mmio.iter().map(Vec::as_slice));
    drivers::power::start(info.rsdp);
    let mut entropy = [0; 32];
    drivers::rng::fill(&mut entropy);
    random::start(&entropy);
    if let Err(error) = file::start(image) {
        panic::give_up(format_args!("the tree of files cannot be made: {error}"));
    }
    let placement = if options.aslr { random::next_u64() } else { 0 };
    if memory::space::start(placement).is_none() {
        panic::give_up(format_args!("too little memory for an address space"));
    }
    network::start(cards, &options.ip, &options.hostname);
    if let Some(selection) = &options.trace {
        trace::start(selection, options.trace_strings);
    }
    if options.is_session {
        process::session::start();
    } else if let Err(status) = process::init::start(&options) {
        process::exit::power_off(status);
    }
    schedule::run(stack_bottom, stack_top)
}
