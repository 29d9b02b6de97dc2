//! One call as text: its arguments and its result.
//!
//! What is written before the call returns is what strace writes then: the arguments up to the
//! first that the call itself writes.

use core::fmt::Write as _;
use std::io;

use abi::Sysno;
use abi::call::{Argument, Data, Kind, Length};
use abi::trace;

use super::data::Pointer;
use super::record::Memory;
use super::{special, value};

/// Codes of the kernel for calls that are to be restarted, and what strace says of them.
const RESTARTS: [(u64, &str); 3] = [
    (512, "ERESTARTSYS (To be restarted if SA_RESTART is set)"),
    (513, "ERESTARTNOINTR (To be restarted)"),
    (514, "ERESTARTNOHAND (To be restarted if no handler)"),
];

/// A call that a thread is in.
#[derive(Debug)]
pub(super) struct Call {
    number: u64,
    arguments: [u64; 6],
    /// What its pointers pointed to before it.
    before: Memory,
    /// How many bytes of strings are shown.
    string_size: usize,
    /// How many arguments have been written.
    written: usize,
    /// Something is to be added to the last of them once the call has returned.
    goes_on: bool,
}

/// How a call came back.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The result's register.
    pub(super) result: u64,
    /// What its pointers point to now.
    pub(super) after: Memory,
}

impl Outcome {
    /// Returns the number of the error, if it is one.
    pub(super) fn error(&self) -> Option<u64> {
        let code = self.result.wrapping_neg();
        (1..4096).contains(&code).then_some(code)
    }
}

impl Call {
    /// Returns the call of a record.
    pub(super) fn new(call: trace::Call, before: Memory, string_size: usize) -> Self {
        let trace::Call { number, arguments } = call;
        Self { number, arguments, before, string_size, written: 0, goes_on: false }
    }

    /// Returns its name, or one made of its number.
    pub(super) fn name(&self) -> String {
        name(self.number)
    }

    /// Returns its arguments as they are meant, those that mean nothing left out.
    fn parts(&self) -> Vec<Part> {
        let Some(description) = Sysno::from_raw(self.number).and_then(Sysno::description) else {
            return self.arguments.iter().map(|&value| Part::unknown(value)).collect();
        };
        let all = description.arguments.iter().zip(self.arguments);
        let parts = all.map(|(argument, value)| Part::new(argument, value, &self.arguments));
        let mut parts: Vec<_> = parts.filter(|part| !matches!(part.kind, Kind::Nothing)).collect();
        special::reorder(self.number, &self.arguments, &mut parts);
        parts
    }

    /// Writes what is known before the call returns.
    pub(super) fn begin(&mut self) -> String {
        let mut out = format!("{}(", self.name());
        let parts = self.parts();
        for part in &parts {
            let is_later = part.kind.is_written() && part.value != 0;
            if is_later && !special::is_shown_before(self.number, part.kind) {
                break;
            }
            self.write_part(&mut out, part, None);
            self.written += 1;
            self.goes_on = special::has_remark(self.number, part);
            if self.goes_on {
                break;
            }
            if self.written < parts.len() {
                out.push_str(", ");
            }
        }
        out
    }

    /// Writes the rest, with the closing parenthesis.
    pub(super) fn finish(&mut self, outcome: &Outcome) -> String {
        let mut out = String::new();
        let parts = self.parts();
        if self.goes_on {
            special::remark(&self.before, &parts, outcome, &mut out);
            out.push_str(", ");
        }
        for (place, part) in parts.iter().enumerate().skip(self.written) {
            self.write_part(&mut out, part, Some(outcome));
            if place + 1 < parts.len() {
                out.push_str(", ");
            }
        }
        self.written = parts.len();
        out.push(')');
        out
    }

    fn write_part(&self, out: &mut String, part: &Part, outcome: Option<&Outcome>) {
        out.push_str(part.label);
        self.write_value(out, part, outcome);
        out.push_str(part.tail);
    }

    fn write_value(&self, out: &mut String, part: &Part, outcome: Option<&Outcome>) {
        let Some(data) = part.kind.data() else {
            return value::scalar(out, part.kind, part.value);
        };
        let pointer = Pointer {
            call: self.number,
            name: part.name,
            data,
            address: part.value,
            length: self.length(data, outcome),
            filled: match (part.kind, outcome) {
                (Kind::Out(_), Some(outcome)) if outcome.error().is_none() => outcome.result,
                _ => u64::MAX,
            },
            string_size: self.string_size,
        };
        match (part.kind, outcome) {
            (Kind::In(_), _) | (_, None) => pointer.write(out, &self.before),
            (_, Some(outcome)) if !self.has_written(outcome) => {
                if part.kind.is_read() {
                    pointer.write(out, &self.before);
                } else {
                    value::address(out, part.value);
                }
            }
            (Kind::InOut(_), Some(outcome)) => {
                pointer.write_change(out, &self.before, &outcome.after);
            }
            (_, Some(outcome)) => pointer.write(out, &outcome.after),
        }
    }

    /// Returns whether the call wrote what its arguments point to: the time left of a sleep only
    /// where that was interrupted.
    fn has_written(&self, outcome: &Outcome) -> bool {
        let error = outcome.error();
        match Sysno::from_raw(self.number) {
            Some(Sysno::nanosleep | Sysno::clock_nanosleep) => {
                error.is_some_and(|code| code == 4 || RESTARTS.iter().any(|(it, _)| *it == code))
            }
            _ => error.is_none(),
        }
    }

    /// Returns how much there is of `data`, in its own unit.
    fn length(&self, data: Data, outcome: Option<&Outcome>) -> u64 {
        let length = match data {
            Data::Bytes(length)
            | Data::Many(_, length)
            | Data::Vectors(length)
            | Data::SocketAddress(length)
            | Data::Messages(length)
            | Data::Entries(length)
            | Data::Descriptors(length) => length,
            Data::Path
            | Data::Text
            | Data::One(_)
            | Data::Strings
            | Data::Message
            | Data::SignalInfo
            | Data::MaskAndSize => Length::Returned,
        };
        let word = |place: u8| self.arguments.get(usize::from(place)).copied().unwrap_or(0);
        match length {
            Length::Given(place) => word(place),
            Length::PointedTo(place) => {
                let memory = outcome.map_or(&self.before, |outcome| &outcome.after);
                memory.value::<u32>(word(place)).unwrap_or(0).into()
            }
            Length::Fixed(count) => count.into(),
            Length::Returned => {
                outcome.filter(|it| it.error().is_none()).map_or(0, |outcome| outcome.result)
            }
        }
    }

    /// Writes the result, without the sign before it.
    pub(super) fn result(&self, outcome: &Outcome) -> String {
        if let Some(code) = outcome.error() {
            return failure(code);
        }
        let result = outcome.result;
        let mut out = String::new();
        let description = Sysno::from_raw(self.number).and_then(Sysno::description);
        let kind = description.map_or(Kind::Long, |it| it.result.resolve(&self.arguments));
        // Writing to a String cannot fail.
        let _ = match kind {
            Kind::Address => write!(out, "{result:#x}"),
            Kind::Mode => write!(out, "0{result:02o}"),
            Kind::Bits => write!(out, "{result:#x}"),
            Kind::Flags(_) | Kind::Choice(_) | Kind::Signal => {
                self.named_result(&mut out, kind, result);
                Ok(())
            }
            _ => write!(out, "{}", result.cast_signed()),
        };
        special::explain(self.number, &self.arguments, outcome, &mut out);
        out
    }

    fn named_result(&self, out: &mut String, kind: Kind, result: u64) {
        let mut names = String::new();
        value::scalar(&mut names, kind, result);
        let is_set = self.number == Sysno::fcntl as u64;
        let _ = match kind {
            Kind::Flags(_) if is_set && result == 0 && names == "0" => write!(out, "0"),
            Kind::Flags(_) if is_set => write!(out, "{result:#x} (flags {names})"),
            _ => write!(out, "{result} ({names})"),
        };
    }
}

/// Returns the name of a call.
pub(super) fn name(number: u64) -> String {
    match Sysno::from_raw(number) {
        Some(call) => call.name().to_owned(),
        None => format!("syscall_{number:#x}"),
    }
}

/// Returns what is said of an error.
fn failure(code: u64) -> String {
    if let Some((_, text)) = RESTARTS.iter().find(|(number, _)| *number == code) {
        return format!("? {text}");
    }
    let number = i32::try_from(code).unwrap_or(0);
    let text = io::Error::from_raw_os_error(number).to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    match u16::try_from(code).ok().and_then(|code| abi::Errno::new(code).name()) {
        Some(name) => format!("-1 {name} ({text})"),
        None => format!("-1 (errno {code})"),
    }
}

/// An argument as it is meant in this call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// Its name in the man page.
    pub(super) name: &'static str,
    /// What is written before it.
    pub(super) label: &'static str,
    /// What is written after it.
    pub(super) tail: &'static str,
    /// What it is.
    pub(super) kind: Kind,
    /// Its register.
    pub(super) value: u64,
}

impl Part {
    fn new(argument: &Argument, value: u64, arguments: &[u64; 6]) -> Self {
        let kind = argument.kind.resolve(arguments);
        Self { name: argument.name, label: "", tail: "", kind, value }
    }

    const fn unknown(value: u64) -> Self {
        Self { name: "", label: "", tail: "", kind: Kind::LongBits, value }
    }
}
