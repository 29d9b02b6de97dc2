//! Making a failing batch small: calls are left out as long as it still fails.

use super::plan::{Batch, Plan};

/// How often candidates are tried; what is left then is small enough to read.
const ROUNDS: usize = 24;

/// Returns `batch` with as few calls as are found to be needed. `fails` says of each batch of a
/// plan whether it fails.
///
/// # Errors
/// Those of `fails`.
pub(super) fn minimise<E>(
    batch: &Batch,
    mut fails: impl FnMut(&Plan) -> Result<Vec<bool>, E>,
) -> Result<Batch, E> {
    let mut smallest = batch.clone();
    let mut parts = 2;
    for _ in 0..ROUNDS {
        let length = smallest.calls.len();
        if length < 2 {
            break;
        }
        let size = length.div_ceil(parts);
        let candidates = without_parts(&smallest, size);
        let verdicts = fails(&candidates)?;
        let mut failing = candidates.batches.into_iter().zip(verdicts);
        match failing.find(|(_, fails)| *fails) {
            Some((candidate, _)) => {
                smallest = candidate;
                parts = (parts - 1).max(2);
            }
            None if size == 1 => break,
            None => parts = (parts * 2).min(length),
        }
    }
    smallest.id = 0;
    Ok(smallest)
}

/// Returns a plan of batches that each lack one part of `batch`, of `size` calls; those that lack
/// the end come first.
fn without_parts(batch: &Batch, size: usize) -> Plan {
    let starts = (0..batch.calls.len()).step_by(size);
    let mut plan = Plan::default();
    for start in starts.rev() {
        let mut candidate = batch.clone();
        candidate.calls.drain(start..(start + size).min(batch.calls.len()));
        candidate.id = u32::try_from(plan.batches.len()).unwrap_or(u32::MAX);
        plan.batches.push(candidate);
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::super::plan::{Argument, Call};
    use super::*;

    #[test]
    fn only_the_calls_that_are_needed_stay() {
        let call = |number| Call {
            thread: 0,
            number,
            arguments: [Argument::Number(0); 6],
            writes: Vec::new(),
            digests: Vec::new(),
        };
        let calls = (0..60).map(call).collect();
        let batch = Batch { id: 3, threads: 1, is_ordered: true, calls };
        let fails = |plan: &Plan| -> Result<Vec<bool>, ()> {
            let has = |batch: &Batch, number| batch.calls.iter().any(|call| call.number == number);
            Ok(plan.batches.iter().map(|batch| has(batch, 7) && has(batch, 41)).collect())
        };
        let small = minimise(&batch, fails).unwrap();
        let numbers: Vec<_> = small.calls.iter().map(|call| call.number).collect();
        assert_eq!(numbers, [7, 41]);
    }
}
