//! Segments without data that wait for room in a sending ring.
//!
//! What a connection still knows of is sent again some time, but nobody repeats the RST of a
//! connection that is gone, and a SYN|ACK comes again after a second only. So these wait their
//! turn, as they do in Linux's queues above a card.

use alloc::collections::VecDeque;

use abi::time::Instant;
use sync::SpinLock;

use crate::loopback::Lane;
use crate::output::Hop;
use crate::stack::Stack;
use crate::wire::tcp::Control;

/// As many wait (Linux's `txqueuelen` is as long); more are lost, as on any link.
const HELD_MAX: usize = 1000;

/// Segments that wait, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Held(SpinLock<VecDeque<(Hop, Control)>>);

impl Held {
    /// Keeps a segment, unless too many wait.
    pub(super) fn push(&self, hop: &Hop, control: &Control) {
        let mut held = self.0.lock();
        if held.len() < HELD_MAX {
            held.push_back((*hop, *control));
        }
    }

    /// Returns whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }

    fn first(&self) -> Option<(Hop, Lane)> {
        self.0.lock().front().map(|(hop, control)| (*hop, Lane::of(&control.flow)))
    }

    /// Sends what there is room for.
    pub(crate) fn send(&self, stack: &Stack, now: Instant) {
        while let Some((hop, lane)) = self.first()
            && stack.has_room(&hop, lane)
        {
            let first = self.0.lock().pop_front();
            if let Some((hop, control)) = first {
                super::connection::send_segment(stack, &hop, &control, now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Endpoint, FlowKey, Secrets};
    use crate::wire::tcp::RST;

    #[test]
    fn what_waits_is_bounded_and_goes_out_when_there_is_room() {
        let stack = Stack::new(Secrets([1, 2, 3, 4]), 1 << 20);
        let end = |port| Endpoint { address: "127.0.0.1".parse().unwrap(), port };
        let flow = FlowKey { local: end(80), remote: end(81) };
        let held = Held::default();
        for seq in 0..2000 {
            held.push(&Hop::Loopback, &Control::new(flow, RST, seq, 0));
        }
        assert_eq!(held.0.lock().len(), HELD_MAX);
        held.send(&stack, Instant::default());
        assert!(stack.is_pending());
        assert!(held.is_empty() || !stack.has_room(&Hop::Loopback, Lane::of(&flow)));
    }
}
