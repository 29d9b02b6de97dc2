//! TCP sockets: listening, connecting, open.
//!
//! A [`Tcp`] is what a program's descriptor refers to and what the flow table finds. Handshakes
//! (`listen.rs`, `connect.rs`) and TIME-WAIT (`table.rs`) are Scull's own; the protocol of an open
//! connection is smoltcp's (`engine.rs`), which a connection has only while it is busy.
//!
//! **Invariant:** [`Tcp::waiters`] are woken with no lock of the socket held.

mod connect;
mod connection;
mod engine;
mod held;
mod info;
mod input;
mod interface;
mod listen;
mod measure;
mod names;
mod port;
mod stream;
mod synced;
mod table;
mod timing;

use alloc::sync::Arc;
use core::fmt;

use abi::poll::Events;
use abi::time::Instant;
use abi::{Errno, Result};
use smoltcp::socket::tcp::State as Phase;
use sync::{SpinLock, Waiters};

pub(crate) use engine::Sizes;
pub(crate) use held::Held;
pub(crate) use input::{input, input_report, input_too_big};
pub(crate) use listen::send_syn_ack;
pub(crate) use names::scope;
pub(crate) use stream::{Following, Reading};
pub(crate) use table::FlowTable;

use crate::addr::Family;
use crate::flow::Endpoint;
use crate::options::Options;
use crate::output::CachedHop;
use crate::stack::Stack;
use connect::Connecting;
use connection::Connection;
use listen::Listener;

/// A TCP socket.
pub struct Tcp {
    pub(super) stack: Arc<Stack>,
    id: u64,
    family: Family,
    waiters: Waiters,
    inner: SpinLock<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: Options,
    state: State,
    /// Where `bind(2)`, or a connection, put the socket.
    local: Option<Endpoint>,
    /// The port that the socket holds in the table of ports.
    bound: Option<u16>,
    /// What `SO_ERROR` gives.
    error: Option<Errno>,
    hop: Option<CachedHop>,
    /// Where the socket is in the stack's timers.
    timer: Option<Instant>,
    /// No descriptor refers to the socket any more.
    is_orphan: bool,
    /// `connect(2)` has yet to tell the program that it succeeded.
    is_untold: bool,
}

#[derive(Debug)]
enum State {
    /// Not connected.
    Closed,
    /// Connecting failed, which `connect(2)` has yet to say.
    Failed,
    Listening(Listener),
    Connecting(Connecting),
    Open(Connection),
}

impl fmt::Debug for Tcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tcp").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Tcp {
    /// Returns a new socket.
    pub(crate) fn new(stack: &Arc<Stack>, family: Family) -> Arc<Self> {
        Self::with_state(stack, family, Options::tcp(), State::Closed, None)
    }

    fn with_state(
        stack: &Arc<Stack>,
        family: Family,
        options: Options,
        state: State,
        local: Option<Endpoint>,
    ) -> Arc<Self> {
        let inner = Inner {
            options,
            state,
            local,
            bound: None,
            error: None,
            hop: None,
            timer: None,
            is_orphan: false,
            is_untold: false,
        };
        Arc::new(Self {
            stack: stack.clone(),
            id: stack.next_id(),
            family,
            waiters: Waiters::new(),
            inner: SpinLock::new(inner),
        })
    }

    /// Returns a number that no other socket has.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Returns the family that the socket was made with.
    pub(crate) fn family(&self) -> Family {
        self.family
    }

    /// Returns the queue of those who wait for the socket.
    pub(crate) fn waiters(&self) -> &Waiters {
        &self.waiters
    }

    /// Runs `f` on the options.
    pub(crate) fn with_options<R>(&self, f: impl FnOnce(&mut Options) -> R) -> R {
        f(&mut self.inner.lock().options)
    }

    /// Returns what the socket is ready for, as Linux's `tcp_poll` has it.
    pub(crate) fn poll(&self) -> Events {
        let inner = self.inner.lock();
        let mut events = match &inner.state {
            State::Open(connection) => connection.poll(),
            State::Closed => Events::WRITABLE | Events::HUP,
            State::Failed => Events::BOTH | Events::RDHUP | Events::HUP,
            State::Connecting(_) => Events::empty(),
            State::Listening(listener) if listener.is_empty() => Events::empty(),
            State::Listening(_) => Events::READABLE,
        };
        events.set(Events::ERR, inner.error.is_some());
        events
    }

    /// Returns the pending error and clears it (`SO_ERROR`).
    pub(crate) fn take_error(&self) -> Option<Errno> {
        self.inner.lock().error.take()
    }

    /// Ends the socket when its last descriptor is closed: what was sent is still delivered,
    /// unless `SO_LINGER` says otherwise or received bytes were not read.
    pub(crate) fn close(self: &Arc<Self>, now: Instant) {
        let mut inner = self.inner.lock();
        inner.is_orphan = true;
        if let Some(port) = inner.bound.take() {
            self.stack.tcp_ports.lock().release(port, self.id);
        }
        match core::mem::replace(&mut inner.state, State::Closed) {
            State::Closed | State::Failed => {}
            State::Listening(listener) => {
                drop(inner);
                listener.into_iter().for_each(|connection| connection.abort(now));
                self.waiters.wake(Events::IN | Events::HUP);
            }
            State::Connecting(connecting) => {
                let timer = inner.timer.take();
                drop(inner);
                self.leave(connecting.flow(), timer, now);
            }
            State::Open(connection) => {
                inner.state = State::Open(connection);
                drop(inner);
                self.close_connection(now);
            }
        }
        self.stack.finish(now);
    }

    /// Takes the socket out of the stack's tables.
    fn leave(&self, flow: crate::flow::FlowKey, timer: Option<Instant>, now: Instant) {
        if let Some(timer) = timer {
            self.stack.clear_timer(timer, self.id);
        }
        self.stack.flows.remove(&flow, self.id, None, now);
    }

    fn close_connection(self: &Arc<Self>, now: Instant) {
        let mut inner = self.inner.lock();
        let is_hasty = inner.options.linger == Some(core::time::Duration::ZERO);
        let State::Open(connection) = &mut inner.state else { return };
        if connection.is_over {
            connection.drop_engine(&self.stack);
            return;
        }
        if is_hasty || connection.unread() > 0 {
            drop(inner);
            self.abort(now);
            return;
        }
        self.end_sending(&mut inner, now);
    }

    /// Returns whether the peer has yet to acknowledge what was sent before the socket was closed.
    pub(crate) fn is_lingering(&self) -> bool {
        let inner = self.inner.lock();
        let State::Open(connection) = &inner.state else { return false };
        inner.is_orphan
            && matches!(connection.phase(), Phase::FinWait1 | Phase::Closing | Phase::LastAck)
    }

    /// Resets the connection, if there is one.
    fn abort(self: &Arc<Self>, now: Instant) {
        let mut inner = self.inner.lock();
        inner.is_orphan = true;
        self.reset(&mut inner, now);
        self.end(&mut inner, None, now);
    }

    /// Shuts down reading, writing or both; see `shutdown(2)`.
    ///
    /// # Errors
    /// `ENOTCONN` if there is no connection.
    pub(crate) fn shutdown(self: &Arc<Self>, read: bool, write: bool, now: Instant) -> Result<()> {
        let mut inner = self.inner.lock();
        match &mut inner.state {
            State::Closed | State::Failed => return Err(Errno::ENOTCONN),
            State::Listening(_) if read => {
                drop(inner);
                self.unlisten(now);
                return Ok(());
            }
            State::Listening(_) => return Ok(()),
            State::Connecting(connecting) => {
                // Linux's `tcp_disconnect` and then ENOTCONN on every operation.
                let flow = connecting.flow();
                let timer = inner.timer.take();
                inner.state = State::Closed;
                inner.error = Some(Errno::ECONNRESET);
                drop(inner);
                self.leave(flow, timer, now);
                self.waiters.wake(Events::all());
                return Ok(());
            }
            State::Open(connection) if connection.is_over => return Err(Errno::ENOTCONN),
            State::Open(connection) => connection.is_read_shut |= read,
        }
        if write {
            self.end_sending(&mut inner, now);
        }
        drop(inner);
        self.waiters.wake(Events::all());
        self.stack.finish(now);
        Ok(())
    }
}

/// Returns whether a connection in this phase can still carry bytes from here.
const fn may_send(phase: Phase) -> bool {
    matches!(phase, Phase::Established | Phase::CloseWait)
}
