//! What came of a plan, as the interpreter prints it.

use alloc::collections::BTreeMap;

use crate::vmm::Memory;

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcome {
    /// What it returned; an error is its negated number.
    pub(super) result: i64,
    /// The digest of what it wrote, 0 for none.
    pub(super) digest: u32,
}

/// How a run of a plan ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// All of it was run.
    Done,
    /// It was not: why.
    Broken(String),
}

/// What came of a plan.
#[derive(Debug)]
pub(super) struct Report {
    /// The outcomes of each batch that ended; `None` for a call that did not return.
    pub(super) batches: BTreeMap<u32, Vec<Option<Outcome>>>,
    /// The batch that was begun last.
    pub(super) last: Option<u32>,
    /// Batches that ended otherwise than by returning from all calls, and how.
    pub(super) deaths: BTreeMap<u32, String>,
    /// How memory was used at each checkpoint, in a guest.
    pub(super) memory: Vec<Memory>,
    /// What the guest's kernel had to say.
    pub(super) log: Vec<String>,
    /// How it ended.
    pub(super) end: End,
    current: Vec<Option<Outcome>>,
}

/// What a line of the interpreter asks of its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Nothing.
    Nothing,
    /// To look at memory, and to answer.
    Look,
}

impl Report {
    /// Returns one of nothing.
    pub(super) fn new() -> Self {
        Self {
            batches: BTreeMap::new(),
            last: None,
            deaths: BTreeMap::new(),
            memory: Vec::new(),
            log: Vec::new(),
            end: End::Broken("it said nothing".to_owned()),
            current: Vec::new(),
        }
    }

    /// Takes in a line.
    pub(super) fn take(&mut self, line: &str) -> Wish {
        let words: Vec<_> = line.split_whitespace().collect();
        let id = |word: &str| u32::from_str_radix(word, 16).ok();
        match words[..] {
            ["checkpoint"] => return Wish::Look,
            ["done"] => self.end = End::Done,
            ["batch", word] => {
                self.last = id(word);
                self.current.clear();
            }
            ["end", word] => {
                if let Some(id) = id(word) {
                    self.batches.insert(id, core::mem::take(&mut self.current));
                }
            }
            ["died", word, signal] => {
                if let Some(id) = id(word) {
                    self.deaths.insert(id, format!("signal {signal} ended it"));
                }
            }
            ["stuck", word] => {
                if let Some(id) = id(word) {
                    self.deaths.insert(id, "a call did not return".to_owned());
                }
            }
            ["-"] => self.current.push(None),
            [result] | [result, _] if result.parse::<i64>().is_ok() => {
                let digest = words.get(1).and_then(|word| u32::from_str_radix(word, 16).ok());
                let result = result.parse().unwrap_or(0);
                self.current.push(Some(Outcome { result, digest: digest.unwrap_or(0) }));
            }
            ["cannot", "go", "on:", ..] => self.end = End::Broken(line.to_owned()),
            _ => {}
        }
        Wish::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_outcomes() {
        let mut report = Report::new();
        let lines = ["batch 1f", "-2", "5 ab", "-", "end 1f", "died 1f 11", "nonsense", "done"];
        assert!(lines.iter().all(|line| report.take(line) == Wish::Nothing));
        assert_eq!(report.take("checkpoint"), Wish::Look);
        let some = |result, digest| Some(Outcome { result, digest });
        assert_eq!(report.batches[&0x1f], [some(-2, 0), some(5, 0xab), None]);
        assert!(report.deaths.contains_key(&0x1f));
        assert_eq!((report.end, report.last), (End::Done, Some(0x1f)));
    }
}
