//! The driver's side of virtio 1.3 without a machine: rings, buffers and network queues.
//!
//! [`Queue`] is a split virtqueue (§2.7) that publishes in batches, suppresses notifications both
//! ways and takes completions in any order. [`Receiver`] and [`Transmitter`] are the two queues of
//! a network device (§5.1). The machine is behind two traits that the kernel implements:
//! [`DmaMemory`], memory that a device can reach, and [`Notify`], its door bell.
//!
//! **Invariant:** nothing a device writes can make this crate panic or touch memory outside what
//! it was given. A device that breaks the protocol loses its queue ([`Queue::is_broken`]).

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

#[cfg(test)]
mod fake;
mod memory;
pub mod net;
mod queue;

pub use memory::{DmaMemory, Slots, TooSmall};
pub use net::{Receiver, Transmitter};
pub use queue::{Addresses, Direction, Queue, Segment, Used};

/// The door bell of a queue.
pub trait Notify {
    /// Tells the device that the queue has new buffers.
    fn notify(&self);
}
