//! Lines of a trace, as strace writes them: which call of which thread begins, goes on, returns.

use alloc::collections::BTreeMap;
use core::time::Duration;
use std::io::{self, Write};

use abi::trace::End;

use super::call::{Call, Outcome};
use super::record::{Event, Record};
use super::{Style, Times, signal, value};

/// The column in which results begin.
const RESULT: usize = 40;

/// Writes records as lines.
pub(super) struct Printer<W> {
    out: W,
    style: Style,
    threads: BTreeMap<u32, Thread>,
    /// The thread whose call stands in the last line, not ended yet.
    open: Option<u32>,
    /// How much stands in the last line.
    column: usize,
    /// The time of day at the machine's start, in nanoseconds.
    real_nanos: u64,
    /// When the last line began, in nanoseconds since the machine's start.
    last_nanos: u64,
    string_size: usize,
}

#[derive(Debug, Default)]
struct Thread {
    call: Option<Pending>,
}

/// A call that has not returned.
#[derive(Debug)]
struct Pending {
    call: Call,
    began: u64,
}

impl<W: Write> Printer<W> {
    /// Returns a printer to `out`.
    pub(super) const fn new(out: W, style: Style) -> Self {
        let threads = BTreeMap::new();
        let (open, column, real_nanos, last_nanos, string_size) = (None, 0, 0, 0, 0);
        Self { out, style, threads, open, column, real_nanos, last_nanos, string_size }
    }

    /// Writes a record.
    ///
    /// # Errors
    /// Fails where `out` cannot be written.
    pub(super) fn record(&mut self, record: Record) -> io::Result<()> {
        let Record { thread, nanos, event } = record;
        match event {
            Event::Start(start) => {
                self.real_nanos = start.real_nanos;
                self.last_nanos = nanos;
                self.string_size = usize::try_from(start.string_size).unwrap_or(0);
                Ok(())
            }
            Event::Enter(call, before) => {
                let mut call = Call::new(call, before, self.string_size);
                self.lead(thread, nanos)?;
                self.write(&call.begin())?;
                self.open = Some(thread);
                let pending = Pending { call, began: nanos };
                self.threads.entry(thread).or_default().call = Some(pending);
                Ok(())
            }
            Event::Leave(result, after) => {
                let outcome = Outcome { result: result.result, after };
                self.leave(thread, nanos, &outcome)
            }
            Event::Signal(info) => {
                self.lead(thread, nanos)?;
                let mut text = String::from("--- ");
                value::signal(&mut text, info.signo.cast_unsigned());
                text.push(' ');
                signal::info(&mut text, &info);
                self.write(&format!("{text} ---"))?;
                self.end_line()
            }
            Event::End(end) if thread == 0 => self.end_all(nanos, end),
            Event::End(end) => self.end(thread, nanos, end),
        }
    }

    /// Writes out what is held back.
    ///
    /// # Errors
    /// Fails where `out` cannot be written.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn leave(&mut self, thread: u32, nanos: u64, outcome: &Outcome) -> io::Result<()> {
        let Some(mut pending) = self.take_call(thread) else { return Ok(()) };
        self.resume(thread, nanos, &pending.call)?;
        let rest = pending.call.finish(outcome);
        let result = pending.call.result(outcome);
        self.write(&rest)?;
        self.write_result(&result)?;
        if self.style.shows_time_spent {
            let spent = Duration::from_nanos(nanos.saturating_sub(pending.began));
            self.write(&format!(" <{}.{:06}>", spent.as_secs(), spent.subsec_micros()))?;
        }
        self.end_line()
    }

    fn take_call(&mut self, thread: u32) -> Option<Pending> {
        self.threads.get_mut(&thread)?.call.take()
    }

    /// Continues the call's line, or begins another for it.
    fn resume(&mut self, thread: u32, nanos: u64, call: &Call) -> io::Result<()> {
        if self.open.take_if(|open| *open == thread).is_some() {
            return Ok(());
        }
        self.lead(thread, nanos)?;
        self.write(&format!("<... {} resumed>", call.name()))
    }

    fn write_result(&mut self, result: &str) -> io::Result<()> {
        let padding = " ".repeat(RESULT.saturating_sub(self.column + 1));
        self.write(&format!(" {padding}= {result}"))
    }

    /// Ends all threads, those in a call with it.
    fn end_all(&mut self, nanos: u64, end: End) -> io::Result<()> {
        let threads: Vec<_> = self.threads.keys().rev().copied().collect();
        threads.into_iter().try_for_each(|thread| self.end(thread, nanos, end))
    }

    fn end(&mut self, thread: u32, nanos: u64, end: End) -> io::Result<()> {
        /// What an interrupted call returns, which has written nothing.
        const INTERRUPTED: u64 = 512_u64.wrapping_neg();
        if let Some(mut pending) = self.take_call(thread) {
            self.resume(thread, nanos, &pending.call)?;
            let outcome = Outcome { result: INTERRUPTED, after: super::record::Memory::default() };
            let rest = pending.call.finish(&outcome);
            self.write(&rest)?;
            self.write_result("?")?;
            self.end_line()?;
        }
        self.lead(thread, nanos)?;
        let mut text = String::from("+++ ");
        if end.signal == 0 {
            text.push_str(&format!("exited with {}", end.status));
        } else {
            text.push_str("killed by ");
            value::signal(&mut text, end.signal);
        }
        self.write(&format!("{text} +++"))?;
        self.threads.remove(&thread);
        self.end_line()
    }

    /// Begins a line of a thread; another's call that stands in the last one is left unfinished.
    fn lead(&mut self, thread: u32, nanos: u64) -> io::Result<()> {
        if self.open.take().is_some() {
            self.write(" <unfinished ...>")?;
            self.end_line()?;
        }
        self.threads.entry(thread).or_default();
        if self.style.is_file {
            self.write(&format!("{thread:<5} "))?;
        } else if self.threads.len() > 1 {
            self.write(&format!("[pid {thread:>5}] "))?;
        }
        let since = nanos.saturating_sub(self.last_nanos);
        self.last_nanos = nanos;
        let text = match self.style.times {
            Times::None => return Ok(()),
            Times::Relative => seconds(since),
            Times::Clock(is_fine) => clock(self.real_nanos.saturating_add(nanos), is_fine),
        };
        self.write(&text)
    }

    fn end_line(&mut self) -> io::Result<()> {
        self.column = 0;
        self.out.write_all(b"\n")
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.column += text.len();
        self.out.write_all(text.as_bytes())
    }
}

fn seconds(nanos: u64) -> String {
    let time = Duration::from_nanos(nanos);
    format!("{:>6}.{:06} ", time.as_secs(), time.subsec_micros())
}

/// Returns the time of day, UTC.
fn clock(nanos: u64, is_fine: bool) -> String {
    let time = Duration::from_nanos(nanos);
    let second = time.as_secs() % 86_400;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let fine = if is_fine { format!(".{:06}", time.subsec_micros()) } else { String::new() };
    format!("{hour:02}:{minute:02}:{second:02}{fine} ")
}
