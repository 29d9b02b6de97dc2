//! Sockets between the threads of one machine: `unix(7)`.
//!
//! A [`Socket`] keeps what was sent to it in its own queue and knows its peer by a weak
//! reference: when the last descriptor of a socket goes, the socket goes, and its peer hears of
//! it. Names are found through a [`Namespace`]; those that are paths through [`Names`], which the
//! kernel implements over its file systems.
//!
//! Like all of this crate, operations fail with `EAGAIN` where they would wait and tell those who
//! registered with [`Socket::waiters`] when it is time to try again. That includes `connect`,
//! which waits for room in the listener's queue.
//!
//! Absent: out-of-band data, and the collection of sockets that are only reachable through
//! descriptors which they themselves have in flight.
//!
//! Invariant: no two sockets' locks are held at a time, and none while a socket is dropped.

mod address;
mod connect;
mod message;
mod namespace;
mod receive;
mod send;
mod socket;

pub use address::Address;
pub use message::{Ancillary, Credentials, Received, Rights, Take};
pub use namespace::{Names, Namespace, SocketFile};
pub use send::MAX_RIGHTS;
pub use socket::{Kind, Shutdown, Socket};

#[cfg(test)]
mod tests;
