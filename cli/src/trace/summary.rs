//! The table of `-c`: how often each call was made, how long it took, how often it failed.

use alloc::collections::BTreeMap;
use core::time::Duration;
use std::collections::HashMap;
use std::io::{self, Write};

use super::call;
use super::record::{Event, Record};

const RULE: &str = "------ ----------- ----------- --------- --------- ----------------";

/// Counts calls.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// When the call that a thread is in began.
    began: HashMap<u32, u64>,
    calls: BTreeMap<u64, Count>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    time: Duration,
    calls: u64,
    errors: u64,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.time += other.time;
        self.calls += other.calls;
        self.errors += other.errors;
    }

    fn line(&self, total: Duration, name: &str) -> String {
        let share = if total.is_zero() {
            0.0
        } else {
            100.0 * self.time.as_secs_f64() / total.as_secs_f64()
        };
        let each = self.time.as_micros() / u128::from(self.calls.max(1));
        let errors = if self.errors == 0 { String::new() } else { self.errors.to_string() };
        let (seconds, calls) = (self.time.as_secs_f64(), self.calls);
        format!("{share:>6.2} {seconds:>11.6} {each:>11} {calls:>9} {errors:>9} {name}")
    }
}

impl Summary {
    /// Counts what a record tells of.
    pub(super) fn record(&mut self, record: &Record) {
        match &record.event {
            Event::Enter(..) => {
                self.began.insert(record.thread, record.nanos);
            }
            Event::Leave(result, _) => {
                let Some(began) = self.began.remove(&record.thread) else { return };
                let is_error = (1..4096).contains(&result.result.wrapping_neg());
                let time = Duration::from_nanos(record.nanos.saturating_sub(began));
                let count = Count { time, calls: 1, errors: is_error.into() };
                self.calls.entry(result.number).or_default().add(count);
            }
            Event::Start(_) | Event::Signal(_) | Event::End(_) => {}
        }
    }

    /// Writes the table, the calls that took longest first.
    ///
    /// # Errors
    /// Fails where `out` cannot be written.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut total = Count::default();
        self.calls.values().for_each(|count| total.add(*count));
        let mut rows: Vec<_> = self.calls.iter().collect();
        rows.sort_by_key(|(number, count)| (core::cmp::Reverse(count.time), **number));
        writeln!(out, "% time     seconds  usecs/call     calls    errors syscall")?;
        writeln!(out, "{RULE}")?;
        for (number, count) in rows {
            writeln!(out, "{}", count.line(total.time, &call::name(*number)))?;
        }
        writeln!(out, "{RULE}")?;
        writeln!(out, "{}", total.line(total.time, "total"))
    }
}

#[cfg(test)]
mod tests {
    use abi::trace::{Call, Return};

    use super::*;
    use crate::trace::record::Memory;

    #[test]
    fn calls_are_counted_and_the_longest_stand_first() {
        let mut summary = Summary::default();
        let mut at = 0;
        for (number, nanos, result) in [(0, 1_000_000, 3), (3, 3_000_000, 9_u64.wrapping_neg())] {
            let call = Call { number, arguments: [0; 6] };
            let enter = Event::Enter(call, Memory::default());
            summary.record(&Record { thread: 1, nanos: at, event: enter });
            at += nanos;
            let leave = Event::Leave(Return { number, result }, Memory::default());
            summary.record(&Record { thread: 1, nanos: at, event: leave });
        }
        let mut table = Vec::new();
        summary.write(&mut table).unwrap();
        let table = String::from_utf8(table).unwrap();
        let lines: Vec<_> = table.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                " 75.00    0.003000        3000         1         1 close",
                " 25.00    0.001000        1000         1           read",
                RULE,
                "100.00    0.004000        2000         2         1 total",
            ]
        );
    }
}
