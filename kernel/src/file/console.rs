//! The application's console: the first serial port, as a file.
//!
//! It is a line without a terminal's discipline: bytes pass as they are both ways, as through a
//! pair of pipes, which is what the host connects it to. So `isatty(3)` says no, and the input
//! ends where the host says so.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use abi::io::{Sink, Source};
use abi::poll::Events;
use abi::stat::FileType;
use abi::{Errno, Result};
use sync::{Once, SpinLock, Waiters};
use vfs::{File, Metadata};

use crate::arch::apic::Trigger;
use crate::arch::irq;
use crate::arch::serial::CONSOLE as PORT;

/// The ISA interrupt of COM1.
const INTERRUPT: u8 = 4;
/// Bytes received that nobody has read yet; what comes when so many wait stays in the port, which
/// stops the host in time.
const CAPACITY: usize = 4096;

/// Set by the interrupt: bytes have come.
static HAS_INPUT: AtomicBool = AtomicBool::new(false);
/// Bytes that programs have written.
static WRITTEN: AtomicU64 = AtomicU64::new(0);
static CONSOLE: Once<Arc<Console>> = Once::new();

/// What has come of the program's input.
#[derive(Debug, Default)]
struct Input {
    /// What nobody has read yet.
    bytes: VecDeque<u8>,
    /// How many bytes have come in all.
    count: u64,
    /// After how many bytes the input ends, once the host has said so.
    end: Option<u64>,
}

impl Input {
    fn has_ended(&self) -> bool {
        self.bytes.is_empty() && self.end.is_some_and(|end| self.count >= end)
    }
}

/// The console; there is one.
#[derive(Debug, Default)]
pub(crate) struct Console {
    /// A leaf lock.
    input: SpinLock<Input>,
    waiters: Waiters,
}

/// Returns the console as a file, taking its input into use the first time.
pub(crate) fn file() -> Arc<dyn File> {
    let console = CONSOLE.call_once(|| {
        irq::register_line(INTERRUPT, Trigger::Edge, || HAS_INPUT.store(true, Ordering::Relaxed));
        PORT.enable_receive_interrupt();
        Arc::default()
    });
    console.clone()
}

/// Returns how many bytes programs have written.
pub(crate) fn written() -> u64 {
    WRITTEN.load(Ordering::Relaxed)
}

/// Drops what has come and nobody has read.
pub(crate) fn forget_input() {
    if let Some(console) = CONSOLE.get() {
        console.input.lock().bytes.clear();
    }
}

/// Takes in what has come.
pub(crate) fn serve() {
    if HAS_INPUT.load(Ordering::Relaxed)
        && HAS_INPUT.swap(false, Ordering::Relaxed)
        && let Some(console) = CONSOLE.get()
    {
        console.receive();
    }
}

/// Notes that the input ends after `count` bytes, of which some may still be on their way.
pub(crate) fn end_input(count: u64) {
    if let Some(console) = CONSOLE.get() {
        console.input.lock().end = Some(count);
        console.waiters.wake(Events::IN);
    }
}

impl Console {
    fn receive(&self) {
        let mut input = self.input.lock();
        let before = input.count;
        while input.bytes.len() < CAPACITY
            && let Some(byte) = PORT.read()
        {
            input.bytes.push_back(byte);
            input.count += 1;
        }
        let has_grown = input.count > before;
        drop(input);
        if has_grown {
            self.waiters.wake(Events::IN);
        }
    }
}

impl File for Console {
    fn is_stream(&self) -> bool {
        true
    }

    fn read(&self, _at: u64, sink: &mut dyn Sink) -> Result<usize> {
        let mut input = self.input.lock();
        if input.bytes.is_empty() {
            return if input.has_ended() || sink.room() == 0 { Ok(0) } else { Err(Errno::EAGAIN) };
        }
        let was_full = input.bytes.len() == CAPACITY;
        let (front, _) = input.bytes.as_slices();
        let count = sink.put(front)?;
        input.bytes.drain(..count);
        drop(input);
        if was_full {
            // The port was left alone for lack of room, and will not interrupt again for that.
            self.receive();
        }
        Ok(count)
    }

    fn write(&self, _at: u64, source: &mut dyn Source) -> Result<usize> {
        let mut buffer = [0; 512];
        let mut total = 0;
        while source.left() != 0 {
            match source.take(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    PORT.write(&buffer[..count]);
                    WRITTEN.fetch_add(count as u64, Ordering::Relaxed);
                    total += count;
                }
                Err(errno) if total == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        Ok(total)
    }

    fn poll(&self) -> Events {
        let input = self.input.lock();
        let is_readable = !input.bytes.is_empty() || input.has_ended();
        if is_readable { Events::BOTH } else { Events::WRITABLE }
    }

    fn tells_by_signal(&self) -> bool {
        true
    }

    fn waiters(&self) -> Option<&Waiters> {
        Some(&self.waiters)
    }

    fn readable_bytes(&self) -> Result<usize> {
        Ok(self.input.lock().bytes.len())
    }

    fn metadata(&self) -> Metadata {
        Metadata::anonymous(FileType::CharDevice, 1)
    }

    fn label(&self) -> Vec<u8> {
        b"/dev/console".to_vec()
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
