//! Plans: sequences of system calls, as text that the interpreter reads and a person can.

use core::fmt::{self, Write as _};

use abi::Sysno;
use anyhow::{Context as _, Result, bail};

/// What an argument of a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Argument {
    /// A number: the register's value.
    Number(u64),
    /// The process's id.
    Process,
    /// The calling thread's id.
    Thread,
}

/// A call, and what is done around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// Which of the batch's threads makes it.
    pub(super) thread: u8,
    /// Its number.
    pub(super) number: u64,
    /// Its arguments.
    pub(super) arguments: [Argument; 6],
    /// Bytes that are put into the arena before it.
    pub(super) writes: Vec<(u64, Vec<u8>)>,
    /// Memory that is digested after it where it succeeds: addresses and lengths; 0 is the
    /// call's result.
    pub(super) digests: Vec<(u64, u64)>,
}

/// Calls that are made in a process as if it was new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Batch {
    /// Its number in the plan.
    pub(super) id: u32,
    /// How many threads make its calls.
    pub(super) threads: u8,
    /// Whether they take turns, in the order of the calls; else they race.
    pub(super) is_ordered: bool,
    /// Its calls.
    pub(super) calls: Vec<Call>,
}

/// Batches one after the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The batches.
    pub(super) batches: Vec<Batch>,
    /// Before which of them memory is looked at; it is at the end, too.
    pub(super) checkpoints: Vec<usize>,
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number:x}"),
            Self::Process => f.write_str("p"),
            Self::Thread => f.write_str("t"),
        }
    }
}

impl Call {
    /// Returns its name, or its number where there is no such call.
    pub(super) fn name(&self) -> String {
        Sysno::from_raw(self.number)
            .map_or_else(|| format!("{:#x}", self.number), |call| call.name().to_owned())
    }
}

impl fmt::Display for Call {
    /// Writes it as lines of a plan, the last but the digests with its name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (address, bytes) in &self.writes {
            write!(f, "w {address:x} ")?;
            for byte in bytes {
                write!(f, "{byte:02x}")?;
            }
            writeln!(f)?;
        }
        write!(f, "c {:x} {:x}", self.thread, self.number)?;
        for argument in self.arguments {
            write!(f, " {argument}")?;
        }
        writeln!(f, " # {}", self.name())?;
        for (address, length) in &self.digests {
            writeln!(f, "d {address:x} {length:x}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = if self.is_ordered { 'o' } else { 'r' };
        writeln!(f, "b {:x} {:x} {order}", self.id, self.threads)?;
        for call in &self.calls {
            write!(f, "{call}")?;
        }
        writeln!(f, "e")
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, batch) in self.batches.iter().enumerate() {
            if self.checkpoints.contains(&index) {
                writeln!(f, "k")?;
            }
            write!(f, "{batch}")?;
        }
        writeln!(f, "k")
    }
}

impl Plan {
    /// Reads what [`Display`](fmt::Display) wrote.
    ///
    /// # Errors
    /// Fails where a line is none of a plan.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut plan = Self::default();
        let mut writes = Vec::new();
        for line in text.lines() {
            let words: Vec<_> =
                line.split('#').next().unwrap_or_default().split_whitespace().collect();
            parse_line(&words, &mut plan, &mut writes)
                .with_context(|| format!("'{line}' is no line of a plan"))?;
        }
        plan.checkpoints.retain(|index| *index < plan.batches.len());
        Ok(plan)
    }

    /// Returns the plan followed by itself, with a look at memory in between.
    pub(super) fn twice(&self) -> Self {
        let batches = [&self.batches[..], &self.batches[..]].concat();
        Self { batches, checkpoints: vec![self.batches.len()] }
    }
}

type Writes = Vec<(u64, Vec<u8>)>;

fn parse_line(words: &[&str], plan: &mut Plan, writes: &mut Writes) -> Result<()> {
    match words {
        [] | ["e"] => {}
        ["k"] => plan.checkpoints.push(plan.batches.len()),
        ["b", id, threads, order] => plan.batches.push(Batch {
            id: u32::from_str_radix(id, 16)?,
            threads: u8::from_str_radix(threads, 16)?,
            is_ordered: *order == "o",
            calls: Vec::new(),
        }),
        ["w", address, bytes @ ..] => {
            let bytes = bytes.first().copied().unwrap_or_default();
            let pairs = (0..bytes.len() / 2).map(|at| bytes.get(2 * at..2 * at + 2));
            let bytes = pairs.map(|pair| Ok(u8::from_str_radix(pair.context("half a byte")?, 16)?));
            writes.push((hexadecimal(address)?, bytes.collect::<Result<_>>()?));
        }
        ["c", thread, number, arguments @ ..] => {
            let arguments = arguments.iter().map(|word| argument(word));
            let arguments: Vec<_> = arguments.collect::<Result<_>>()?;
            let Ok(arguments) = arguments.try_into() else { bail!("not six arguments") };
            let call = Call {
                thread: u8::from_str_radix(thread, 16)?,
                number: hexadecimal(number)?,
                arguments,
                writes: core::mem::take(writes),
                digests: Vec::new(),
            };
            plan.batches.last_mut().context("no batch")?.calls.push(call);
        }
        ["d", address, length] => {
            let batch = plan.batches.last_mut().context("no batch")?;
            let call = batch.calls.last_mut().context("no call")?;
            call.digests.push((hexadecimal(address)?, hexadecimal(length)?));
        }
        _ => bail!("unknown"),
    }
    Ok(())
}

fn hexadecimal(word: &str) -> Result<u64> {
    Ok(u64::from_str_radix(word, 16)?)
}

fn argument(word: &str) -> Result<Argument> {
    Ok(match word {
        "p" => Argument::Process,
        "t" => Argument::Thread,
        _ => Argument::Number(hexadecimal(word)?),
    })
}

impl Batch {
    /// Returns its calls for a person to read, one a line, each followed by what `remark` says.
    pub(super) fn explain(&self, remark: impl Fn(usize) -> String) -> String {
        let mut text = String::new();
        for (index, call) in self.calls.iter().enumerate() {
            let arguments: Vec<_> = call.arguments.iter().map(ToString::to_string).collect();
            // Writing to a String cannot fail.
            let _ = write!(text, "    [{}] {}({})", call.thread, call.name(), arguments.join(", "));
            let _ = writeln!(text, " {}", remark(index));
            for (address, bytes) in &call.writes {
                let _ = writeln!(text, "            {address:x}: {}", bytes.escape_ascii());
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_as_it_was_written() {
        let call = Call {
            thread: 1,
            number: 0,
            arguments: [
                Argument::Number(3),
                Argument::Process,
                Argument::Thread,
                Argument::Number(u64::MAX),
                Argument::Number(0),
                Argument::Number(0),
            ],
            writes: vec![(0x10, vec![0, 0xff]), (0x20, vec![])],
            digests: vec![(0x10, 0)],
        };
        let batch = Batch { id: 17, threads: 2, is_ordered: false, calls: vec![call] };
        let plan = Plan { batches: vec![batch.clone(), batch], checkpoints: vec![1] };
        assert_eq!(Plan::parse(&plan.to_string()).unwrap(), plan);
        Plan::parse("c 0 0 1\n").unwrap_err();
        Plan::parse("x\n").unwrap_err();
    }
}
