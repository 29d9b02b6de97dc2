//! The generator: plans by seed, from the descriptions of Linux's calls (`abi::call`).
//!
//! A batch begins with a few calls that make files, pipes, sockets and other objects, so that
//! there is something to work on; the rest are calls by chance with arguments of the right kind,
//! of which some are wrong. What would end the program, harm it beyond repair or wait for ever
//! is left out ([`rules`]).

mod data;
mod message;
mod model;
mod recipe;
mod rules;
mod scalar;

use abi::Sysno;
use abi::call::{Description, Kind};

use self::model::Model;
use super::arena::{DATA, DATA_END, SANE_END};
use super::plan::{Argument, Batch, Call, Plan};
use super::random::Random;

/// Calls of a batch, at least and at most.
const CALLS: (u64, u64) = (20, 70);
/// The most threads of a batch.
const THREADS: u64 = 4;
/// Of every hundred batches, so many have threads that take turns, and that race.
const ORDERED: u64 = 15;
const RACING: u64 = 15;

/// The first of the ports that sockets are bound to, four a batch.
const FIRST_PORT: u16 = 10_000;

/// Makes the plan of a seed: at least `calls` calls.
pub(super) fn plan(seed: u64, calls: usize, threads: u64) -> Plan {
    let mut random = Random::new(seed);
    let mut plan = Plan::default();
    let mut count = 0;
    while count < calls {
        let id = u32::try_from(plan.batches.len()).unwrap_or(u32::MAX);
        // Each batch has a seed of its own, so that one does not depend on the one before.
        let batch = batch(id, random.bits(), threads.clamp(1, THREADS));
        count += batch.calls.len();
        plan.batches.push(batch);
    }
    // What is made once and kept has been made by then.
    plan.checkpoints.push(plan.batches.len() / 2);
    plan
}

fn batch(id: u32, seed: u64, most_threads: u64) -> Batch {
    let mut random = Random::new(seed);
    let (threads, is_ordered) = match random.below(100) {
        _ if most_threads < 2 => (1, true),
        0..ORDERED => (2 + random.below(most_threads - 1), true),
        part if part < ORDERED + RACING => (2 + random.below(most_threads - 1), false),
        _ => (1, true),
    };
    // Connections that are being forgotten keep ports for a while.
    let port = FIRST_PORT + u16::try_from(u64::from(id) % 5000).unwrap_or(0) * 4;
    let mut maker = Maker { random, model: Model::new(port), threads, calls: Vec::new() };
    maker.prepare();
    let length = CALLS.0 + maker.random.below(CALLS.1 - CALLS.0);
    for _ in 0..length {
        maker.random_call();
    }
    let threads = u8::try_from(threads).unwrap_or(1);
    Batch { id, threads, is_ordered, calls: maker.calls }
}

/// A batch in the making.
#[derive(Debug)]
struct Maker {
    random: Random,
    model: Model,
    threads: u64,
    calls: Vec<Call>,
}

/// A call in the making.
#[derive(Debug)]
struct Building<'a> {
    random: &'a mut Random,
    model: &'a mut Model,
    call: Sysno,
    arguments: [Argument; 6],
    writes: Vec<(u64, Vec<u8>)>,
    digests: Vec<(u64, u64)>,
    /// Where the next memory is taken from: general, and what must stay as it is.
    next: u64,
    next_sane: u64,
    /// Whether memory is taken for what is not determined.
    is_trash: bool,
}

impl Maker {
    /// Adds a call that `build` fills.
    fn add(&mut self, call: Sysno, build: impl FnOnce(&mut Building<'_>)) {
        let thread = u8::try_from(self.random.below(self.threads)).unwrap_or(0);
        let next = SANE_END + 16 * self.random.below((DATA_END - SANE_END) / 32);
        let mut building = Building {
            random: &mut self.random,
            model: &mut self.model,
            call,
            arguments: [Argument::Number(0); 6],
            writes: Vec::new(),
            digests: Vec::new(),
            next,
            // Threads that race must not change each other's.
            next_sane: DATA + 1024 * u64::from(thread),
            is_trash: false,
        };
        build(&mut building);
        let Building { arguments, writes, digests, .. } = building;
        self.model.made(call, &arguments);
        let number = call as u64;
        self.calls.push(Call { thread, number, arguments, writes, digests });
    }

    /// Adds a call by chance.
    fn random_call(&mut self) {
        let calls = rules::calls();
        let call = calls[self.random.index(calls.len())];
        let Some(description) = call.description() else { return };
        self.add(call, |building| building.fill(description));
    }
}

impl Building<'_> {
    /// Fills in all arguments.
    fn fill(&mut self, description: &Description) {
        for (place, argument) in description.arguments.iter().enumerate() {
            let kind = argument.kind.resolve(&self.numbers());
            if kind.data().is_none() {
                let chosen = self.random_scalar(kind, argument.name);
                self.arguments[place] = chosen;
            }
        }
        for (place, argument) in description.arguments.iter().enumerate() {
            let kind = argument.kind.resolve(&self.numbers());
            if let Some(data) = kind.data() {
                let address = self.pointer(kind, data, argument.name);
                self.arguments[place] = Argument::Number(address);
            }
        }
        self.amend();
        let is_too_many = description.arguments.len() > 6;
        debug_assert!(!is_too_many, "calls have at most six arguments");
    }

    /// Returns the arguments as numbers, 0 for what is none.
    fn numbers(&self) -> [u64; 6] {
        self.arguments.map(|argument| match argument {
            Argument::Number(number) => number,
            _ => 0,
        })
    }

    fn set(&mut self, place: usize, value: u64) {
        self.arguments[place] = Argument::Number(value);
    }

    /// Returns whether an argument of this call's kind is one that the call writes.
    const fn is_out(kind: Kind) -> bool {
        kind.is_written() && !kind.is_read()
    }
}

#[cfg(test)]
mod tests {
    use super::super::arena::{TRASH, TRASH_END};
    use super::*;

    #[test]
    fn a_seed_makes_the_same_plan_again() {
        let made = plan(3, 1000, 4);
        assert_eq!(made, plan(3, 1000, 4));
        assert_ne!(made.batches[0], plan(4, 1000, 4).batches[0]);
        assert_eq!(Plan::parse(&made.to_string()).unwrap(), made);
    }

    #[test]
    fn one_thread_makes_all_calls_where_one_is_asked_for() {
        let made = plan(3, 1000, 1);
        assert!(made.batches.iter().all(|batch| batch.threads == 1));
    }

    #[test]
    fn what_is_written_before_a_call_is_memory_that_can_be_written() {
        let made = plan(5, 5000, 4);
        let writes =
            made.batches.iter().flat_map(|batch| &batch.calls).flat_map(|call| &call.writes);
        for (address, bytes) in writes {
            let end = address + u64::try_from(bytes.len()).unwrap();
            let is_within = |first, last| *address >= first && end <= last;
            assert!(is_within(DATA, DATA_END) || is_within(TRASH, TRASH_END), "{address:x}");
        }
    }
}
